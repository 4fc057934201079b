"""The committed contract, as every test that looks into it reads it."""

from pathlib import Path
from typing import Any

import yaml

COMMITTED = Path(__file__).parents[1].joinpath("openapi.yaml").read_text()
# The reader that is written in C, where there is one: the other takes seconds.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SPEC: dict[str, Any] = yaml.load(COMMITTED, _LOADER)

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.server import serving

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", "schemathesis.cli", "run")


def test_nothing_outside_the_contract_is_found_on_a_real_server(tmp_path):
    with serving(tmp_path / "data") as address:
        found = subprocess.run(
            [*COMMAND, "openapi.yaml", "--url", address, "--no-color"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert found.returncode == 0, found.stdout + found.stderr
    count = len(yaml.safe_load(ROOT.joinpath("openapi.yaml").read_text())["paths"])
    assert f"Tested: {count}" in found.stdout

"""The founding data: what the record holds from its first start."""

from importlib.resources import files
from pathlib import Path

# In the order in which the facts rest on each other.
NAMES = (
    "bodies",
    "forces",
    "soc_regions",
    "programmes",
    "questions",
    "core_questions",
    "grade_scales",
    "soc_grades",
    "peel_grades",
    "peel_grade_counts",
)


def founding_files() -> list[Path]:
    """Return the paths of the founding files, in the order of their import."""
    folder = files(__name__)
    return [Path(str(folder.joinpath(f"{name}.csv"))) for name in NAMES]

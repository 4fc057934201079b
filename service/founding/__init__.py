"""The founding data: what the record holds from its first start."""

from importlib.resources import files
from pathlib import Path

STORY = "story-west-mercia"
# In the order in which the facts rest on each other.
NAMES = (
    "bodies",
    "forces",
    "soc_regions",
    "programmes",
    "questions",
    STORY,
    "core_questions",
    "grade_scales",
    "soc_grades",
    "peel_grades",
    "peel_grade_counts",
    "inspections",
    "publication_lags",
    "terms",
    "pcc_winners_partial",
    "engage_periods",
    "engage_periods_second_sources",
    "findings",
    "recommendation_events",
    "statements",
    "s55_responses",
    "sessions",
    "plan_events",
    "commitments",
)


def founding_files() -> list[Path]:
    """Return the paths of the founding files, in the order of their import."""
    folder = files(__name__)
    names = [f"{name}.jsonl" if name == STORY else f"{name}.csv" for name in NAMES]
    return [Path(str(folder.joinpath(name))) for name in names]


def order_of(path: Path) -> tuple[int, str]:
    """Return what sorts the files of a folder as facts rest on facts."""
    stem = STORY if path.stem.startswith("story-") else path.stem
    return NAMES.index(stem) if stem in NAMES else len(NAMES), path.name

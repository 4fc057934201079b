"""Lists of the API that cannot be imported back, and why: the record makes each."""

from collections.abc import Iterable

_UNREAD = {
    ("from_rating", "to_rating"): "Changes of grades follow from the ratings: "
    "edit /v1/ratings.csv.",
    ("areas_held", "areas_stated"): "The coverage follows from ratings and gaps: edit "
    "/v1/ratings.csv or /v1/gaps.csv.",
    ("due_from", "due_to"): "The duties to respond follow from reports and statements: "
    "edit /v1/statements.csv.",
    ("leaf_hash", "stream"): "Events never change: edit the list of their noun.",
    ("sentence", "thing"): "What was recorded, and when, never changes: edit the list "
    "of the noun.",
    ("target_stream", "erasure"): "Redactions are final: `copperplate redact` makes "
    "them.",
    ("question", "concept", "aliases"): "This list does not say of which programme the "
    "questions are: use the shape `questions`.",
    ("digest", "code_version"): "Digests are made by the record.",
    ("body_ons", "overseen_by"): "The matrix follows from the ratings: edit "
    "/v1/ratings.csv.",
}


def why_unread(columns: Iterable[str]) -> str | None:
    """Return why a list with these columns cannot be imported, None if it is none."""
    present = set(columns)
    return next((why for has, why in _UNREAD.items() if present.issuperset(has)), None)

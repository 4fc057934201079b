"""What Schemathesis must know: dates, and which 400 a well-formed request may meet."""

import json
from datetime import date

import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

# These depend on more than one parameter, on the clock, or on the log.
ALLOWED = {
    "conflicting-time-parameters",
    "position-beyond-head",
    "known-at-in-future",
    "invalid-cursor",
    "cursor-mismatch",
    "incomparable-scales",
}
DAYS = st.dates(
    min_value=date(1800, 1, 1),
    max_value=date(2199, 12, 31),
).map(str)

schemathesis.openapi.format("date", DAYS)
schemathesis.openapi.format(
    "reduced-date", DAYS.flatmap(lambda day: st.sampled_from([day, day[:7], day[:4]]))
)
schemathesis.openapi.format("date-time", DAYS.map(lambda day: f"{day}T12:00:00Z"))


@schemathesis.check
def accepts_what_is_well_formed(ctx, response, case):
    """Let no well-formed request be refused, but for what no schema can say."""
    if response.status_code == 400 and slug(response) in ALLOWED:
        return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Take conflicts out of well-formed requests, so that most reach a query."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    query = case.query
    if "at_position" in query:
        query.pop("known_at", None)
        if str(query["at_position"]).isdigit():
            query["at_position"] = int(query["at_position"]) % 900
    if "as_of" in query:
        query.pop("current", None)
    query.pop("cursor", None)
    query.pop("size", None)  # At least the position, which the schema cannot say.
    if "from" in query and "to" in query:
        query["to"] = query["from"]


def slug(response):
    """Return which problem an answer tells of."""
    return json.loads(response.content)["type"].rpartition("/")[2]

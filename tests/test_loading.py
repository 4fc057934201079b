"""What is loaded plainly is what the schema loads, and nothing that it refuses."""

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas.catalogue import DATA_SCHEMAS
from schemas.signing import signable
from service.api.recording import ROUTES
from service.domain.base import encode, type_of
from service.http.loading import load
from tests.examples import HISTORIES
from tests.recording import request_for

EVENTS = [event for _, *events in HISTORIES.values() for event in events]
SENT = {route.event for route in ROUTES}
ODD = (
    None,
    "",
    "x",
    "2024",
    "2024-13",
    "no id!",
    "a\0b",
    "\ud800",
    1,
    1.5,
    True,
    [],
    {},
)


def loaded(schema, data):
    try:
        return schema.load(dict(data))
    except ValidationError:
        return None


@given(
    st.sampled_from(EVENTS),
    st.dictionaries(st.integers(0, 20), st.sampled_from(ODD), max_size=2),
    st.booleans(),
)
def test_what_is_loaded_plainly_is_what_the_schema_loads(event, odd, has_more):
    data, words = encode(event)
    schema = DATA_SCHEMAS[type_of(event)]()
    given = {**data, **{name: words.get(name) for name in event.sealed}}
    names = sorted(given)
    given |= {names[at]: value for at, value in odd.items() if at < len(names)}
    given |= {"more": 1} if has_more else {}
    # Twice, since the second time what is the same is not checked again.
    for _ in range(2):
        assert schema.load_plainly(given) == loaded(schema, given)


@given(st.sampled_from(EVENTS), st.sets(st.integers(0, 20)))
def test_what_is_left_out_is_filled_in_as_the_schema_does(event, left_out):
    data, _ = encode(event)
    schema = DATA_SCHEMAS[type_of(event)]()
    given = {k: v for at, (k, v) in enumerate(data.items()) if at not in left_out}
    assert schema.load_plainly(given) == loaded(schema, given)


@given(
    st.sampled_from([each for each in EVENTS if type_of(each) in SENT]),
    st.dictionaries(st.integers(0, 20), st.sampled_from(ODD), max_size=2),
)
def test_what_is_sent_is_loaded_as_its_schema_does(event, changes):
    [route] = [each for each in ROUTES if each.event == type_of(event)]
    schema = signable(route.request)()
    body = request_for(event)
    names = [*schema.fields, "unknown"]
    body |= {names[each % len(names)]: odd for each, odd in changes.items()}
    faults = []
    assert load(schema, body, faults) == (loaded(schema, body) or {})
    assert bool(faults) == (loaded(schema, body) is None)

"""The desk: names of new things, references, corrections, and races."""

from dataclasses import replace

import pytest
from marshmallow import ValidationError

from schemas.catalogue import DATA_SCHEMAS
from schemas.requests import UNSOURCED, new_id, request_of
from service.commands import COMMANDS
from service.corrections import RestatementError
from service.desk import Desk, StaleVersionError, UnknownReferenceError
from service.domain.ratings import Rating
from service.domain.statements import Statement
from service.log.errors import ConflictError
from service.log.leaf import _UNSOURCED
from service.naming import NoIdError
from tests.examples import (
    AWARDED,
    DECLARED,
    ENTERED,
    HISTORIES,
    MET,
    PLEDGED,
    PUBLISHED,
    RAISED,
    RATING,
    SAID,
    STARTED,
    STATEMENT,
    breaks,
)
from tests.recording import ORDER, all_nouns, prepare, prepared, request_for
from tests.records import SmallRecord, small

__all__ = ["all_nouns", "prepared", "small"]

WHY = {"reason": "entry-error", "asked_by": "editor", "reason_text": None}


def desk(record: SmallRecord, **more):
    return Desk(record.record, "ed-abcd2345", **more)


def put(record, event, id=None, **changes):
    """Record an event like this one; return the id of its thing."""
    said = request_of(event.type)().load({**request_for(event), **changes})
    return desk(record).put(event.type, id, **said).id


@pytest.mark.parametrize("noun", HISTORIES)
def test_every_event_is_recorded_from_what_is_sent(small, noun):
    prepare(small, noun)
    thing, *events = HISTORIES[noun]
    for event in events:
        assert put(small, event, thing.id) == thing.id
        [recorded] = small.record.store.read(after=small.record.store.size() - 1)
        assert (recorded.type, recorded.data) == (event.type, event.data)
        assert recorded.opened == {**event.words, "source_titles": ["A notice"]}
        assert recorded.change == "new"


@pytest.mark.parametrize(
    "event, changes, id",
    [
        (RAISED, {}, "peel-2023-25.west-mercia.c2"),
        (RAISED, {"kind": "recommendation"}, "peel-2023-25.west-mercia.r1"),
        (RAISED, {"inspection": None, "outside_id": "8929"}, "hmicfrs.8929"),
        (SAID, {}, "pcc-west-mercia.2024-07-09.2"),
        (SAID, {"dated_on": None}, "pcc-west-mercia.2024-07.1"),
        (
            SAID,
            {"dated_on": None, "published_on": "2023/2024"},
            "pcc-west-mercia.2023.1",
        ),
        (
            SAID,
            {"dated_on": None, "published_on": None},
            "pcc-west-mercia.undated.1",
        ),
        (PLEDGED, {}, "pcc-west-mercia.2024-05.2"),
        (MET, {}, "west-mercia.2024-07-16.2"),
        (ENTERED, {}, "west-mercia.engage.2"),
        (STARTED, {"started_on": "2025"}, "pcc-west-mercia.commissioner.2025"),
        (
            STARTED,
            {"started_on": None, "elected_on": None},
            "pcc-west-mercia.commissioner.undated",
        ),
        (
            PUBLISHED,
            {"programme": "peel-2021-22"},
            "peel-2021-22.west-mercia",
        ),
        (
            PUBLISHED,
            {"programme": None, "kind": "custody"},
            "custody.west-mercia.2024",
        ),
        (
            PUBLISHED,
            {"programme": None, "kind": "thematic", "subjects": []},
            "thematic.national.2024",
        ),
    ],
)
def test_a_new_thing_has_the_id_that_the_rules_of_the_record_give(
    all_nouns, event, changes, id
):
    twins = {f"{k}_basis": None for k in changes if f"{k}_basis" in event.data}
    assert put(all_nouns, event, None, **twins, **changes) == id


def test_a_gap_has_a_random_part(all_nouns):
    one, other = put(all_nouns, DECLARED), put(all_nouns, DECLARED)
    assert one != other and len(one) == len(other) == len("source-gap.abcd2345")


def test_what_is_recorded_anew_after_a_retraction_has_a_new_id(all_nouns):
    with breaks("already-recorded"):
        put(all_nouns, AWARDED)
    desk(all_nouns).tell(Rating, RATING.id, "retract", retracts=None, **WHY)
    assert put(all_nouns, AWARDED) == f"{RATING.id}.2"
    desk(all_nouns).tell(Rating, f"{RATING.id}.2", "retract", retracts=None, **WHY)
    assert put(all_nouns, AWARDED) == f"{RATING.id}.3"


@pytest.mark.parametrize(
    "event, id, changes, says",
    [
        (PUBLISHED, None, {"subjects": ["hmicfrs", "west-mercia"]}, "several subjects"),
        (RAISED, None, {"inspection": None}, "no outside id"),
        (RAISED, None, {"inspection": None, "outside_id": "A B"}, "not be an id"),
        (MET, None, {"bodies": ["hmicfrs", "west-mercia"]}, "one body"),
        (SAID, "west-mercia.1", {}, "begins with pcc-west-mercia and a dot"),
    ],
)
def test_an_id_that_does_not_follow_or_fit_is_asked_for(
    all_nouns, event, id, changes, says
):
    with pytest.raises(NoIdError, match=says):
        put(all_nouns, event, id, **changes)


def test_all_that_is_named_and_not_on_record_is_told_with_its_place(all_nouns):
    desk(all_nouns).tell(Statement, STATEMENT.id, "retract", retracts=None, **WHY)
    with pytest.raises(UnknownReferenceError) as caught:
        put(
            all_nouns,
            SAID,
            body="kent",
            term="a.b",
            about=["body-kent", "house-a", STATEMENT.stream],
            responds_to=["inspection-x"],
        )
    assert caught.value.faults == [
        ("/body", "No body kent is on record."),
        ("/term", "No term a.b is on record."),
        ("/about/0", "No body kent is on record."),
        ("/about/1", caught.value.faults[3][1]),
        ("/about/2", f"The statement {STATEMENT.id} was retracted."),
        ("/responds_to/0", "No inspection x is on record."),
    ]
    assert "house is no noun" in caught.value.faults[3][1]


def correct(record, data, corrects=1, kind=Rating, id=RATING.id, **more):
    return desk(record, **more).correct(kind, id, corrects=corrects, data=data, **WHY)


def test_a_correction_may_say_only_what_differs(all_nouns):
    recorded = correct(all_nouns, {"grade": "good"})
    assert recorded.data["data"] == AWARDED.data | {"grade": "good"}
    assert (recorded.data["sealed_fields"], recorded.change) == ([], "correction")


def test_a_correction_may_say_the_whole_and_words_that_stand_are_not_sealed_again(
    all_nouns,
):
    whole = {k: v for k, v in request_for(SAID).items() if k != "sources"}
    said = {"kind": Statement, "id": STATEMENT.id}
    recorded = correct(all_nouns, whole | {"kind": "letter"}, **said)
    assert recorded.data["data"] == SAID.data | {"kind": "letter"}
    assert (recorded.data["sealed_fields"], recorded.opened) == ([], {})
    again = correct(all_nouns, {"text": "Other words.", "speaker": None}, **said)
    assert again.data["sealed_fields"] == ["speaker", "text"]
    assert again.opened == {"text": "Other words."}
    with breaks("nothing-corrected"):
        correct(all_nouns, {"text": "Other words.", "speaker": None}, **said)


def test_a_date_that_is_corrected_takes_its_basis_along(all_nouns):
    said = {"kind": Statement, "id": STATEMENT.id}
    dated = correct(all_nouns, {"dated_on": "2024-07-10"}, **said).data["data"]
    assert (dated["dated_on"], dated["dated_on_basis"]) == ("2024-07-10", "stated")
    undated = correct(all_nouns, {"dated_on": None}, **said).data["data"]
    assert (undated["dated_on"], undated["dated_on_basis"]) == (None, None)


def test_a_correction_that_changes_nothing_is_refused(all_nouns):
    for data in ({"grade": "inadequate"}, AWARDED.data):
        with breaks("nothing-corrected", "says all of this already"):
            correct(all_nouns, data)


@pytest.mark.parametrize(
    "data, at",
    [
        ({"grade": 3}, "grade"),
        ({"colour": "red"}, "colour"),
        ({"published_on": "May"}, "published_on"),
        ({"sources": []}, "sources"),
    ],
)
def test_a_correction_of_the_wrong_form_is_refused(all_nouns, data, at):
    with pytest.raises(RestatementError) as caught:
        correct(all_nouns, data)
    assert list(caught.value.schema.validate(caught.value.data)) == [at]


def test_a_correction_names_what_it_newly_refers_to(all_nouns):
    with pytest.raises(UnknownReferenceError, match="/data/carried_from"):
        correct(all_nouns, {"basis": "carried-forward", "carried_from": "a.b"})


def test_a_version_that_is_no_longer_that_of_the_thing_is_refused(all_nouns):
    assert correct(all_nouns, {"grade": "good"}, expected=1).version == 2
    with pytest.raises(StaleVersionError, match="is at version 2"):
        correct(all_nouns, {"grade": "adequate"}, expected=1)
    assert correct(all_nouns, {"grade": "adequate"}, expected=2).version == 3


class Racing(SmallRecord):
    """A record in which somebody else is faster, once, at what is told."""

    def __init__(self, other, meanwhile):
        self.record = replace(other.record)
        append = self.record.store.append_each
        waiting = [meanwhile]

        def late(*args, **kwargs):
            while waiting:
                waiting.pop()()
            return append(*args, **kwargs)

        store = Proxy(self.record.store, late)
        object.__setattr__(self.record, "store", store)


class Proxy:
    def __init__(self, store, append_each):
        self._store, self.append_each = store, append_each

    def __getattr__(self, name):
        return getattr(self._store, name)


def test_a_lost_race_for_the_thing_itself_is_a_conflict(all_nouns):
    racing = Racing(all_nouns, lambda: correct(all_nouns, {"grade": "good"}))
    with pytest.raises(ConflictError):
        correct(racing, {"grade": "adequate"})
    assert all_nouns.record.load(Rating, RATING.id).version == 2


def test_a_change_of_what_is_referred_to_is_looked_at_again(all_nouns):
    racing = Racing(all_nouns, lambda: all_nouns.rename("pcc-west-mercia", "Other"))
    assert put(racing, SAID) == "pcc-west-mercia.2024-07-09.2"
    gone = Racing(all_nouns, lambda: all_nouns.retract("pcc-west-mercia"))
    with pytest.raises(UnknownReferenceError, match="was retracted"):
        put(gone, PLEDGED)


def test_two_new_things_at_once_have_two_ids(all_nouns):
    racing = Racing(all_nouns, lambda: put(all_nouns, SAID))
    assert put(racing, SAID) == "pcc-west-mercia.2024-07-09.3"


def test_the_same_key_records_once(all_nouns):
    first = correct(all_nouns, {"grade": "good"}, idempotency=("a", b"1"))
    again = correct(all_nouns, {"grade": "good"}, idempotency=("a", b"1"))
    assert first.position == again.position


def test_types_that_need_no_source_are_those_of_the_leaf():
    assert {each for each in COMMANDS if _UNSOURCED.fullmatch(each)} == UNSOURCED


@pytest.mark.parametrize("type", sorted(COMMANDS))
def test_a_request_has_the_members_of_its_event_and_sources(type):
    request = request_of(type, new_id(is_required=False, description="An id."))
    data = list(DATA_SCHEMAS[type]().fields)
    assert list(request().fields) == [*data, "id", "sources"]


@pytest.mark.parametrize(
    "id", ["matrix", "lookup", "a.json", "json", "a.b.csv", "A", "", "a..b", "a" * 121]
)
def test_an_id_that_would_be_an_address_or_a_file_is_refused(id):
    request = request_of("plan.opened", new_id(is_required=True, description="An id."))
    sent = {**request_for(HISTORIES["plan"][1]), "id": id}
    with pytest.raises(ValidationError) as caught:
        request().load(sent)
    assert list(caught.value.messages_dict) == ["id"]


def test_every_noun_has_its_place_in_the_order():
    assert set(ORDER) == set(HISTORIES)

"""What holds for things of every noun: correcting, retracting, disputing, sourcing."""

import random
from contextlib import suppress

import pytest

from schemas import dates
from schemas.catalogue import DATA_SCHEMAS
from service.domain.base import EVENT_TYPES, RuleBrokenError, decode, encode, type_of
from service.domain.catalogue import NOUNS
from service.log import leaf
from service.log.drafts import prepare
from service.record import draft_of
from tests.examples import FINAL, HISTORIES, OF_THE_LOG, SOURCE, breaks, given, peel

WHY = {"reason": "entry-error", "asked_by": "editor"}
FINER = {**SOURCE, "url": "https://example.org/finer"}
# For every noun a member of its first event that may be corrected, and two values.
MEMBERS = {
    "body": ("name", "West Mercia", "Mercia"),
    "programme": ("title", "PEEL 2023 to 2025", "PEEL"),
    "inspection": ("title", "West Mercia", "Mercia"),
    "rating": ("grade", "good", "adequate"),
    "term": ("party", "Labour", "Independent"),
    "statement": ("kind", "letter", "interview"),
    "plan": ("opened_on", "2023-12", "2023"),
    "commitment": ("kind", "service", "action"),
    "session": ("convened_by", "panel-west-mercia", "mopac"),
    "finding": ("kind", "recommendation", "area-for-improvement"),
    "monitoring": ("entered_on", "2022-06-01", "2022-06-20"),
    "gap": ("since", "2024-06-02", "2024-05"),
}
FIXED = {"programme": (2, "question"), "inspection": (1, "programme")}
FIXED |= {"rating": (1, "inspection"), "term": (1, "office"), "plan": (2, "action")}
FIXED |= {"statement": (1, "body"), "commitment": (1, "body"), "gap": (1, "kind")}
FIXED |= {"finding": (1, "inspection"), "monitoring": (1, "body")}

each_noun = pytest.mark.parametrize("noun", HISTORIES)


def history(noun):
    return given(*HISTORIES[noun])


def first(thing):
    return thing.facts[1].event


def context(noun):
    return {"programme": peel()} if noun == "rating" else {}


def restated(noun, value=1):
    """Return the data of the first event of a noun with one member changed."""
    member, *values = MEMBERS[noun]
    return first(history(noun)).data | {member: values[value - 1]}


def correct(thing, value=1, **more):
    data = restated(thing.noun, value)
    members = {"corrects": 1, "data": data, **WHY, **context(thing.noun), **more}
    return thing.correct(**members)


def dispute(thing, value=2, **more):
    data = restated(thing.noun, value)
    return thing.dispute(disputes=1, data=data, **context(thing.noun), **more)


def retracted(thing):
    return thing.evolve(thing.retract(**WHY))


def test_every_noun_has_an_example_of_each_of_its_events():
    shown = {type_of(e) for _, *events in HISTORIES.values() for e in events}
    assert shown == set(EVENT_TYPES) - {*FINAL, *OF_THE_LOG}
    assert set(HISTORIES) == set(NOUNS)


@each_noun
def test_a_correction_takes_the_place_of_the_original(noun):
    thing = history(noun)
    event = correct(thing)
    assert (event.corrects, event.data_) == (1, restated(noun))
    assert first(thing.evolve(event)).data == restated(noun)


@each_noun
def test_the_latest_correction_wins_and_names_the_original(noun):
    thing = history(noun)
    once = thing.evolve(correct(thing))
    assert first(once.evolve(correct(once, 2))).data == restated(noun, 2)
    with breaks("no-such-event"):
        correct(once, 2, corrects=once.version)


@each_noun
def test_a_correction_keeps_the_sources_and_adds_its_own(noun):
    thing = history(noun)
    after = thing.evolve(correct(thing, sources=[FINER]))
    assert list(first(after).sources) == [FINER, *first(thing).sources]


@each_noun
def test_a_correction_names_the_words_it_states_anew(noun):
    words = {"note": "Better", "other": None}
    event = correct(history(noun), words=words)
    assert event.sealed_fields == ["note", "other"]
    assert encode(event)[1] == {"note": "Better"}


@pytest.mark.parametrize("noun", FIXED)
def test_what_is_part_of_the_id_is_not_corrected(noun):
    version, member = FIXED[noun]
    thing = history(noun)
    moved = thing.facts[version].event.data | {member: "another"}
    more = {} if noun != "rating" else {"programme": peel()}
    with breaks("part-of-the-id", member):
        thing.correct(corrects=version, data=moved, **WHY, **more)
    with breaks("part-of-the-id", member):
        thing.dispute(disputes=version, data=moved, **more)


@each_noun
def test_nothing_is_corrected_that_is_not_on_record(noun):
    empty = HISTORIES[noun][0]
    with breaks("not-on-record"):
        correct(empty)
    with breaks("not-on-record"):
        empty.retract(**WHY)


@each_noun
def test_the_whole_thing_is_retracted(noun):
    thing = history(noun)
    event = thing.retract(**WHY)
    assert event.retracts is None
    assert not thing.evolve(event).exists


@each_noun
def test_a_retracted_thing_takes_no_more_events(noun):
    thing = retracted(history(noun))
    for command in (correct, dispute, retracted):
        with breaks("is-retracted"):
            command(thing)
    with breaks("is-retracted"):
        thing.add_source(adds_to=1, sources=[SOURCE])


@pytest.mark.parametrize("noun", [n for n in HISTORIES if len(HISTORIES[n]) > 2])
def test_one_event_is_retracted(noun):
    thing = history(noun)
    event = thing.retract(retracts=thing.version, **WHY)
    after = thing.evolve(event)
    assert after.exists and after.facts[thing.version].is_retracted
    with breaks("is-retracted"):
        after.retract(retracts=thing.version, **WHY)


@each_noun
def test_the_first_event_is_retracted_with_the_whole_thing(noun):
    with breaks("retract-the-whole"):
        history(noun).retract(retracts=1, **WHY)


@each_noun
def test_both_sides_of_a_dispute_stand(noun):
    thing = history(noun)
    event = dispute(thing, sources=[FINER])
    after = thing.evolve(event)
    assert first(after) == first(thing)
    [other] = after.facts[1].disputes.values()
    assert (other.data, other.sources) == (restated(noun, 2), [FINER])


@each_noun
def test_the_same_data_disputes_nothing(noun):
    thing = history(noun)
    with breaks("nothing-disputed"):
        thing.dispute(disputes=1, data=first(thing).data, **context(noun))


@each_noun
@pytest.mark.parametrize("does_win", [True, False])
def test_the_side_that_prevails_takes_the_place_of_the_original(noun, does_win):
    thing = history(noun)
    disputed = thing.evolve(dispute(thing, sources=[FINER]))
    prevails = disputed.version if does_win else 1
    event = disputed.settle_dispute(
        settles=disputed.version, prevails=prevails, reason="better-source"
    )
    after = disputed.evolve(event)
    assert first(after).data == (restated(noun, 2) if does_win else first(thing).data)
    assert not after.facts[1].disputes
    with breaks("no-such-dispute"):
        after.settle_dispute(settles=disputed.version, prevails=1, reason="other")


@each_noun
def test_only_a_side_of_the_dispute_prevails(noun):
    thing = history(noun)
    disputed = thing.evolve(dispute(thing))
    with breaks("not-a-side"):
        disputed.settle_dispute(
            settles=disputed.version, prevails=disputed.version + 1, reason="other"
        )


@each_noun
def test_a_source_is_added_to_an_original(noun):
    thing = history(noun)
    event = thing.add_source(adds_to=1, sources=[FINER])
    assert list(first(thing.evolve(event)).sources) == [*first(thing).sources, FINER]
    with breaks("no-such-event"):
        thing.evolve(event).add_source(adds_to=thing.version + 1, sources=[FINER])


def generic_events(thing):
    """Return one event of each generic type, in an order in which they may happen."""
    yield (corrected := correct(thing, sources=[SOURCE], words={"note": "Right"}))
    thing = thing.evolve(corrected)
    yield (disputed := dispute(thing, sources=[SOURCE]))
    thing = thing.evolve(disputed)
    yield thing.settle_dispute(settles=thing.version, prevails=1, reason="other")
    yield thing.add_source(adds_to=1, sources=[FINER])
    yield thing.retract(reason_text="Not so", **WHY)


def every_event(noun):
    thing = HISTORIES[noun][0]
    for event in (*HISTORIES[noun][1:], *generic_events(history(noun))):
        yield thing, event
        thing = thing.evolve(event)


@each_noun
def test_every_event_goes_through_the_leaf_and_back(noun):
    for thing, event in every_event(noun):
        sourced = decode(type_of(event), encode(event)[0], event.sources or [SOURCE])
        [prepared] = prepare([draft_of(thing, sourced, by="system")])
        stored = leaf.encode(prepared.leaf)
        found = leaf.decode(stored)
        assert decode(found["type"], found["data"], found["sources"]) == sourced


@each_noun
def test_every_leaf_has_all_plain_members_and_no_sealed_one(noun):
    for thing, event in every_event(noun):
        data = draft_of(thing, event, by="system").data
        assert list(data) == [name.rstrip("_") for name in event.plain_members()]
        assert not {*event.sealed, "sources"} & set(data)


@pytest.mark.parametrize("type", sorted({*DATA_SCHEMAS} - {*FINAL, *OF_THE_LOG}))
def test_every_world_date_has_a_twin_that_is_null_with_it(type):
    [example] = [
        e for _, *events in HISTORIES.values() for e in events if type_of(e) == type
    ]
    members = [m for m in EVENT_TYPES[type].plain_members() if dates.is_world_date(m)]
    twins = [f"{member}_basis" for member in members]
    stated = example.data | dict.fromkeys(members, "2024") | dict.fromkeys(twins)
    loaded = DATA_SCHEMAS[type]().load(stated)
    assert [loaded[twin] for twin in twins] == ["stated"] * len(twins)
    unknown = DATA_SCHEMAS[type]().load(stated | dict.fromkeys(members))
    assert [unknown[twin] for twin in twins] == [None] * len(twins)


@each_noun
@pytest.mark.parametrize("seed", range(20))
def test_no_history_that_the_rules_allow_makes_evolve_fail(noun, seed):
    choice, thing, happened = random.Random(seed), history(noun), 0
    for _ in range(60):
        with suppress(RuleBrokenError):
            thing = thing.evolve(any_event(choice, thing))
            happened += 1
    assert thing.version == len(HISTORIES[noun]) - 1 + happened > 4


def any_event(choice, thing):
    """Return some event that may happen next, or break a rule."""
    some = choice.randint(1, thing.version)
    commands = (
        lambda: correct(thing, choice.choice([1, 2])),
        lambda: dispute(thing, choice.choice([1, 2])),
        lambda: thing.settle_dispute(
            settles=some, prevails=choice.choice([1, some]), reason="other"
        ),
        lambda: thing.add_source(adds_to=some, sources=[SOURCE]),
        lambda: thing.retract(retracts=some, **WHY),
    )
    return choice.choice(commands)()

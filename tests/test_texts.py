"""Texts: what can be found stands as long as what says it, and no longer."""

import itertools

import pytest
from sqlalchemy import select

from projections import texts as kept
from projections.facts import fold
from projections.read_model import Memory
from projections.spellings import spellings_of
from schemas.tokens import folded
from tests.examples import HISTORIES
from tests.test_replay import at_once, in_memory
from tests.test_replay_every_noun import history

texts = kept.texts


def stored(model):
    with model.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(texts)).mappings()]


def stood(rows, position):
    """Return the texts that stood at a position, as words of members of facts."""
    return sorted(
        (row["version"], row["member"], row["folded"])
        for row in rows
        if row["position_from"] <= position
        and (row["position_to"] is None or row["position_to"] > position)
    )


def said(events):
    """Return the same, worked out from the events alone."""
    thing = fold(events)
    if thing.is_retracted:
        return []
    words = {
        commitment: event.opened[name]
        for event in events
        for name, commitment in event.sealed.items()
    }
    found = []
    for number, fact in enumerate(thing.facts.values()):
        if fact.is_retracted:
            continue
        found += [
            (fact.version, name, words[commitment])
            for name, commitment in fact.sealed.items()
            if name not in kept.UNSEARCHED
        ]
        found += [
            (fact.version, name, fact.data[name])
            for name in kept.NOUNS[events[0].noun]
            if fact.data.get(name)
        ]
        if number == 0:
            spellings = spellings_of(events[0].noun, thing.id)
            found += [(fact.version, "spelling", each) for each in spellings]
    return sorted(
        (version, name, folded(value))
        for version, name, value in found
        if isinstance(value, str)
    )


@pytest.mark.parametrize("noun", HISTORIES)
@pytest.mark.parametrize("seed", range(3))
def test_at_every_position_those_texts_stand_that_the_facts_say(noun, seed):
    events = history(noun, seed)
    with in_memory() as live, in_memory() as whole:
        for event in events:
            live.apply([event])
            live._memory = Memory()  # As another process, which knows only the tables.
        at_once(whole, events)
        rows = stored(live)
        assert rows == stored(whole)
    assert all(row["folded"] for row in rows)
    for position in range(1, len(events) + 1):
        assert stood(rows, position) == said(events[:position])


def test_each_noun_that_has_words_is_searched():
    assert set(HISTORIES) == set(kept.NOUNS)


def test_the_histories_that_are_tried_take_something_back():
    changed = [
        (noun, seed)
        for noun, seed in itertools.product(HISTORIES, range(3))
        if any(e.type.endswith(".retracted") for e in history(noun, seed))
    ]
    assert changed, "the histories above take something back"

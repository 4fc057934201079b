"""The table of commands: every event has one, and it brings that event about."""

import pytest

from service.commands import COMMANDS, bring_about, context_of, kind_of
from service.domain.base import EVENT_TYPES
from service.domain.catalogue import NOUNS
from tests.examples import HISTORIES, breaks, given, peel

SINGLE = {"field.redacted"}


class Held:
    """What a command may look up: the things of the examples."""

    def __call__(self, kind, id):
        whole = {noun: given(*history) for noun, history in HISTORIES.items()}
        things = {(each.noun, each.id): each for each in whole.values()}
        things["programme", "peel-2023-25"] = peel()
        return things.get((kind.noun, id), kind(id))


def test_every_event_of_a_noun_has_a_command():
    of_nouns = {each for each in EVENT_TYPES if each.partition(".")[0] in NOUNS}
    assert set(COMMANDS) == of_nouns - SINGLE


@pytest.mark.parametrize("noun", HISTORIES)
def test_the_command_of_an_event_brings_it_about_again(noun):
    thing, *events = HISTORIES[noun]
    for event in events:
        words = {name: getattr(event, name) for name in event.sealed}
        assert kind_of(event.type) is type(thing)
        assert bring_about(Held(), event.type, thing, event.data | words) == event
        thing = thing.evolve(event)


def test_totals_rest_on_a_programme():
    inspection, to_come, _, _, totals = HISTORIES["inspection"]
    alone = given(inspection, to_come)
    with breaks("no-programme"):
        bring_about(lambda kind, id: alone, totals.type, alone, totals.data)


def test_a_correction_of_a_rating_rests_on_its_programme_and_no_other_does():
    for noun, (_, event, *_) in HISTORIES.items():
        needs = context_of(Held(), event.type, event.data)
        assert list(needs) == (["programme"] if noun == "rating" else [])

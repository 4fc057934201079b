"""Things of every noun, replayed: by any path the same rows, and no trace of later."""

from contextlib import suppress
from random import Random

import pytest

from projections.findings import get_finding
from projections.read_model import Memory
from schemas import dates
from service.domain.base import RuleBrokenError
from service.domain.findings import Finding
from tests.examples import HISTORIES
from tests.graded import TODAY, read
from tests.histories import DATES, Book, recorded
from tests.test_every_noun import any_event
from tests.test_replay import EDGES, all_digests, at_once, digests, in_memory
from tests.told import Record


def history(noun: str, seed: int):
    """Return the example of a noun, and what the rules allow after it."""
    book = Book(Random(seed), ())
    empty, *events = HISTORIES[noun]
    for event in events:
        book.put(book.find(lambda _: empty, empty.id), event)
    for _ in range(20):
        thing = book.find(lambda _: empty, empty.id)
        with suppress(RuleBrokenError):
            book.put(thing, any_event(book.random, thing))
    return recorded(book.drafts)


@pytest.mark.parametrize("noun", HISTORIES)
@pytest.mark.parametrize("seed", range(3))
def test_every_path_leads_to_the_same_rows_at_every_position(noun, seed):
    events = history(noun, seed)
    with in_memory() as live, in_memory() as whole:
        then = []
        for event in events:
            live.apply([event])
            live._memory = Memory()  # As another process, which knows only the tables.
            then.append(digests(live, event.position))
        at_once(whole, events)
        assert all_digests(live, len(events)) == then
        assert all_digests(whole, len(events)) == then


@pytest.mark.parametrize("seed", range(15))
def test_the_status_on_a_day_is_that_of_a_plain_search(seed):
    random, told = Random(seed), Record()
    told.finding("f.c1", None)
    reports = []
    for _ in range(6):
        status = random.choice(["complete", "being-progressed", "awaiting-review"])
        day = random.choice(DATES)
        told.status("f.c1", status, day)
        reports.append((day, status))
    with read(told) as (model, now):
        for day in (*random.sample(EDGES, 8), TODAY):
            asked = type(now)(now.position, now.head, TODAY, day, with_undated=True)
            found = get_finding(model, asked, "f.c1")
            assert found["status"] == expected(reports, day)


def expected(reports, day):
    """Return the status of the latest first possible day, the last of the log."""
    latest, status = "", None
    for reported_on, each in reports:
        first = dates.first_day(reported_on) if reported_on else ""
        if first and latest <= first <= day:
            latest, status = first, each
    return status


def test_a_finding_closed_and_reopened_at_random_holds_when_it_was_open():
    for seed in range(10):
        random, told = Random(seed), Record()
        told.finding("f.c1", "2014-01-01")
        days = sorted(random.sample(range(10, 28), 6))
        steps = [f"2014-02-{day}" for day in days]
        for number, day in enumerate(steps):
            told.decided("f.c1", "reopen" if number % 2 else "close", day)
        assert told.find(Finding, "f.c1").version == 7
        with read(told) as (model, now):
            for day in (f"2014-02-{number}" for number in range(10, 29)):
                asked = type(now)(now.position, now.head, TODAY, day)
                passed = sum(step <= day for step in steps)
                found = get_finding(model, asked, "f.c1")
                assert bool(found) == (passed % 2 == 0), (seed, day)

"""The read side, replayed: by any path the same rows, and those the rules ask for.

COPPERPLATE_HISTORIES says how many histories are told (`make soak`: 100).
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections import batch, bodies, database, ratings
from projections.catalogue import ALL
from projections.generations import Generations
from projections.listing import Page
from projections.moment import Moment, certainty
from projections.read_model import Projection, ReadModel
from schemas.events import RecordedEvent
from service.log.event_store import EventStore
from tests.brute_force import State, edges, name_on
from tests.histories import DATES, history, recorded

settings.register_profile(
    "replay",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
HISTORIES = int(os.environ.get("COPPERPLATE_HISTORIES", "16"))
replayed = settings(settings.get_profile("replay"), max_examples=HISTORIES)
paths = settings(settings.get_profile("replay"), max_examples=HISTORIES // 4)

RANDOMS = st.integers(0, 2**32).map(Random)
TODAY = "2016-02-29"
EDGES = [day.isoformat() for day in edges(DATES)]
Events = Sequence[RecordedEvent]


def made(random: Random, steps: int = 60) -> list[RecordedEvent]:
    return recorded(history(random, steps))


@contextmanager
def opened(engine: Engine) -> Iterator[ReadModel]:
    model = ReadModel(engine, ALL)
    model.create_tables()
    try:
        yield model
    finally:
        engine.dispose()


def in_memory():
    return opened(database.open_engine("sqlite://"))


def at_once(model: ReadModel, events: Events) -> None:
    model.catch_up(lambda after: events[after:])


def digests(model: ReadModel, at: int) -> dict[str, str]:
    return {name: model.digest(name, at) for name in model.names()}


def all_digests(model: ReadModel, count: int) -> list[dict[str, str]]:
    return [digests(model, at) for at in range(1, count + 1)]


# The answers are those of a brute-force fold.


@replayed
@given(RANDOMS)
def test_every_rating_is_in_force_when_the_rules_say_so_at_every_position(random):
    events = made(random)
    with in_memory() as model:
        at_once(model, events)
        for position in range(len(events) + 1):
            expected = State(events[:position]).ratings()
            moment = Moment(position, len(events), TODAY)
            for row in ratings.rating_rows(model, moment):
                rating = expected[row["id"]]
                found = [certainty(row, day) for day in EDGES]
                assert found == [
                    rating.in_force(date.fromisoformat(day)) for day in EDGES
                ]
            for as_of in (None, *random.sample(EDGES, 3)):
                with_undated = random.random() < 0.5
                asked = Moment(position, len(events), TODAY, as_of, with_undated)
                assert answered(model, asked) == awaited(expected, asked)


def answered(model: ReadModel, moment: Moment):
    listing = ratings.list_ratings(model, moment, Page())
    names = ("grade", "published_on", "is_disputed", "valid_from", "valid_to")
    rows = {
        row["id"]: {name: row[name] for name in (*names, "in_force")}
        for row in listing.rows
    }
    assert listing.total == len(listing.rows) == len(rows)
    return rows, listing.undated


def awaited(expected, moment: Moment):
    day = date.fromisoformat(moment.day)
    answers = {id: rating.answer(day) for id, rating in expected.items()}
    undated = [id for id in answers if answers[id]["in_force"] == "unknown"]
    if moment.as_of is None:
        return answers, None
    held = {id: answer for id, answer in answers.items() if answer["in_force"]}
    if moment.with_undated:
        return held, None
    return {id: held[id] for id in held if id not in undated}, len(undated)


@replayed
@given(RANDOMS)
def test_a_body_bears_the_name_that_the_rules_give_it_at_every_position(random):
    events = recorded(history(random, 25, of_bodies=True))
    with in_memory() as model:
        at_once(model, events)
        for position in range(len(events) + 1):
            expected = State(events[:position]).names()
            for day in random.sample(EDGES, 5):
                moment = Moment(position, len(events), TODAY, day)
                known = bodies.labels(model, moment)
                assert {id: known.name(id) for id in known.kinds} == {
                    id: name_on(names, date.fromisoformat(day))
                    for id, names in expected.items()
                }
            known = bodies.labels(model, Moment(position, len(events), TODAY))
            latest = {id: names[-1][1] for id, names in expected.items()}
            assert {id: known.name(id) for id in known.kinds} == latest


# Every path leads to the same rows.


@paths
@given(RANDOMS)
def test_live_batched_and_forgetful_models_give_the_same_digests(random):
    events = made(random)
    with in_memory() as live, in_memory() as batched, in_memory() as forgetful:
        when_head = []
        for event in events:
            live.apply([event])
            when_head.append(digests(live, event.position))
        rest = events
        while rest:
            count = random.randrange(1, 12)
            batched.apply(rest[:count])
            rest = rest[count:]
        for event in events:
            # As after another process wrote: nothing that was read is right still.
            forgetful._memory = batch.Memory()
            forgetful.apply([event])
        assert all_digests(batched, len(events)) == when_head
        assert all_digests(live, len(events)) == when_head
        assert all_digests(forgetful, len(events)) == when_head


@paths
@given(RANDOMS)
def test_a_small_memory_gives_the_same_rows(random):
    events = made(random)
    with pytest.MonkeyPatch.context() as patch, in_memory() as small:
        patch.setattr(batch, "MEMORY", 3)
        small.catch_up(lambda after: events[after : after + 4])
        with in_memory() as whole:
            at_once(whole, events)
            count = len(events)
            assert all_digests(small, count) == all_digests(whole, count)


@paths
@given(RANDOMS)
def test_a_digest_holds_no_word_that_was_sealed(random):
    events = made(random)
    erased = [_without_words(event) for event in events]
    with in_memory() as model, in_memory() as without:
        at_once(model, events)
        at_once(without, erased)
        assert all_digests(model, len(events)) == all_digests(without, len(events))


def _without_words(event: RecordedEvent) -> RecordedEvent:
    return event._replace(opened={})


def test_a_log_gives_the_same_digests_on_sqlite_and_postgresql(tmp_path, database_url):
    drafts = history(Random(7), 120)
    found = [
        *logged(tmp_path / "sqlite", None, drafts),
        *logged(tmp_path / "postgresql", database_url, drafts),
    ]
    assert all(each == found[0] for each in found)


def logged(folder: Path, url: str | None, drafts) -> Iterator[list[dict[str, str]]]:
    """Record drafts; give the digests of the live model and of a rebuilt one."""
    store = EventStore.open(folder, url, clock=Clock())
    with opened_generations(folder, url) as found:
        found.create()
        for draft in drafts:
            store.append([draft])
            found.catch_up(store.read)
        live = found.current()
        yield all_digests(live, len(drafts))
        assert found.rebuild(lambda after: store.read(after, 7)) == len(drafts)
        assert found.current() is not live
        yield all_digests(found.current(), len(drafts))
    store.close()


class Clock:
    """A clock that is a microsecond later whenever it is asked."""

    def __init__(self) -> None:
        self.now = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


# Several at once.


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    url = request.getfixturevalue("database_url") if "p" in request.param else None
    return tmp_path, url


@pytest.fixture
def generations(place):
    with opened_generations(*place) as found:
        found.create()
        yield found


@contextmanager
def opened_generations(folder: Path, url: str | None) -> Iterator[Generations]:
    found = Generations(folder, url)
    try:
        yield found
    finally:
        found.close()


def follow(folder: Path, url: str | None, seed: int, barrier=None) -> None:
    """Catch up with a history, a few events at a time."""
    events = made(Random(seed), 150)
    with opened_generations(folder, url) as found:
        model = found.current()
        if barrier:
            barrier.wait()
        model.catch_up(lambda after: events[after : after + 3])


def expected_digests(seed: int) -> dict[str, str]:
    events = made(Random(seed), 150)
    with in_memory() as model:
        at_once(model, events)
        return digests(model, len(events))


def test_two_processes_that_catch_up_at_once_apply_nothing_twice(place, generations):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    members = (*place, 11, barrier)
    processes = [context.Process(target=follow, args=members) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    model = generations.current()
    assert digests(model, model.position) == expected_digests(11)


def test_threads_that_share_a_model_apply_nothing_twice(generations):
    events = made(Random(11), 150)
    model = generations.current()
    errors = run_together(
        *(lambda: model.catch_up(lambda after: events[after : after + 2]),) * 3
    )
    assert errors == []
    assert digests(model, len(events)) == expected_digests(11)


def test_a_model_stays_right_when_another_process_has_written(place, generations):
    events = made(Random(11), 150)
    ours = generations.current()
    with opened_generations(*place) as others:
        theirs = others.current()
        for start in range(0, len(events), 5):
            writer = ours if start % 2 else theirs
            writer.apply(events[start : start + 5])
    assert digests(ours, len(events)) == expected_digests(11)


def test_nothing_of_a_failed_transaction_is_remembered():
    events = made(Random(11), 150)
    middle = len(events) // 2
    failing = Projection(ratings.table, noun="rating")
    faults = [OSError("disk full")]

    @failing.when(*{event.type for event in events})
    def _fail(batch, event):
        if event.position > middle and faults:
            raise faults.pop()

    with in_memory() as model:
        model.projections = [*ALL, failing]
        model.apply(events[: middle - 3])
        with pytest.raises(OSError, match="disk full"):
            model.apply(events)
        assert model.position == middle - 3
        model.apply(events)
        model.projections = ALL
        assert digests(model, len(events)) == expected_digests(11)


def test_a_gap_in_the_events_is_refused():
    events = made(Random(11))
    with in_memory() as model, pytest.raises(ValueError, match="does not follow"):
        model.apply(events[1:])


def test_readers_go_on_and_see_one_state_while_generations_are_switched(generations):
    events = made(Random(5), 150)
    answers = expected_answers(events)
    log = Growing(events, len(events) // 2)
    generations.catch_up(log.read)
    reads = Reads()

    def look() -> None:
        while not reads.are_over:
            reads.add(*look_once(generations, answers))

    def write() -> None:
        while log.grow():
            reads.wait_for_another()
            assert generations.catch_up(log.read) >= log.size - 1
        log.is_closed = True

    def rebuild() -> None:
        # Each batch waits for a reader, so readers are seen not to wait for it.
        try:
            while not log.is_closed:
                generations.rebuild(log.read, lambda _: reads.wait_for_another())
        finally:
            reads.are_over = True

    assert run_together(look, look, write, rebuild) == []
    assert generations.catch_up(log.read) == len(events)
    model = generations.current()
    assert digests(model, len(events)) == expected_history(events)
    assert reads.are_in_order()


class Growing:
    """A log that grows, an event at a time."""

    def __init__(self, events: Events, size: int) -> None:
        self.events, self.size, self.is_closed = events, size, False

    def grow(self) -> bool:
        self.size = min(self.size + 1, len(self.events))
        return self.size < len(self.events)

    def read(self, after: int) -> Events:
        return self.events[after : min(self.size, after + 20)]


class Reads:
    """The positions at which readers saw the right answer."""

    def __init__(self) -> None:
        self.positions: dict[int, list[int]] = {}
        self.count = 0
        self.are_over = False
        self._changed = threading.Condition()

    def add(self, reader: int, position: int) -> None:
        with self._changed:
            self.positions.setdefault(reader, []).append(position)
            self.count += 1
            self._changed.notify_all()

    def wait_for_another(self) -> None:
        with self._changed:
            seen = self.count
            assert self._changed.wait_for(lambda: self.count > seen, timeout=30)

    def are_in_order(self) -> bool:
        return all(each == sorted(each) for each in self.positions.values())


def look_once(generations: Generations, answers: list[dict]) -> tuple[int, int]:
    model = generations.current()
    with model.snapshot() as position:
        asked = Moment(position, position, TODAY)
        first = answered(model, asked)
        assert first == answered(model, asked) == answers[position]
    return threading.get_ident(), position


def expected_answers(events: Events) -> list:
    with in_memory() as model:
        at_once(model, events)
        moments = (Moment(each, len(events), TODAY) for each in range(len(events) + 1))
        return [answered(model, moment) for moment in moments]


def expected_history(events: Events) -> dict[str, str]:
    with in_memory() as model:
        at_once(model, events)
        return digests(model, len(events))


def run_together(*tasks) -> list[BaseException]:
    """Run tasks in threads of their own and give what they raised."""
    errors: list[BaseException] = []

    def run(task) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return errors

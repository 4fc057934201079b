"""Corrections and reports, replayed: by any path the same rows, and the right ones."""

from random import Random

import pytest

from projections.corrections import list_corrections
from projections.listing import Page
from projections.moment import Moment
from projections.read_model import Memory
from projections.reports import list_reports, summary
from service.domain.bodies import Body
from service.domain.reports import Correction, Report
from tests.brute_force import State
from tests.histories import WHY, Book, history, recorded
from tests.test_replay import TODAY, all_digests, at_once, digests, in_memory, logged
from tests.writers import BODY

KINDS = {"corrected": "corrects", "disputed": "disputes"}
WHOLE, SETTLED = "retracted", "dispute-settled"


@pytest.mark.parametrize("seed", range(12))
def test_each_correction_shows_what_raw_events_said_before_and_after(seed):
    events = recorded(history(Random(seed), 90))
    with in_memory() as model:
        at_once(model, events)
        rows = list_corrections(model, Moment(len(events), len(events), TODAY), Page())
    wanted = [e for e in events if e.verb in (*KINDS, WHOLE, SETTLED)]
    assert wanted, "a history without any proves nothing"
    assert [row["position"] for row in rows.rows] == [e.position for e in wanted]
    for row, event in zip(rows.rows, wanted, strict=True):
        was, now = sides(events, event)
        told = {e["member"]: (e["was"], e["now"]) for e in row["changes"]}
        plain = {k: v for k, v in told.items() if k in flat(was)}
        assert plain == differing(was, now), event
        assert row["stood_from_position"] == since(events, event), event


def sides(events, event):
    """Return the data that an event took the place of, and that which it put there."""
    before = State(events[: event.position - 1]).things[event.stream]
    data = event.data
    if event.verb == WHOLE:
        return before[data["retracts"] or min(before)].data, None
    if event.verb in KINDS:
        return before[data[KINDS[event.verb]]].data, data["data"]
    settles = data["settles"]
    [holder] = [each for each in before.values() if settles in each.disputes]
    one, other = holder.data, holder.disputes[settles]
    return (one, other) if data["prevails"] == settles else (other, one)


def flat(data):
    found = {}
    for name, value in data.items():
        nested = value if isinstance(value, dict) else None
        found |= {f"{name}.{k}": v for k, v in nested.items()} if nested else {}
        found |= {} if nested else {name: value}
    return found


def differing(was, now):
    old, new = flat(was), flat(now or {})
    return {
        name: (old[name], new.get(name)) for name in old if old[name] != new.get(name)
    }


def since(events, event):
    """Return from which position on the stream, as folded, has said this."""
    data = event.data
    if event.verb == SETTLED and data["prevails"] != data["settles"]:
        [dispute] = [e for e in events if is_at(e, event.stream, data["settles"])]
        return dispute.position
    version = named(events, event)
    own = [e for e in events[: event.position - 1] if e.stream == event.stream]
    said = [e for e in own if e.version == version or restates(events, e, version)]
    return said[-1].position


def named(events, event):
    data = event.data
    if event.verb == WHOLE:
        before = State(events[: event.position - 1]).things[event.stream]
        return data["retracts"] or min(before)
    if event.verb in KINDS:
        return data[KINDS[event.verb]]
    before = State(events[: event.position - 1]).things[event.stream]
    return next(v for v, e in before.items() if data["settles"] in e.disputes)


def restates(events, step, version):
    """Whether an event put other data in the place of an original."""
    if step.verb == "corrected":
        return step.data["corrects"] == version
    is_upset = step.verb == SETTLED and step.data["prevails"] == step.data["settles"]
    return is_upset and named(events, step) == version


def is_at(event, stream, version):
    return (event.stream, event.version) == (stream, version)


# Reports.


def reported(random, steps=40):
    """Return a history of bodies, some reported, corrected and resolved."""
    book = Book(random, (Body,))
    for id in ("durham", "kent"):
        book.put(Body(id), Body(id).register(**{**BODY, "name": id}))
    for number in range(steps):
        random.choice((report, report, fix, resolve))(book, number)
    return book.drafts


def report(book, number):
    body = book.one(Body)
    version = book.random.choice([None, *body.facts])
    kind = book.random.choice(("wrong-fact", "missing", "other"))
    thing = Report(f"r{number:07}")
    about = {"stream": body.stream, "version": version}
    book.put(thing, thing.receive(about=about, kind=kind))


def fix(book, number):
    body = book.one(Body)
    data = {**body.facts[1].event.data, "name": f"Name {number}"}
    event = body.correct(corrects=1, data=data, **WHY, **book.sourcing())
    book.put(body, event)


def resolve(book, number):
    still_open = [each for each in book.all(Report) if each.is_open]
    if not still_open:
        return
    thing = book.random.choice(still_open)
    stream = thing.received.about["stream"]
    body = book.find(Body, stream.removeprefix("body-"))
    made = Correction(stream, body.version, "body.corrected", stream)
    fits = body.version > 1 and book.random.random() < 0.7
    outcome = ("corrected", made) if fits else ("unclear", None)
    book.put(thing, thing.resolve(outcome=outcome[0], correction=outcome[1]))


@pytest.mark.parametrize("seed", range(3))
def test_every_path_leads_to_the_same_reports_at_every_position(seed):
    events = recorded(reported(Random(seed)))
    with in_memory() as live, in_memory() as batched, in_memory() as whole:
        then = []
        for event in events:
            live.apply([event])
            live._memory = Memory()  # As another process, which knows only the tables.
            then.append(digests(live, event.position))
        for start in range(0, len(events), 7):
            batched.apply(events[start : start + 7])
        at_once(whole, events)
        for model in (live, batched, whole):
            assert all_digests(model, len(events)) == then


@pytest.mark.parametrize("seed", range(6))
def test_at_every_position_those_are_open_that_raw_events_leave_open(seed):
    events = recorded(reported(Random(seed)))
    with in_memory() as model:
        at_once(model, events)
        for position in range(len(events) + 1):
            seen = events[:position]
            received = {e.id for e in seen if e.type == "report.received"}
            resolved = {e.id for e in seen if e.type == "report.resolved"}
            moment = Moment(position, len(events), TODAY)
            for state, expected in (
                (None, received),
                ("open", received - resolved),
                ("resolved", resolved),
            ):
                rows = list_reports(model, moment, Page(), state=state).rows
                assert {row["id"] for row in rows} == expected
            found = summary(model, moment)
            assert (found["open"], found["received"]) == (
                len(received - resolved),
                len(received),
            )


def test_reports_have_the_same_digests_on_sqlite_and_postgresql(tmp_path, database_url):
    drafts = reported(Random(5))
    found = [
        *logged(tmp_path / "sqlite", None, drafts),
        *logged(tmp_path / "postgresql", database_url, drafts),
    ]
    assert all(each == found[0] for each in found)

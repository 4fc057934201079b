"""`kill -9` between two steps of a write: sent again, it is on record once.

`make soak` tries more of the steps (COPPERPLATE_KILL_ROUNDS).
"""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.editing import editor
from tests.killed import body_of
from tests.log_places import audit
from tests.records import SmallRecord

ROOT = Path(__file__).parent.parent
IS_SOAKED = int(os.environ.get("COPPERPLATE_KILL_ROUNDS", "5")) > 5
EARLY, LATE = (10, 14) if IS_SOAKED else (4, 6)


def killed(place, key, *steps):
    """Kill requests at these steps; return what is said of each."""
    words = [str(place.folder), place.url or "", key, *map(str, steps)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.killed", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_a_write_that_is_killed_and_sent_again_is_on_record_once(place):
    # The first one makes what is made once.
    unkilled = ("0", "00")
    [_, [_, whole, *_]] = killed(place, registered(place, unkilled), *unkilled)
    assert whole.startswith("201")
    last = int(whole.split()[1])
    # Most steps come before the commit: of those after it, each second one.
    steps = [*range(1, last, last // EARLY), *range(last - 2 * LATE, last, 2)]
    told = killed(place, registered(place, steps), *steps)
    assert len(told) == len(steps)
    for step, how, before, again, after in told:
        assert how == "killed" or is_over(how, step), step
        assert before in "01" and after == "1", step
        assert again.startswith("201"), step
    assert sum(how == "killed" for _, how, *_ in told) > len(told) // 2
    # Some were killed before the commit, some after it.
    assert {before for _, _, before, _, _ in told} == {"0", "1"}
    must_be_whole(place, len(told) + len(unkilled))


def registered(place, steps):
    """Register a body for the request of each step; return the key of an editor."""
    small = SmallRecord(place.folder, place.url)
    small.clock.now = datetime.now(UTC)
    for step in steps:
        small.register(body_of(step))
    key = editor(small.record).key
    small.record.close()
    return key


def is_over(how, step):
    """Whether a write had ended before a step: not all take as many as the first."""
    status, steps = how.split()
    return status == "201" and int(steps) <= int(step)


def must_be_whole(place, renamed):
    small = SmallRecord(place.folder, place.url)
    with closing(small.record) as record:
        size = audit(place, record.store)
        assert record.catch_up() == size
        names = [e for e in record.store.read(limit=1000) if e.type == "body.renamed"]
        assert len(names) == renamed == len({e.data["name"] for e in names})

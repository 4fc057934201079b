"""A process that delivers and is killed: nothing is passed over, and order is kept."""

import os
import signal
import subprocess
import sys
from itertools import pairwise

import pytest

from tests.receiver import receiving
from tests.records import SmallRecord, small
from tests.subscribing import Subscriber

__all__ = ["small"]
EVENTS = 12
# After how many messages it is killed, and whether the last one was answered.
KILLS = [(3, False), (5, True)]


@pytest.fixture
def subscriber(small: SmallRecord):
    with receiving() as receiver:
        small.register("kent", "Kent Police")
        yield Subscriber(small, receiver).confirmed()


def deliver(subscriber, count=None, *, is_answered=False):
    """Let a process deliver, and kill it once so many messages have come."""
    receiver, agree, processes = subscriber.receiver, subscriber.receiver.answer, []
    receiver.received.clear()

    def answer(received):
        if len(receiver.received) == count:
            if not is_answered:
                os.kill(processes[0].pid, signal.SIGKILL)
                processes[0].wait()
            else:
                # It dies with the next message on its way.
                receiver.answer = lambda _: kill(received)
        return agree(received)

    def kill(received):
        os.kill(processes[0].pid, signal.SIGKILL)
        processes[0].wait()
        return agree(received)

    receiver.answer = answer
    folder = str(subscriber.small.record.settings.data)
    command = [sys.executable, "-m", "tests.delivering", folder, str(receiver.port)]
    processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    said = processes[0].communicate(timeout=60)[1]
    receiver.answer = agree
    assert processes[0].returncode == (-signal.SIGKILL if count else 0), said
    return list(receiver.positions)


def test_a_process_that_is_killed_skips_nothing_and_repeats_one_at_most(subscriber):
    for number in range(EVENTS):
        subscriber.small.rename("kent", f"Name {number}")
    runs = [deliver(subscriber, count, is_answered=each) for count, each in KILLS]
    runs.append(deliver(subscriber))
    came = [position for run in runs for position in run]
    assert sorted(set(came)) == list(range(2, EVENTS + 2))
    assert came == sorted(came)
    for before, then in pairwise(runs):
        assert then[0] == before[-1], "what was under way comes again"
    assert subscriber.get()["position"] == EVENTS + 1

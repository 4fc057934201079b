"""Threads that come at the same time are served at once, each with its own outcome."""

from contextlib import contextmanager
from threading import Barrier, Event, Thread

import pytest

from service.together import MOST, Together


class Worker:
    """Doubles numbers, once it is let; a negative one is refused, 13 breaks all."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.may_end = Event(), Event()

    def work(self, jobs):
        self.groups.append(list(jobs))
        self.begun.set()
        self.may_end.wait()
        if 13 in jobs:
            raise OSError("nothing was done")
        return [ValueError(str(job)) if job < 0 else 2 * job for job in jobs]


@contextmanager
def queued(together, worker, jobs):
    """Let one job begin and the others wait; what became of each is given at the end.

    They wait in this order.
    """
    said = {}

    def do(number, job):
        try:
            said[number] = together.do(job)
        except BaseException as error:
            said[number] = error

    threads = [Thread(target=do, args=each) for each in enumerate(jobs)]
    for number, each in enumerate(threads):
        each.start()
        worker.begun.wait()
        while together.waiting < number + 1:
            Event().wait(0.001)
    yield said
    worker.may_end.set()
    for each in threads:
        each.join()


def test_whoever_comes_while_others_work_is_served_with_all_who_wait():
    worker = Worker()
    with queued(Together(worker.work), worker, range(5)) as said:
        assert worker.groups == [[0]]
    assert worker.groups == [[0], [1, 2, 3, 4]]
    assert said == {number: 2 * number for number in range(5)}


def test_an_error_is_that_of_one_alone():
    worker = Worker()
    with queued(Together(worker.work), worker, [1, 2, -3, 4]) as said:
        pass
    assert worker.groups == [[1], [2, -3, 4]]
    assert isinstance(said.pop(2), ValueError)
    assert said == {0: 2, 1: 4, 3: 8}


def test_what_keeps_all_from_being_done_is_tried_for_each_alone():
    worker = Worker()
    with queued(Together(worker.work), worker, [1, 2, 13, 4]) as said:
        pass
    assert worker.groups == [[1], [2, 13, 4], [2], [13], [4]]
    assert isinstance(said.pop(2), OSError)
    assert said == {0: 2, 1: 4, 3: 8}


def test_one_that_may_not_join_waits_for_the_next_turn():
    worker = Worker()
    together = Together(worker.work, lambda jobs, job: job not in jobs)
    with queued(together, worker, [1, 2, 3, 2, 4]):
        pass
    assert worker.groups == [[1], [2, 3], [2, 4]]


def test_only_so_many_are_done_at_once():
    worker = Worker()
    with queued(Together(worker.work), worker, range(100, 103 + MOST)) as said:
        pass
    assert [len(group) for group in worker.groups] == [1, MOST, 2]
    assert len(said) == MOST + 3


def test_nobody_waits_for_one_that_was_interrupted():
    class Interrupted(BaseException):
        pass

    def work(jobs):
        raise Interrupted

    together = Together(work)
    with pytest.raises(Interrupted):
        together.do(1)
    with pytest.raises(Interrupted):
        together.do(2)


def test_many_threads_get_each_its_own_result():
    def double(jobs):
        return [2 * job for job in jobs]

    together, said, ready = Together(double), {}, Barrier(16)

    def send(first):
        ready.wait()
        for job in range(first, 3200, 16):
            said[job] = together.do(job)

    threads = [Thread(target=send, args=(first,)) for first in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert said == {job: 2 * job for job in range(3200)}

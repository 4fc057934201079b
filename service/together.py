"""Together: threads that come while another works are served at once, by one of them.

Nobody waits for company: whoever finds nobody at work begins alone, and the next takes
along all who have come meanwhile.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar, cast

MOST = 64  # Jobs that are done at once.
J = TypeVar("J")
R = TypeVar("R")


class _Waiting(Generic[J, R]):
    """A job that waits for its turn, and then what became of it."""

    def __init__(self, job: J) -> None:
        self.job = job
        self.outcome: R | BaseException | None = None
        self.is_done = False
        self.has_turn = Event()


class Together(Generic[J, R]):
    """Does the jobs of several threads at once, in the order in which they came.

    `work` tells what becomes of each of some jobs: a result, or the error that it alone
    meets. What it raises keeps all of them from being done: then each is done by
    itself. `may_join` says whether one more may be done with others.
    """

    def __init__(
        self,
        work: Callable[[Sequence[J]], Sequence[R | Exception]],
        may_join: Callable[[Sequence[J], J], bool] = lambda _jobs, _job: True,
    ) -> None:
        self._work, self._may_join = work, may_join
        self._lock = Lock()
        self._waiting: deque[_Waiting[J, R]] = deque()
        self._is_busy = False
        self._under_way = 0

    @property
    def waiting(self) -> int:
        """How many wait for their turn, or have it."""
        return len(self._waiting) + self._under_way

    def do(self, job: J) -> R:
        """Return the result of a job, or raise its error."""
        own: _Waiting[J, R] = _Waiting(job)
        with self._lock:
            self._waiting.append(own)
            is_first, self._is_busy = not self._is_busy, True
        if not is_first:
            own.has_turn.wait()
        if not own.is_done:
            self._lead()
        if isinstance(own.outcome, BaseException):
            raise own.outcome
        return cast(R, own.outcome)

    def _lead(self) -> None:
        """Do what waits, and give the turn to whoever came meanwhile."""
        with self._lock:
            taken = self._taken()
            self._under_way = len(taken)
        outcomes = self._outcomes([each.job for each in taken])
        for each, outcome in zip(taken, outcomes, strict=True):
            each.outcome, each.is_done = outcome, True
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_busy, self._under_way = following is not None, 0
        if following:
            following.has_turn.set()
        for each in taken:
            each.has_turn.set()

    def _taken(self) -> list[_Waiting[J, R]]:
        """Take the first that waits, and those after it that may join it."""
        taken = [self._waiting.popleft()]
        jobs = [taken[0].job]
        while self._waiting and len(taken) < MOST:
            if not self._may_join(jobs, self._waiting[0].job):
                break
            taken.append(self._waiting.popleft())
            jobs.append(taken[-1].job)
        return taken

    def _outcomes(self, jobs: Sequence[J]) -> Sequence[R | BaseException]:
        try:
            return self._work(jobs)
        except BaseException as error:  # Others wait for it, whatever it is.
            if len(jobs) == 1 or not isinstance(error, Exception):
                return [error] * len(jobs)
        return [each for job in jobs for each in self._outcomes([job])]

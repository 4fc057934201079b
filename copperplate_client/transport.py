"""The way to the service: retries, limits, and answers that are still good."""

import email.utils
import json
import random
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from copperplate_client.problems import (
    BadAnswerError,
    UnreachableError,
    problem_of,
)

Parameters = Mapping[str, str | int | bool | None]
AGAIN = {429, 500, 502, 503, 504}
LONGEST_PAUSE = 300.0  # Seconds, whatever the service asks for.
_LEFT, _RESET = re.compile(r";\s*r=(\d{1,9})"), re.compile(r";\s*t=(\d{1,9})")


@dataclass(frozen=True)
class Answer:
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the object that the body is, or raise BadAnswerError."""
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise BadAnswerError("The answer is not JSON.") from error
        if not isinstance(found, dict):
            raise BadAnswerError("The answer is no JSON object.")
        return found


class Kept:
    """Answers that may still be good, bounded by their bytes; the oldest go first."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def get(self, address: str) -> Answer | None:
        """Return the last answer of an address that had an ETag."""
        if found := self._answers.get(address):
            self._answers.move_to_end(address)
        return found

    def put(self, address: str, answer: Answer) -> None:
        """Keep an answer, if it has an ETag and is not larger than all may be."""
        self.drop(address)
        if "etag" not in answer.headers or len(answer.body) > self._most:
            return
        self._answers[address] = answer
        self._size += len(answer.body)
        while self._size > self._most:
            self.drop(next(iter(self._answers)))

    def drop(self, address: str) -> None:
        """Forget the answer of an address."""
        if old := self._answers.pop(address, None):
            self._size -= len(old.body)


@dataclass
class Transport:
    """Asks one service: again after failures, and no faster than it allows."""

    base: str
    attempts: int = 5
    timeout: float = 30.0
    keep: int = 8 * 2**20
    agent: str = "copperplate-client"
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False)
    )

    def __post_init__(self) -> None:
        self.base = self.base.rstrip("/")
        self._kept = Kept(self.keep)
        self._not_before = 0.0

    def get(
        self, path: str, parameters: Parameters | None = None, **headers: str
    ) -> Answer:
        """Return what is answered at a path, or raise ProblemError.

        Names of headers are given with underscores: `accept="text/csv"`.
        """
        address = self.address(path, parameters)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = None if sent else self._kept.get(address)
        if kept:
            sent["if-none-match"] = kept.headers["etag"]
        answer = self._ask_until_answered(address, sent)
        if kept and answer.status == 304:
            return kept
        if answer.status != 200:
            self._kept.drop(address)
            raise problem_of(answer.status, answer.body)
        if not headers:
            self._kept.put(address, answer)
        return answer

    def get_json(
        self, path: str, parameters: Parameters | None = None, **headers: str
    ) -> dict[str, Any]:
        """Return the object that is answered at a path, or raise ProblemError."""
        return self.get(path, parameters, **headers).json()

    def stream(self, path: str, start: int) -> Iterator[tuple[bool, bytes]]:
        """Give a file from one of its bytes on, in chunks, as far as it comes.

        Beside each chunk stands whether it begins the file, though another byte was
        asked for. What is cut short ends early; a refusal raises ProblemError.
        """
        headers = {"user-agent": self.agent, "accept-encoding": "identity"}
        if start:
            headers["range"] = f"bytes={start}-"
        try:
            found = self.pool.request(
                "GET",
                self.address(path),
                headers=headers,
                timeout=self.timeout,
                preload_content=False,
                redirect=False,
            )
            if found.status not in (200, 206):
                raise problem_of(found.status, found.read(2**16))
            is_whole = bool(start) and found.status == 200
            # Also what comes before it is cut short.
            while chunk := found.read1(2**16):
                yield is_whole, chunk
                is_whole = False
        except urllib3.exceptions.HTTPError:
            self.sleep(_back_off(0))

    def address(self, path: str, parameters: Parameters | None = None) -> str:
        """Return an address of the service; an absolute one is taken to be its own.

        So no answer can lead to another service.
        """
        parts = urlsplit(path)
        given = {k: _said(v) for k, v in (parameters or {}).items() if v is not None}
        query = "&".join(each for each in (parts.query, urlencode(given)) if each)
        return f"{self.base}{parts.path}" + (f"?{query}" if query else "")

    def _ask_until_answered(self, address: str, headers: dict[str, str]) -> Answer:
        failure: Exception | None = None
        for attempt in range(self.attempts):
            self._wait_for_the_limit()
            try:
                answer = self._ask(address, headers)
            except urllib3.exceptions.HTTPError as error:
                failure, pause = error, None
            else:
                is_last = attempt == self.attempts - 1
                if answer.status not in AGAIN or is_last:
                    return answer
                pause = _seconds(answer.headers.get("retry-after"))
            if attempt < self.attempts - 1:
                self.sleep(_back_off(attempt) if pause is None else pause)
        raise UnreachableError(f"{address}: {failure}") from failure

    def _ask(self, address: str, headers: dict[str, str]) -> Answer:
        sent = {"user-agent": self.agent, "accept": "application/json", **headers}
        found = self.pool.request(
            "GET", address, headers=sent, timeout=self.timeout, redirect=False
        )
        if found.status in (301, 308) and (location := found.headers.get("location")):
            return self._ask(self.address(location), headers)
        said = {name.lower(): value for name, value in found.headers.items()}
        self._note_the_limit(said.get("ratelimit", ""))
        return Answer(found.status, said, found.data)

    def _note_the_limit(self, said: str) -> None:
        left, reset = _LEFT.search(said), _RESET.search(said)
        if left and reset and int(left[1]) == 0:
            self._not_before = self.clock() + min(int(reset[1]), LONGEST_PAUSE)

    def _wait_for_the_limit(self) -> None:
        pause, self._not_before = self._not_before - self.clock(), 0.0
        if pause > 0:
            self.sleep(pause)


def _said(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _back_off(attempt: int) -> float:
    """Return a second, two, four …, more or less, so that not all come at once."""
    return float(2**attempt) * random.uniform(0.75, 1.25)


def _seconds(said: str | None) -> float | None:
    """Return how long `Retry-After` asks to wait: seconds, or a date of HTTP."""
    if said is None:
        return None
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_PAUSE)
    try:
        until = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    left = (until - datetime.now(UTC)).total_seconds()
    return min(max(left, 0.0), LONGEST_PAUSE)

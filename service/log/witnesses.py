"""Asking witnesses to cosign (C2SP tlog-witness), and mirrors what they hold.

A question is sent by a thread that may be given up; what is heard is judged here, by
the caller's, and nothing that is heard is believed without a signature, but a size
that a witness says it has seen: to sign below that could be a fork.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Protocol

from service.log.cosignatures import cosignature
from service.log.errors import StoreUnreadableError
from service.log.notes import (
    NoteError,
    VerifierKey,
    encode_base64,
    open_checkpoint,
    unverified_checkpoint,
)
from service.log.policy import Witness
from service.log.proofs import consistency, root
from service.log.reader import LogReader
from service.log.sqlite_log import peek
from service.log.web import Reply, WebError, fetch
from service.log.witnessed import Sighting

TURNS = 3  # A witness that is told its own size should agree at the second.
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,15})\n")
_MEANINGS = {
    400: "it takes the question for malformed",
    403: "it trusts no key that signs this log",
    404: "it does not know this log",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one said of the log: in words, and as a tree if it spoke of one.

    `cosignature` is the line with which a witness signed the checkpoint.
    """

    who: str
    text: str
    is_good: bool = False
    sighting: Sighting | None = None
    cosignature: str | None = None


class Question(Protocol):
    """What is asked of a witness or a mirror."""

    who: str

    def prepare(self) -> Callable[[float], Reply]:
        """Return what sends it, and takes so many seconds at most."""

    def hear(self, reply: Reply) -> Answer | None:
        """Judge the reply: None if the question must be put anew."""


class WitnessQuestion:
    """Whether a witness will cosign the latest checkpoint."""

    def __init__(self, log: LogReader, witness: Witness, now: int) -> None:
        self.who, self.witness = witness.name, witness
        self._log, self._now = log, now
        self._note = log.own_checkpoint()
        self.size = unverified_checkpoint(self._note).size
        self._old = min(log.cosigned_size(witness.key.name), self.size)

    def prepare(self) -> Callable[[float], Reply]:
        """Return what posts the checkpoint with a proof from the size that is known."""
        proof = consistency(self._log.hashes, self._old, self.size)
        lines = [f"old {self._old}", *map(encode_base64, proof), "", ""]
        body = "\n".join(lines).encode() + self._note
        address = f"{self.witness.url}/add-checkpoint"
        return lambda seconds: fetch(address, body, seconds=seconds)

    def hear(self, reply: Reply) -> Answer | None:
        """Judge the reply; one that names the size it has seen is asked from there."""
        if reply.status == 200:
            return self._cosigned(reply.body)
        if reply.status == 422 and self._old:
            return self._refuted()
        if reply.status == 409:
            return self._conflict(reply)
        meaning = _MEANINGS.get(reply.status)
        text = f"it answered {reply.status}" + (f": {meaning}" if meaning else "")
        return Answer(self.who, text)

    def _cosigned(self, body: bytes) -> Answer:
        try:
            line = cosignature(self._note, body.decode(), self.witness.key, self._now)
        except ValueError as error:
            cause = error if isinstance(error, NoteError) else "not UTF-8"
            return Answer(self.who, f"its answer is refused: {cause}")
        sighting = Sighting(self.who, self.size)
        text = f"cosigned {self.size} events"
        return Answer(self.who, text, True, sighting, line)

    def _conflict(self, reply: Reply) -> Answer | None:
        found = _SIZE.fullmatch(reply.body)
        is_told = reply.content_type == "text/x.tlog.size" and found
        size = int(found[1]) if found and is_told else self._old
        if size > self.size:
            seen = Sighting(self.who, size)
            return Answer(self.who, f"it has seen {size} events", sighting=seen)
        if size != self._old:
            self._old = size
            return None
        # Of a tree of the size that it has seen, it can mean the root alone.
        is_fork = self.size == self._old > 0
        return self._refuted() if is_fork else Answer(self.who, _NO_SIZE)

    def _refuted(self) -> Answer:
        ours = root(self._log.hashes, self._old)
        seen = Sighting(self.who, self._old, ours, is_refused=True)
        text = f"it has seen another log at {self._old} events"
        return Answer(self.who, text, sighting=seen)


class MirrorQuestion:
    """Which checkpoint of the log a mirror holds."""

    def __init__(self, keys: Sequence[VerifierKey], mirror: str) -> None:
        self.who, self._keys = mirror, keys

    def prepare(self) -> Callable[[float], Reply]:
        """Return what reads the checkpoint, at an address or in a folder."""
        if self.who.startswith(("http://", "https://")):
            address = f"{self.who}/log/checkpoint"
            return lambda seconds: fetch(address, seconds=seconds)
        return lambda _: _read_folder(Path(self.who))

    def hear(self, reply: Reply) -> Answer:
        """Judge the reply: a checkpoint is believed if a key of the log signed it."""
        if reply.status != 200:
            return Answer(self.who, f"it answered {reply.status}")
        try:
            found = open_checkpoint(reply.body, self._keys)
        except NoteError as error:
            return Answer(self.who, f"its checkpoint is refused: {error}")
        seen = Sighting(self.who, found.size, found.root)
        return Answer(self.who, f"holds {found.size} events", True, seen)


def ask(questions: Sequence[Question], seconds: float) -> list[Answer]:
    """Put all questions at once; who has not answered after the seconds is given up."""
    until = monotonic() + seconds
    answers: dict[str, Answer] = {}
    for _ in range(TURNS):
        still = [each for each in questions if each.who not in answers]
        replies = _send([each.prepare() for each in still], until)
        for question, reply in zip(still, replies, strict=True):
            if answer := _judge(question, reply):
                answers[question.who] = answer
    undecided = "it names one size after another"
    return [answers.get(q.who) or Answer(q.who, undecided) for q in questions]


def judge(log: LogReader, answer: Answer) -> Answer:
    """Return an answer as the log stands now: whether what was seen contradicts it.

    Others may have written meanwhile, and shown more than was asked about.
    """
    if answer.sighting is None:
        return answer
    why = answer.sighting.contradiction(log.size(), partial(root, log.hashes))
    if why is None:
        return Answer(answer.who, answer.text, True, None, answer.cosignature)
    return Answer(answer.who, why, False, answer.sighting)


_NO_SIZE = "it answered 409 without the size that it has seen"


def _judge(question: Question, reply: Reply | WebError) -> Answer | None:
    if isinstance(reply, WebError):
        return Answer(question.who, str(reply))
    return question.hear(reply)


def _send(
    tasks: Sequence[Callable[[float], Reply]], until: float
) -> list[Reply | WebError]:
    replies: list[Reply | WebError] = [WebError("it did not answer in time")] * len(
        tasks
    )

    def run(number: int) -> None:
        try:
            replies[number] = tasks[number](max(until - monotonic(), 0.1))
        except WebError as error:
            replies[number] = error

    threads = [Thread(target=run, args=(n,), daemon=True) for n in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        # Not even the look-up of a name may hold the log back.
        thread.join(max(until - monotonic(), 0) + 0.1)
    return list(replies)


def _read_folder(folder: Path) -> Reply:
    sql = "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1"
    try:
        rows = peek(folder / "events.db", sql)
    except StoreUnreadableError as error:
        raise WebError(f"its events.db cannot be read: {error}") from error
    if not rows:
        raise WebError("it holds no checkpoint")
    return Reply(200, "text/plain", bytes(rows[0][0]))

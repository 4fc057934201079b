"""Witnesses and mirrors of the record: asked at the start, and whenever it has grown.

They keep the log honest with itself: a log that was put back from an old backup must
not sign below what they have seen. Those that cannot be reached hold nothing up.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic

from service.config import Settings
from service.log.errors import PolicyError, StoreError
from service.log.keys import KeyFileError
from service.log.policy import Witness, read_witnesses
from service.log.web import check_address
from service.log.witnesses import Answer, MirrorQuestion, WitnessQuestion, ask, judge
from service.record import Record

LIMIT = 5.0  # Seconds that witnesses and mirrors have to answer, all together.
POLL = 1.0  # Seconds between two looks at whether the log has grown.
LONGEST_PAUSE = 60.0  # Seconds between two attempts at a witness that fails.
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watchers:
    """The witnesses and mirrors of a record."""

    witnesses: Sequence[Witness]
    mirrors: Sequence[str]

    @classmethod
    def of(cls, settings: Settings) -> "Watchers":
        """Return those that the settings name, or raise PolicyError."""
        path = settings.witnesses
        witnesses = read_witnesses(path) if path else []
        return cls(witnesses, [_mirror(each) for each in settings.mirrors])

    @property
    def names(self) -> set[str]:
        """The names of all."""
        return {*(each.name for each in self.witnesses), *self.mirrors}


def ask_all(record: Record) -> list[Answer]:
    """Ask every witness and mirror what it has seen; keep cosignatures and warnings.

    What contradicts the log is kept in the data folder: no process signs until it is
    mended. Raises PolicyError.
    """
    watchers = Watchers.of(record.settings)
    return _ask(record, watchers, watchers.witnesses, watchers.mirrors)


def look_around(record: Record) -> None:
    """Ask all before anything is signed, and warn of what is amiss.

    Raises PolicyError.
    """
    if record.is_mirror:
        return  # It signs nothing.
    watchers = Watchers.of(record.settings)
    try:
        answers = _ask(record, watchers, watchers.witnesses, watchers.mirrors)
    except (StoreError, KeyFileError, OSError) as error:
        # A log without its key, for one, can still be read.
        _logger.warning("no witness could be asked: %s", error)
        return
    for answer in answers:
        if not answer.is_good:
            _logger.warning("%s: %s", answer.who, answer.text)


def keep_cosigning(record: Record, ended: Event) -> None:
    """Have the latest checkpoint cosigned whenever there is a new one."""
    watchers = Watchers.of(record.settings)
    if record.is_mirror or not watchers.witnesses:
        return
    cosigning = Cosigning(record, watchers)
    while not ended.wait(POLL):
        try:
            cosigning.turn()
        except (StoreError, KeyFileError, OSError) as error:
            _logger.warning("no witness could be asked: %s", error)


class Cosigning:
    """One round after another; a witness that fails is given pauses."""

    def __init__(self, record: Record, watchers: Watchers) -> None:
        self._record, self._watchers = record, watchers
        self._pauses: dict[str, float] = {}
        self._next: dict[str, float] = {}

    def turn(self) -> list[Answer]:
        """Ask those witnesses that have not cosigned what the log holds now."""
        store, now = self._record.store, monotonic()
        size = store.size()
        due = [
            each
            for each in self._watchers.witnesses
            if self._next.get(each.name, 0) <= now
            and (each.name in self._pauses or store.cosigned_size(each.key.name) < size)
        ]
        answers = _ask(self._record, self._watchers, due) if due else []
        for answer in answers:
            self._note(answer)
        return answers

    def _note(self, answer: Answer) -> None:
        who, pause = answer.who, self._pauses.get(answer.who)
        if answer.cosignature:
            self._next.pop(who, None)
            if self._pauses.pop(who, None):
                _logger.warning("%s cosigns again", who)
            return
        if answer.is_good:
            return  # The log has grown meanwhile, and is shown at the next turn.
        if pause is None:
            _logger.warning("%s: %s", who, answer.text)
        self._pauses[who] = min(2 * pause if pause else POLL, LONGEST_PAUSE)
        self._next[who] = monotonic() + self._pauses[who]


def _ask(
    record: Record,
    watchers: Watchers,
    witnesses: Sequence[Witness],
    mirrors: Sequence[str] = (),
) -> list[Answer]:
    store, now = record.store, int(record.clock().timestamp())
    asked = {each.name: WitnessQuestion(store, each, now) for each in witnesses}
    keys = store.signing_keys() if mirrors else []
    looked = [MirrorQuestion(keys, each) for each in mirrors]
    answers = [judge(store, each) for each in ask([*asked.values(), *looked], LIMIT)]
    for answer in answers:
        if answer.cosignature:
            question = asked[answer.who]
            name = question.witness.key.name
            store.add_cosignature(question.size, name, answer.cosignature)
    # Who agrees now contradicts no longer; who was not heard is taken at his last word.
    heard = {a.who: a.sighting for a in answers if a.is_good or a.sighting}
    store.witnessed.update(heard, watchers.names)
    return answers


def _mirror(mirror: str) -> str:
    if not mirror.isprintable():
        raise PolicyError("COPPERPLATE_MIRRORS: a mirror has control characters")
    if not mirror.startswith(("http://", "https://")):
        return mirror
    try:
        return check_address(mirror)
    except ValueError as error:
        raise PolicyError(f"COPPERPLATE_MIRRORS: {mirror}: {error}") from error

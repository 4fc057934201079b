"""Erasure: what redactions name is overwritten in every place that holds words.

A redaction deletes the openings as it is recorded, and no answer shows the words from
then on. Their bytes stay behind in files and dead rows until each holder has been
gone through. That can be done again at any time, after a crash at any point too.
"""

import logging
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from projections.read_model import ReadModel
from schemas.codelists import ErasureState
from service.bulk.content import epoch_of, folder_of
from service.log.erasing import Redacted
from service.log.errors import StoreError
from service.shared_redis import ANSWERS

if TYPE_CHECKING:
    from service.record import Record

PATIENCE = 5.0  # Seconds to wait for those who read an older state.
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holder:
    """Something that keeps words.

    `erase` overwrites what redactions name, as often as it is called; it returns False
    if it must be tried again.
    """

    name: str
    erase: Callable[["Record", Sequence[Redacted], float], bool]


def apply_all(record: "Record") -> None:
    """Delete what any redaction names, before anything is served.

    Only a copy that was put back from before a redaction holds any of it; its log may
    not even know the redaction, but the file beside it does.
    """
    record.archive.tidy()
    known = record.kept_redactions.keep(record.store.redactions())
    if not known:
        return
    folder_of(record).remove_before(epoch_of(record))
    is_found = bool(record.store.erase_again(known))
    for model in record.generations.every_model():
        is_found |= _erase_words(model, known)
    if is_found:
        record.erasures.forget(each.position for each in known)


def run_pending(
    record: "Record",
    patience: float | None = None,
    on_holder: Callable[[int], None] = lambda count: None,
) -> list[Redacted]:
    """Let each holder erase what it has not yet; return what is pending still."""
    known = record.kept_redactions.keep(record.store.redactions())
    done, patience = record.erasures.done(), PATIENCE if patience is None else patience
    for holder in HOLDERS:
        due = [e for e in known if holder.name not in done.get(e.position, ())]
        if due and _is_erased(holder, record, due, patience):
            record.erasures.note((each.position for each in due), holder.name)
        on_holder(1)
    return pending(record)


def pending(record: "Record") -> list[Redacted]:
    """Return the redactions with which some holder is not done."""
    done = record.erasures.done()
    return [
        each
        for each in record.kept_redactions.keep(record.store.redactions())
        if state_of(each.position, done) == ErasureState.PENDING
    ]


def state_of(position: int, done: dict[int, set[str]]) -> ErasureState:
    """Return how far the erasure of a redaction is."""
    names = {holder.name for holder in HOLDERS}
    is_done = names <= done.get(position, set())
    return ErasureState.DONE if is_done else ErasureState.PENDING


def files_with(folder: Path, needles: Sequence[bytes]) -> list[Path]:
    """Return the files of a folder that hold any of these bytes."""
    return [path for path in sorted(folder.rglob("*")) if _has(path, needles)]


def _has(path: Path, needles: Sequence[bytes]) -> bool:
    try:
        if not path.is_file() or not path.stat().st_size:
            return False
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return any(content.find(each) >= 0 for each in needles)
    except FileNotFoundError:  # Removed meanwhile.
        return False


def _is_erased(
    holder: Holder, record: "Record", due: Sequence[Redacted], patience: float
) -> bool:
    try:
        return holder.erase(record, due, patience)
    except (StoreError, NoRoomError, DBAPIError, OSError) as error:
        # The words are shown no longer: that the rest waits ends nothing else.
        _logger.warning("%s: the erasure is to be tried again: %s", holder.name, error)
        return False


def _log(record: "Record", due: Sequence[Redacted], patience: float) -> bool:
    record.store.erase_again(due)
    return record.store.scrub(patience)


def _read_model(record: "Record", due: Sequence[Redacted], patience: float) -> bool:
    record.catch_up()  # What another process has read before is then not applied.
    is_done = True
    for model in record.generations.every_model():
        _erase_words(model, due)
        is_done &= model.scrub(patience)
    return is_done


def _erase_words(model: ReadModel, redactions: Sequence[Redacted]) -> bool:
    """Delete words from one generation; return whether it held any."""
    commitments = [each for one in redactions for each in one.sealed.values()]
    try:
        return bool(model.erase(commitments))
    except DBAPIError:
        if model.is_made:
            raise
        return False  # A rebuild has just removed it.


def _archive(record: "Record", due: Sequence[Redacted], patience: float) -> bool:
    # A redaction names words of ours, not what somebody else has published: a copy
    # of it goes only when it is named itself.
    record.archive.tidy()
    return True


def _bulk(record: "Record", due: Sequence[Redacted], patience: float) -> bool:
    # Files that heed the redactions are made anew when their time comes.
    folder = folder_of(record)
    folder.remove_before(epoch_of(record))
    if folder.path.is_dir():
        with folder.locked(patience):  # Whoever is making some sees that they are old.
            folder.tidy()
            folder.remove_before(epoch_of(record))
    return True


def _answers(record: "Record", due: Sequence[Redacted], patience: float) -> bool:
    # Nobody finds them any more; they are deleted before Redis would do it by itself.
    return record.redis.forget(ANSWERS)


# List here whatever is to keep words.
HOLDERS = (
    Holder("log", _log),
    Holder("read model", _read_model),
    Holder("archive", _archive),
    Holder("bulk files", _bulk),
    Holder("answers", _answers),
)

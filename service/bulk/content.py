"""Content: what the files of one position are made from."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from projections.moment import Moment, recorded_at
from schemas import dates
from service.bulk.folder import BulkFolder
from service.log.notes import unverified_checkpoint

if TYPE_CHECKING:
    from service.record import Record


@dataclass(frozen=True)
class Content:
    """A record as it stood at a position that was signed, and as of that day.

    The same on every machine: neither the clock nor what comes later is in it.
    """

    record: "Record"
    position: int
    epoch: int
    recorded_at: str
    checkpoint: bytes

    @classmethod
    def now(cls, record: "Record") -> "Content | None":
        """Return what is on record now, None if that is nothing."""
        epoch = epoch_of(record)
        note = record.store.own_checkpoint()
        position = unverified_checkpoint(note).size
        record.catch_up()
        instant = recorded_at(record.read_model, position)
        return cls(record, position, epoch, instant, note) if instant else None

    @property
    def day(self) -> str:
        """The day in London on which the last event was recorded."""
        return dates.london_day(datetime.fromisoformat(self.recorded_at))

    @property
    def moment(self) -> Moment:
        """The moment, as one of the past whatever is recorded meanwhile."""
        return Moment(self.position, self.position + 1, self.day)

    @property
    def is_current(self) -> bool:
        """Whether nothing has been redacted since."""
        return epoch_of(self.record) == self.epoch


def folder_of(record: "Record") -> BulkFolder:
    """Return the folder of the bulk files of a record."""
    return BulkFolder(record.settings.data / "bulk")


def epoch_of(record: "Record") -> int:
    """Return the position of the last redaction, also of one that a backup lacks."""
    known = record.kept_redactions.keep(record.store.redactions())
    return max((each.position for each in known), default=0)

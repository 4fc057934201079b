"""What people told the editors when they reported a problem, and limits to that.

It is no part of the record, nor of the read model: it lives apart (`DATA/desk.db`,
schema `desk`), and is deleted some time after its report was resolved. Addresses are
kept for an hour, and only as an HMAC under a key that is made anew each day.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from projections import database
from projections.address_keys import drop_keys, keys, known_as
from projections.database import KEY
from projections.private_tables import PrivateTables, metadata
from projections.read_model import Row
from schemas import dates

HOUR = timedelta(hours=1)
MOST_OF_AN_ADDRESS = 10  # Reports an hour.
MOST_OF_ALL = 300  # Reports an hour: a flood leaves the log readable.

table = Table(
    "report_texts",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("received_at", KEY, nullable=False, index=True),
    Column("stream", KEY, nullable=False),
    Column("version", Integer),
    Column("kind", KEY, nullable=False),
    Column("is_recorded", Boolean, nullable=False),
    Column("digest", KEY, index=True),
    Column("address", KEY),
    Column("text", KEY),
    Column("source_url", KEY),
    Column("contact", KEY),
)
# What was deleted and is not overwritten yet.
scrubs = Table("report_scrubs", metadata, Column("token", KEY, primary_key=True))

TOLD = ("text", "source_url", "contact")
_FORGOTTEN = dict.fromkeys((*TOLD, "digest", "address"))


class TooManyReportsError(Exception):
    """There were too many reports; the message says which, and when to try again."""

    def __init__(self, why: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report as it arrives: about an event of a stream, or (null) about all of it."""

    id: str
    stream: str
    version: int | None
    kind: str
    text: str
    source_url: str | None
    contact: str | None

    @property
    def digest(self) -> str:
        """What tells the same words on the same thing from others."""
        words = " ".join(unicodedata.normalize("NFKC", self.text).casefold().split())
        said = f"{self.stream} {self.version or ''}\n{words}"
        return hashlib.sha256(said.encode()).hexdigest()


class ReportTexts(PrivateTables):
    """What was told, by the id of the report."""

    tables = (table, keys, scrubs)

    def take(
        self,
        arrival: Arrival,
        address: str,
        now: datetime,
        is_open: Callable[[str], bool],
    ) -> str:
        """Keep what was told; return the id under which it is, perhaps an earlier one.

        Whoever says the same again is given the report that they made. Raises
        TooManyReportsError; `is_open` tells whether an earlier report still is.
        """
        with self._writing_alone() as connection:
            if earlier := _same(connection, arrival):
                return earlier
            stands_for = known_as(connection, address, now)
            _must_be_few(connection, arrival.stream, stands_for, now, is_open)
            row = {name: getattr(arrival, name) for name in _TAKEN}
            row |= {"received_at": _instant(now), "is_recorded": False}
            row |= {"digest": arrival.digest, "address": stands_for[0]}
            connection.execute(insert(table), row)
        return arrival.id

    def note_recorded(self, id: str) -> None:
        """Note that the log says of a report that it was received."""
        with database.writing(self._engine) as connection:
            is_it = table.c.id == id
            connection.execute(update(table).where(is_it).values(is_recorded=True))

    def unrecorded(self, before: datetime) -> list[Row]:
        """Return the reports of before an instant that the log may not know yet."""
        is_late = table.c.received_at <= _instant(before)
        statement = select(table).where(table.c.is_recorded.is_(False), is_late)
        with database.reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def get(self, id: str) -> Row | None:
        """Return what is kept of a report, or None."""
        statement = select(table).where(table.c.id == id)
        with database.reading(self._engine) as connection:
            found = connection.execute(statement).mappings().first()
        return dict(found) if found else None

    def ids(self) -> list[str]:
        """Return the ids of the reports of which something is kept."""
        with database.reading(self._engine) as connection:
            return sorted(connection.execute(select(table.c.id)).scalars())

    def holding(self, needles: Sequence[bytes]) -> list[str]:
        """Return the ids of the reports in whose words some of these bytes stand."""
        statement = select(table).where(table.c.text.is_not(None))
        with database.reading(self._engine) as connection:
            return sorted(
                row["id"]
                for row in connection.execute(statement).mappings()
                if _holds(row, needles)
            )

    def forget(self, ids: Iterable[str]) -> int:
        """Delete what was told in these reports; return of how many something was.

        What the reports are about stays: it is on record. See `scrub`.
        """
        count = 0
        with database.writing(self._engine) as connection:
            for id in ids:
                is_it = (table.c.id == id, table.c.text.is_not(None))
                statement = update(table).where(*is_it).values(**_FORGOTTEN)
                count += connection.execute(statement).rowcount
            _note_scrub(connection, count)
        return count

    def drop(self, ids: Iterable[str]) -> int:
        """Delete all that is kept of these reports; return of how many."""
        count = 0
        with database.writing(self._engine) as connection:
            for id in ids:
                statement = delete(table).where(table.c.id == id)
                count += connection.execute(statement).rowcount
            _note_scrub(connection, count)
        return count

    def forget_addresses(self, now: datetime) -> None:
        """Delete the addresses of an hour ago, and the keys of the days before."""
        is_old = table.c.received_at <= _instant(now - HOUR)
        old = (table.c.address.is_not(None), is_old)
        with self._writing_alone() as connection:
            statement = update(table).where(*old).values(address=None)
            count = connection.execute(statement).rowcount
            _note_scrub(connection, count + drop_keys(connection, now))

    def scrub(self, patience: float) -> bool:
        """Overwrite what was deleted; False if it must be tried again.

        It waits at most so many seconds for those who read.
        """
        with database.reading(self._engine) as connection:
            due = list(connection.execute(select(scrubs.c.token)).scalars())
        if not due:
            return True
        if not database.scrub(self._engine, (table, keys, scrubs), patience):
            return False
        with database.writing(self._engine) as connection:
            connection.execute(delete(scrubs).where(scrubs.c.token.in_(due)))
        return True


_TAKEN = ("id", "stream", "version", "kind", *TOLD)


def _same(connection: Connection, arrival: Arrival) -> str | None:
    statement = select(table.c.id).where(table.c.digest == arrival.digest)
    return connection.execute(statement.order_by(table.c.received_at)).scalar()


def _must_be_few(
    connection: Connection,
    stream: str,
    stands_for: Sequence[str],
    now: datetime,
    is_open: Callable[[str], bool],
) -> None:
    """Raise TooManyReportsError if the last hour had as many as it may have."""
    recent = table.c.received_at > _instant(now - HOUR)
    own = (recent, table.c.address.in_(stands_for))
    same = connection.execute(
        select(table.c.id, table.c.received_at)
        .where(*own, table.c.stream == stream)
        .order_by(table.c.received_at.desc())
    ).all()
    for each in same:
        if is_open(each.id):
            raise TooManyReportsError(
                f"Your report {each.id} on {stream} is open: one an hour is taken.",
                _seconds_to(each.received_at, now),
            )
    _must_be_below(connection, own, MOST_OF_AN_ADDRESS, "from your address", now)
    _must_be_below(connection, (recent,), MOST_OF_ALL, "in all", now)


def _must_be_below(
    connection: Connection, which: Sequence[Any], most: int, whose: str, now: datetime
) -> None:
    columns = (func.count(), func.min(table.c.received_at))
    count, first = connection.execute(select(*columns).where(*which)).one()
    if count >= most:
        raise TooManyReportsError(
            f"{most} reports an hour are taken {whose}, and so many there were.",
            _seconds_to(first, now),
        )


def _seconds_to(received_at: str, now: datetime) -> int:
    """Return in how many seconds a report will be an hour old."""
    end = datetime.fromisoformat(received_at) + HOUR
    return max(1, int((end - now).total_seconds()) + 1)


def _note_scrub(connection: Connection, count: int) -> None:
    if count:
        connection.execute(insert(scrubs), {"token": secrets.token_hex(8)})


def _holds(row: Any, needles: Sequence[bytes]) -> bool:
    words = "\n".join(row[name] or "" for name in TOLD).encode()
    return any(each in words for each in needles)


def _instant(moment: datetime) -> str:
    return dates.instant(moment.isoformat())

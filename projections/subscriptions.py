"""Subscriptions: to which addresses events are sent, how far, and what came of it.

They live apart from the log and the read model (`DATA/desk.db`, schema `desk`): what
is sent is a side effect, keeps its own position, and is no part of a rebuild. They
hold no words of the record. Of a token only a hash is kept.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from projections import database
from projections.address_keys import keys, known_as
from projections.database import KEY
from projections.listing import Listing, Page, page_of
from projections.private_tables import PrivateTables, metadata
from schemas import dates
from schemas.codelists import SubscriptionState

Row = dict[str, Any]
HOUR = timedelta(hours=1)
MOST_OF_AN_ADDRESS = 10  # New subscriptions an hour.
MOST_OF_A_HOST = 20  # So that nobody can turn this service upon a host.
MOST_OF_ALL = 1_000
ATTEMPTS = 20  # Of each subscription the last ones are kept.
UNCONFIRMED, ACTIVE = str(SubscriptionState.UNCONFIRMED), str(SubscriptionState.ACTIVE)
PACKED = ("nouns", "bodies", "types")
_TURN = 0x636F7072  # The advisory lock of whoever delivers.

table = Table(
    "subscriptions",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("token_hash", KEY, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", KEY, nullable=False, index=True),
    Column("base_url", Text, nullable=False),
    Column("nouns", Text, nullable=False),
    Column("bodies", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("state", KEY, nullable=False),
    Column("reason", KEY),
    Column("position", Integer, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("challenge", KEY, nullable=False),
    Column("test", KEY),
    Column("made_at", KEY, nullable=False),
    Column("confirmed_at", KEY),
    Column("changed_at", KEY, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", KEY),
    Column("next_at", KEY, nullable=False),
    Column("tried_at", KEY, nullable=False),
    Column("is_slow", Boolean, nullable=False),
    Column("address", KEY),
)
attempts = Table(
    "subscription_attempts",
    metadata,
    Column("subscription", KEY, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", KEY, nullable=False),
    Column("kind", KEY, nullable=False),
    Column("position", Integer),
    Column("status", Integer),
    Column("error", Text),
    Column("milliseconds", Integer, nullable=False),
)


class TooManySubscriptionsError(Exception):
    """There are too many subscriptions; the message says which, and when to retry."""

    def __init__(self, why: str, retry_after: int = 3600) -> None:
        self.retry_after = retry_after
        super().__init__(why)


class Subscriptions(PrivateTables):
    """The subscriptions of a record, whichever process delivers to them."""

    tables = (table, attempts, keys)

    def add(self, row: Row, address: str, now: datetime) -> None:
        """Add a subscription, or raise TooManySubscriptionsError."""
        with self._writing_alone() as connection:
            stands_for = known_as(connection, address, now)
            _must_be_few(connection, row["host"], stands_for, now)
            connection.execute(
                insert(table), _stored({**row, "address": stands_for[0]})
            )

    def get(self, id: str) -> Row | None:
        """Return one subscription, or None."""
        found = self._rows(table.c.id == id)
        return found[0] if found else None

    def all(self) -> list[Row]:
        """Return every subscription, by id."""
        return sorted(self._rows(), key=lambda row: row["id"])

    def due(self, head: int, now: str) -> list[Row]:
        """Return what there may be something to send to, the longest left alone first.

        That is a challenge, a test, or events up to the last position.
        """
        is_open = or_(
            table.c.state == UNCONFIRMED,
            (table.c.state == ACTIVE) & (table.c.position < head),
            table.c.test.is_not(None),
        )
        found = self._rows(is_open, table.c.next_at <= now)
        return sorted(found, key=lambda row: (row["tried_at"], row["id"]))

    def change(self, id: str, **values: Any) -> Row | None:
        """Change a subscription for its owner or the operator; None if it is gone.

        What is being sent to it meanwhile is then not noted any more.
        """
        values = {"edition": table.c.edition + 1, **_stored(values)}
        with self._writing_alone() as connection:
            connection.execute(update(table).where(table.c.id == id).values(**values))
        return self.get(id)

    def note(self, row: Row, values: Row, attempt: Row | None = None) -> bool:
        """Keep what came of sending; False if it is another's turn, or its owner's."""
        is_same = [table.c[name] == row[name] for name in ("id", "edition", "position")]
        with self._writing_alone() as connection:
            statement = update(table).where(*is_same).values(**_stored(values))
            if not connection.execute(statement).rowcount:
                return False
            if attempt:
                _add_attempt(connection, row["id"], attempt)
        return True

    def delete(self, id: str) -> bool:
        """Delete a subscription; False if there is none."""
        with self._writing_alone() as connection:
            connection.execute(delete(attempts).where(attempts.c.subscription == id))
            return bool(
                connection.execute(delete(table).where(table.c.id == id)).rowcount
            )

    def list_attempts(self, id: str, page: Page) -> Listing:
        """Return the last attempts to send to a subscription, the latest first."""
        statement = select(attempts).where(attempts.c.subscription == id)
        with database.reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(statement).mappings()]
        return page_of(rows, page, lambda row: (f"{10**12 - row['number']:013}",))

    def forget(self, now: datetime, unconfirmed: timedelta, idle: timedelta) -> None:
        """Delete what was not confirmed in time, or was left paused for very long.

        Addresses are kept for an hour.
        """
        since = {name: _instant(now - each) for name, each in
                 (("hour", HOUR), ("new", unconfirmed), ("idle", idle))}  # fmt: skip
        is_new = table.c.confirmed_at.is_(None)
        is_idle = table.c.state.not_in((UNCONFIRMED, ACTIVE))
        is_over = or_(
            is_new & (table.c.changed_at <= since["new"]),
            is_idle & (table.c.changed_at <= since["idle"]),
        )
        is_old = (table.c.address.is_not(None), table.c.made_at <= since["hour"])
        for id in [row["id"] for row in self._rows(is_over)]:
            self.delete(id)
        if self._rows(*is_old):
            with self._writing_alone() as connection:
                connection.execute(update(table).where(*is_old).values(address=None))

    @contextmanager
    def turn(self) -> Iterator[Callable[[], bool]]:
        """Be the one process that delivers; what is yielded tells if it (still) is."""
        opening = self._turn_on_postgresql if self._on_postgresql else self._turn
        with opening() as is_ours:
            yield is_ours

    @contextmanager
    def _turn(self) -> Iterator[Callable[[], bool]]:
        path = Path(str(self._engine.url.database)).with_name("deliveries.lock")
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = True
            except BlockingIOError:
                is_ours = False
            yield lambda: is_ours

    @contextmanager
    def _turn_on_postgresql(self) -> Iterator[Callable[[], bool]]:
        alone = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            asked = text(f"SELECT pg_try_advisory_lock({_TURN})")
            is_ours = bool(alone.execute(asked).scalar_one())
            yield lambda: is_ours and _answers(alone)
        finally:
            # Back in the pool, the session would go on holding the lock.
            alone.invalidate()
            alone.close()

    def _rows(self, *conditions: Any) -> list[Row]:
        with database.reading(self._engine) as connection:
            found = connection.execute(select(table).where(*conditions)).mappings()
            return [_shown(row) for row in found]


def _answers(connection: Connection) -> bool:
    try:
        return bool(connection.execute(text("SELECT true")).scalar_one())
    except DBAPIError:
        return False


def _must_be_few(
    connection: Connection, host: str, stands_for: Sequence[str], now: datetime
) -> None:
    """Raise TooManySubscriptionsError if one more would be too many."""
    is_recent = table.c.made_at > _instant(now - HOUR)
    is_own = table.c.address.in_(stands_for)
    for most, conditions, which in (
        (MOST_OF_ALL, (), "there are in all"),
        (MOST_OF_A_HOST, (table.c.host == host,), f"may send to {host}"),
        (MOST_OF_AN_ADDRESS, (is_recent, is_own), "an hour are taken of your address"),
    ):
        statement = select(func.count()).select_from(table).where(*conditions)
        if connection.execute(statement).scalar_one() >= most:
            raise TooManySubscriptionsError(
                f"At most {most:,} subscriptions {which}, and so many there are."
            )


def _add_attempt(connection: Connection, id: str, attempt: Row) -> None:
    is_own = attempts.c.subscription == id
    last = connection.execute(
        select(func.max(attempts.c.number)).where(is_own)
    ).scalar()
    row = {"subscription": id, "number": (last or 0) + 1, **attempt}
    connection.execute(insert(attempts), row)
    is_old = attempts.c.number <= row["number"] - ATTEMPTS
    connection.execute(delete(attempts).where(is_own, is_old))


def _stored(values: Mapping[str, Any]) -> Row:
    return {
        name: orjson.dumps(value).decode() if name in PACKED else value
        for name, value in values.items()
    }


def _shown(row: Mapping[Any, Any]) -> Row:
    shown = {str(name): value for name, value in row.items()}
    return shown | {name: orjson.loads(shown[name]) for name in PACKED}


def _instant(moment: datetime) -> str:
    return dates.instant(moment.isoformat())

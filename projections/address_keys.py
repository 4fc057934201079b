"""Address keys: what stands for the address of a client for as long as it is limited.

It is an HMAC under a key that is made anew each day: who has the database alone, after
the keys of its days are gone, learns no address.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Table, delete, insert, or_, select

from projections.database import KEY
from projections.private_tables import metadata
from schemas import dates

DAY = timedelta(days=1)

keys = Table(
    "report_address_keys",
    metadata,
    Column("day", KEY, primary_key=True),
    Column("secret", KEY, nullable=False),
)


def known_as(connection: Connection, address: str, now: datetime) -> tuple[str, ...]:
    """Return what stands for an address today, and what stood for it yesterday."""
    today = _day(now)
    known = {row.day: row.secret for row in connection.execute(select(keys))}
    if today not in known:
        known[today] = secrets.token_hex(32)
        row = {"day": today, "secret": known[today]}
        connection.execute(insert(keys), row)
    days = (today, _day(now - DAY))
    return tuple(_hmac(known[day], address) for day in days if day in known)


def drop_keys(connection: Connection, now: datetime) -> int:
    """Delete the keys of other days than today and yesterday; return how many."""
    is_old = or_(keys.c.day < _day(now - DAY), keys.c.day > _day(now + DAY))
    return connection.execute(delete(keys).where(is_old)).rowcount


def _hmac(secret: str, address: str) -> str:
    return hmac.new(bytes.fromhex(secret), address.encode(), hashlib.sha256).hexdigest()


def _day(moment: datetime) -> str:
    return dates.instant(moment.isoformat())[:10]

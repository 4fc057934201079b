"""The keys of editors: the one table that tells who may write.

Its rows change in the transaction of the events that say so: `Beside` is what the event
store is given to do beside an append.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from service.log.errors import ConflictError, RevokedError
from service.log.sessions import Row, Session, among

Beside = Callable[[Session], None]


class StoredKey(NamedTuple):
    """A key of an editor as it is kept: no more of it than a hash.

    `name` is what the operator calls the editor, `scopes` are separated by blanks; what
    is not there is empty.
    """

    id: str
    hash: bytes
    editor: str
    name: str
    scopes: str
    public_key: str
    added_at: str
    revoked_at: str = ""
    reason: str = ""


def adding(key: StoredKey) -> Beside:
    """Return what adds a key; ConflictError if there is one with this id."""

    def add(session: Session) -> None:
        if find_key(session, key.id):
            raise ConflictError(f"the key {key.id}")
        session.insert("keys", [key])

    return add


def revoking(id: str, at: str, reason: str) -> Beside:
    """Return what revokes a key."""
    sql = "UPDATE keys SET revoked_at = ?, reason = ? WHERE id = ?"

    def revoke(session: Session) -> None:
        session.rows(sql, (at, reason, id))

    return revoke


def must_stand(id: str, key: StoredKey | None) -> None:
    """Raise RevokedError unless the key that has this id is there and not revoked.

    So no event that a key has signed comes after its revocation.
    """
    if key is None or key.revoked_at:
        raise RevokedError(f"the key {id} is revoked")


def forget_names(session: Session, named: Iterable[tuple[int, str]]) -> None:
    """Forget what the operator calls editors whose shown names are erased.

    `named` are erased fields: the position of the event, and the name of the field.
    """
    for position, field in named:
        if field == "name":
            session.rows(_FORGET, (position,))


def find_key(session: Session, id: str) -> StoredKey | None:
    """Return the key with an id."""
    found = session.rows(_KEY, (id,))
    return _stored(found[0]) if found else None


def keys_with(session: Session, ids: Collection[str]) -> dict[str, StoredKey]:
    """Return the keys with these ids, by id."""
    if not ids:
        return {}
    marks, params = among(sorted(ids))
    rows = session.rows(f"{_KEYS} WHERE id IN ({marks})", params)
    return {row[0]: _stored(row) for row in rows}


def all_keys(session: Session) -> list[StoredKey]:
    """Return every key that was ever added, the oldest first."""
    return [_stored(row) for row in session.rows(f"{_KEYS} ORDER BY added_at, id")]


def _stored(row: Row) -> StoredKey:
    return StoredKey(row[0], bytes(row[1]), *row[2:])


_KEYS = f"SELECT {', '.join(StoredKey._fields)} FROM keys"
_KEY = f"{_KEYS} WHERE id = ?"
_FORGET = """
    UPDATE keys
    SET name = ''
    WHERE 'editor-' || editor = (SELECT stream FROM log WHERE position = ?)"""

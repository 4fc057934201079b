"""Editors: who may write, and the keys by which the service knows them."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from schemas.canonical import tidy
from schemas.codelists import EditorAction
from schemas.editors import EditorNamedSchema, KeyAddedSchema, KeyRevokedSchema
from schemas.events import RecordedEvent
from schemas.fields import EventData
from service.domain import editors as domain
from service.domain.base import RuleBrokenError
from service.log.editor_keys import StoredKey, adding, revoking
from service.log.event_store import Draft
from service.log.notes import NoteError, VerifierKey, encode_base64
from service.record import Record, draft_of

KEY_PATTERN = r"cpk_([0-9a-z]{8})_[A-Za-z0-9_-]{43}"
_KEY = re.compile(KEY_PATTERN)
_LONGEST = 200  # Characters of what is presented that are looked at.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Compared with what names no key, so that this takes the same time.
_NOBODY = StoredKey("k-", secrets.token_bytes(32), "", "", "", "", "")
# To record and to correct can be for some nouns only; the other actions know no noun.
OF_NOUNS = (EditorAction.RECORD, EditorAction.CORRECT)


class EditorError(Exception):
    """An editor or a key cannot be added or revoked; the message says why."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Who writes, by which key, and what that key opens.

    `public_key` is the base64 of the Ed25519 key with which the editor signs events.
    """

    id: str
    key_id: str
    scopes: frozenset[str]
    public_key: str | None = None

    def may(self, action: str, noun: str | None = None) -> bool:
        """Whether the key opens an action: for all nouns, or for this one."""
        return action in self.scopes or f"{action}:{noun}" in self.scopes

    def may_somewhere(self, action: str) -> bool:
        """Whether the key opens an action: for all nouns, or for any one."""
        return any(each.partition(":")[0] == action for each in self.scopes)


@dataclass(frozen=True, slots=True)
class Added:
    """A key that was just made; nothing but this ever holds the key itself."""

    editor: str
    key_id: str
    key: str


def authenticate(record: Record, presented: str) -> Editor | None:
    """Return whose key is presented, None if it opens nothing.

    Whatever is wrong with it, as much is done: one look-up, one hash, one comparison.
    """
    presented = presented[:_LONGEST]
    match = _KEY.fullmatch(presented)
    id = f"k-{match[1]}" if match else _NOBODY.id
    found = record.store.editor_key(id) or _NOBODY
    is_same = hmac.compare_digest(hash_of(presented), found.hash)
    return _editor(found) if is_same and not found.revoked_at else None


def by_key_id(record: Record, key_id: str) -> Editor | None:
    """Return whose key has an id, None if it opens nothing any more."""
    found = record.store.editor_key(key_id)
    return _editor(found) if found and not found.revoked_at else None


def plural(noun: str) -> str:
    """Return a noun as it stands in scopes and addresses: ratings, bodies."""
    return {"body": "bodies", "monitoring": noun}.get(noun, f"{noun}s")


def hash_of(key: str) -> bytes:
    """Return what is kept of a key.

    A fast hash is enough: the 256 random bits of a key cannot be searched, unlike the
    passwords that slow hashes are made for.
    """
    return hashlib.sha256(key.encode()).digest()


def add(
    record: Record,
    name: str,
    scopes: Sequence[str],
    *,
    public_key: str | None = None,
    shows_name: bool = False,
    editor: str | None = None,
    by: str = "system",
) -> Added:
    """Give a new editor, or one that is known, a key; return it, this one time.

    `name` is for the operator alone unless it is to be shown. Raises EditorError.
    """
    given = _new_key()
    thing = _known(record, editor) if editor else domain.Editor(f"ed-{_random(8)}")
    data = _checked(
        KeyAddedSchema,
        editor=thing.id,
        key_id=f"k-{given[4:12]}",
        public_key=public_key and raw_public_key(public_key),
        scopes=list(scopes),
    )
    called = _checked(EditorNamedSchema, editor=thing.id, name=tidy(name))["name"]
    if not called.isprintable():
        raise EditorError("The name of an editor is one line.")
    drafts = _drafts(thing, data, called if shows_name else None, by)
    key = StoredKey(
        data["key_id"],
        hash_of(given),
        thing.id,
        called,
        " ".join(data["scopes"]),
        data["public_key"] or "",
        _now(record),
    )
    record.store.append(drafts, beside=adding(key))
    record.catch_up()
    return Added(thing.id, key.id, given)


def revoke(
    record: Record, key_id: str, reason: str, *, by: str = "system"
) -> RecordedEvent:
    """Take a key back, at once and for good, or raise EditorError.

    Who has nothing but the key itself may name it by that.
    """
    if match := _KEY.fullmatch(key_id):
        key_id = f"k-{match[1]}"
    data = _checked(KeyRevokedSchema, key_id=key_id, reason=reason)
    key = record.store.editor_key(key_id)
    if key is None:
        raise EditorError(f"There is no key {key_id}: `copperplate editors list`.")
    thing = record.find(domain.Editor, key.editor)
    try:
        event = thing.revoke_key(**data)
    except RuleBrokenError as error:
        raise EditorError(str(error)) from error
    [recorded] = record.store.append(
        [draft_of(thing, event, by=by)],
        beside=revoking(key_id, _now(record), reason),
    )
    record.catch_up()
    return recorded


def scopes_of(actions: Sequence[str], nouns: Sequence[str]) -> list[str]:
    """Return the scopes for actions; to record and correct, for these nouns only."""
    return [
        scope
        for action in actions
        for scope in (
            [f"{action}:{noun}" for noun in nouns]
            if nouns and action in OF_NOUNS
            else [action]
        )
    ]


def raw_public_key(text: str) -> str:
    """Return the base64 of the 32 bytes of a verifier key, or raise EditorError.

    The name in it stays out of the log: it may be that of a person.
    """
    try:
        return encode_base64(VerifierKey.parse(text).public)
    except NoteError as error:
        raise EditorError(f"The public key: {error}.") from error


def _known(record: Record, id: str) -> domain.Editor:
    thing = record.find(domain.Editor, id)
    if not thing.version:
        raise EditorError(f"There is no editor {id}: `copperplate editors list`.")
    return thing


def _drafts(
    thing: domain.Editor, data: Mapping[str, Any], shown_name: str | None, by: str
) -> list[Draft]:
    added = thing.add_key(**{k: v for k, v in data.items() if k != "editor"})
    drafts = [draft_of(thing, added, by=by)]
    if shown_name:
        after = thing.evolve(added)
        drafts.append(draft_of(after, after.show_name(name=shown_name), by=by))
    return drafts


def _editor(key: StoredKey) -> Editor:
    scopes = frozenset(key.scopes.split())
    return Editor(key.editor, key.id, scopes, key.public_key or None)


def _checked(schema: type[EventData], **data: Any) -> dict[str, Any]:
    """Return the data as the wire contract has it."""
    try:
        return dict(schema().load(data))
    except ValidationError as error:
        faults = [f"{k}: {_words(why)}" for k, why in error.messages_dict.items()]
        raise EditorError("; ".join(faults)) from error


def _words(why: Any) -> str:
    """Return what marshmallow says, of the items of a list too, as one text."""
    if isinstance(why, str):
        return why
    return " ".join(map(_words, why.values() if isinstance(why, dict) else why))


def _new_key() -> str:
    return f"cpk_{_random(8)}_{secrets.token_urlsafe(32)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _now(record: Record) -> str:
    return f"{record.clock():%Y-%m-%dT%H:%M:%S.%fZ}"

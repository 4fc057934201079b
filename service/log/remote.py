"""The log of another service, read over HTTP; nothing that it says is believed here."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import orjson

from schemas.canonical import dump
from service.log.connections import (
    REQUEST_SECONDS,
    Connections,
    NotServedError,
    RemoteError,
    shown,
)
from service.log.leaf import MAX_BYTES
from service.log.merkle import TILE_BITS, TILE_WIDTH
from service.log.notes import (
    MAX_NOTE_BYTES,
    NoteError,
    decode_base64,
    unverified_checkpoint,
)
from service.log.proofs import HASH_BYTES
from service.log.reader import SignedSize, StoredOpening
from service.log.tiles import Tile, TileError, bundles, decode_entries

__all__ = ["NotServedError", "RemoteError", "RemoteLog"]

MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_BYTES)
MAX_JSON_BYTES = 64 * 2**20
MAX_ITEMS = 1000
T = TypeVar("T")


class RemoteLog:
    """A log that is served elsewhere, with the methods of a LogReader.

    Only the shape of what is answered is checked. Raises RemoteError.
    """

    def __init__(self, url: str, *, request_seconds: float = REQUEST_SECONDS) -> None:
        self._connections = Connections(url, request_seconds)
        self.url = self._connections.url
        self._size: int | None = None

    def checkpoint(self) -> bytes:
        """Return the latest signed checkpoint, whose size is remembered."""
        note = self._connections.get("/log/checkpoint", MAX_NOTE_BYTES)
        try:
            self._size = unverified_checkpoint(note).size
        except NoteError as error:
            raise self._malformed("/log/checkpoint", error) from error
        return note

    def verifier_keys(self) -> list[str]:
        """Return the verifier keys that the service gives as its own."""
        raw = self._connections.get("/log/key", MAX_NOTE_BYTES)
        try:
            return [line for line in raw.decode().split("\n") if line]
        except UnicodeDecodeError as error:
            raise self._malformed("/log/key", "not UTF-8") from error

    def size(self) -> int:
        """Return the size of the checkpoint that was read last."""
        if self._size is None:
            self.checkpoint()
        return self._size or 0

    def leaves(self, after: int, limit: int) -> list[bytes]:
        """Return the bytes of at most `limit` leaves that follow a position.

        Only those are asked for that the last checkpoint covers.
        """
        last = min(after + limit, self.size())
        found: list[bytes] = []
        for tile in bundles(after, self.size()):
            if tile.start >= last:
                break
            found += self._filled(tile, self._bundle)[: tile.width]
        skipped = after % TILE_WIDTH
        return found[skipped : skipped + max(last - after, 0)]

    def hashes(self, level: int, start: int, width: int) -> list[bytes]:
        """Return hashes `start` … of a level of tiles, as the last checkpoint has them.

        Those asked for lie within one tile.
        """
        n, skipped = divmod(start, TILE_WIDTH)
        whole = min(TILE_WIDTH, (self.size() >> level * TILE_BITS) - n * TILE_WIDTH)
        raw = self._filled(Tile(level, n, whole), self._tile)
        ends = range(skipped, min(skipped + width, whole))
        return [raw[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in ends]

    def openings(self, after: int, limit: int) -> list[StoredOpening]:
        """Return what opens the commitments of at most `limit` events, in order."""
        found: list[StoredOpening] = []
        for start in range(after, after + limit, MAX_ITEMS):
            found += self._some_openings(start, min(MAX_ITEMS, after + limit - start))
        return found

    def checkpoints(
        self, after: int = -1, limit: int = MAX_ITEMS, up_to: int | None = None
    ) -> list[SignedSize]:
        """Return at most `limit` checkpoints beyond a size, the smallest first."""
        path, found = "/log/checkpoints", list[SignedSize]()
        query = {"after": after} if after >= 0 else {}
        for item in self.items(path, **query, limit=min(limit, MAX_ITEMS)):
            size, note = item.get("size"), item.get("note")
            if type(size) is not int or size <= after or type(note) is not str:
                raise self._malformed(path, "not a checkpoint in its order")
            if len(found) == limit or (up_to is not None and size > up_to):
                break
            found.append(SignedSize(size, note.encode()))
            after = size
        return found

    def items(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Give the items of a JSON list, page after page."""
        page = self.json(path, **query)
        while True:
            items, following = _items(page), page.get("next")
            if items is None:
                raise self._malformed(path, "not a list of objects")
            yield from items
            if following is None:
                return
            if not items or type(following) is not str:
                raise self._malformed(path, "a page that leads nowhere")
            # Its host may be another than the one we trust so far: it is not used.
            page = self._object(f"{path}?{_query_of(following)}")

    def json(self, path: str, **query: Any) -> dict[str, Any]:
        """Return the object of one JSON answer."""
        return self._object(_address(path, query))

    def stream_lines(self, path: str, **query: Any) -> Iterator[bytes]:
        """Give the lines of an answer of any length while it comes."""
        rest = b""
        for part in self._connections.stream(_address(path, query)):
            *whole, rest = (rest + part).split(b"\n")
            yield from whole
            if len(rest) > MAX_JSON_BYTES:
                raise self._malformed(path, "a line is too long")
        if rest:
            raise self._malformed(path, "the last line is cut off")

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _filled(self, tile: Tile, read: Callable[[Tile], T]) -> T:
        """Return a tile; a partial one may have been filled since."""
        try:
            return read(tile)
        except NotServedError:
            if not tile.is_partial:
                raise
            return read(tile._replace(width=TILE_WIDTH))

    def _tile(self, tile: Tile) -> bytes:
        path = f"/log/tile/{tile.path}"
        raw = self._connections.get(path, HASH_BYTES * TILE_WIDTH)
        if len(raw) != HASH_BYTES * tile.width:
            raise self._malformed(path, f"not {tile.width} hashes")
        return raw

    def _bundle(self, tile: Tile) -> list[bytes]:
        path = f"/log/tile/{tile.path}"
        raw = self._connections.get(path, MAX_BUNDLE_BYTES)
        try:
            return decode_entries(raw, tile.width)
        except TileError as error:
            raise self._malformed(path, error) from error

    def _some_openings(self, after: int, limit: int) -> list[StoredOpening]:
        """Return the openings of a page, whose limit counts events."""
        path, found = "/v1/openings", list[StoredOpening]()
        last = (after + 1, "")
        items = _items(self.json(path, after=after, limit=limit))
        if items is None:
            raise self._malformed(path, "not a list of objects")
        for item in items:
            opening = _opening(item)
            if opening is None or not last < opening[:2] < (after + limit + 1, ""):
                raise self._malformed(path, "not an opening in its order")
            last = (opening.position, opening.name)
            found.append(opening)
        return found

    def _object(self, address: str) -> dict[str, Any]:
        raw = self._connections.get(address, MAX_JSON_BYTES)
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise self._malformed(address, "not JSON") from error
        if type(found) is not dict:
            raise self._malformed(address, "not a JSON object")
        return found

    def _malformed(self, path: str, cause: object) -> RemoteError:
        return RemoteError(f"{shown(self.url + path)}: {cause}")


def _items(page: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the items of a page, None unless it has the shape of one."""
    items = page.get("items")
    is_list = type(items) is list and all(type(each) is dict for each in items)
    return items if is_list else None


def _opening(item: dict[str, Any]) -> StoredOpening | None:
    """Return an opening, None unless it has the shape of one."""
    position, name = item.get("position"), item.get("name")
    commitment, salt = item.get("commitment"), item.get("salt")
    is_whole = type(position) is int and "value" in item
    if not is_whole or any(type(each) is not str for each in (name, commitment, salt)):
        return None
    try:
        raw = decode_base64(str(salt))
    except NoteError:
        return None
    return StoredOpening(
        int(str(position)), str(name), str(commitment), raw, dump(item["value"])
    )


def _address(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _query_of(address: str) -> str:
    try:
        query = urlsplit(address).query
    except ValueError:
        return ""
    return query if query.isascii() and query.isprintable() else ""

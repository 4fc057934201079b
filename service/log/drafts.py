"""Drafts: events that are checked and sealed, and wait for their instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.log.errors import DraftError
from service.log.leaf import LeafError, encode, title_faults
from service.log.sealing import Opening, seal

# As long as any other instant, so that the size of the leaf is known beforehand.
_NOT_YET = "0001-01-01T00:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class Draft:
    """One event ready to be appended as the next of its stream.

    `words` holds the sealed fields in clear, without those that are null; a signing
    editor brings a salt of 32 bytes for each.
    """

    stream: str
    version: int
    type: str
    by: str
    change: str
    data: dict[str, Any]
    words: dict[str, Any]
    sources: list[dict[str, Any]]
    signature: dict[str, str] | None = None
    salts: Mapping[str, bytes] | None = None


class Prepared(NamedTuple):
    """A checked leaf that lacks nothing but its instant, and its openings."""

    leaf: dict[str, Any]
    openings: list[Opening]

    @property
    def stream(self) -> str:
        """The stream that it is to be appended to."""
        return str(self.leaf["stream"])

    @property
    def version(self) -> int:
        """The place in its stream that it is to have."""
        return int(self.leaf["version"])


def prepare(drafts: Sequence[Draft | Prepared]) -> list[Prepared]:
    """Seal and check a batch, or raise DraftError that names every bad draft.

    What is prepared already is not sealed again.
    """
    prepared: list[Prepared] = []
    faults = _order_faults(drafts)
    for index, draft in enumerate(drafts):
        try:
            ready = draft if isinstance(draft, Prepared) else _prepare(draft)
            prepared.append(ready)
        except LeafError as error:
            faults += [(index, fault) for fault in error.faults]
        except ValueError as error:
            faults.append((index, str(error)))
    if faults:
        raise DraftError(sorted(faults))
    return prepared


def _prepare(draft: Draft) -> Prepared:
    sealed, openings = seal(draft.words, draft.salts)
    leaf: dict[str, Any] = {
        "v": 1,
        "type": draft.type,
        "stream": draft.stream,
        "version": draft.version,
        "recorded_at": _NOT_YET,
        "by": draft.by,
        "change": draft.change,
        "data": draft.data,
        "sealed": sealed,
        "sources": draft.sources,
    }
    if draft.signature is not None:
        leaf["signature"] = draft.signature
    encode(leaf)
    if faults := title_faults(draft.sources, draft.words.get("source_titles")):
        raise LeafError(faults)
    return Prepared(leaf, openings)


def _order_faults(drafts: Sequence[Draft | Prepared]) -> list[tuple[int, str]]:
    heads: dict[str, int] = {}
    faults = []
    for index, draft in enumerate(drafts):
        head = heads.get(draft.stream)
        if head is not None and draft.version != head + 1:
            faults.append((index, f"version {draft.version} does not follow {head}"))
        heads[draft.stream] = draft.version
    return faults

"""Work: the facts that rows want on record, held against what is on record.

A row is all its events or none: what it would record is kept apart until the whole
row has passed the rules, and a batch of rows is then appended in one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from schemas.codelists import AskedBy, Reason
from schemas.events import RecordedEvent
from service.domain.base import Aggregate, Corrected, Event, Fact, type_of
from service.imports.compared import differences, edits, is_known, shown, with_members
from service.imports.wanted import (
    Data,
    RefusedError,
    Wanted,
    checked,
    cut,
    is_id,
    said,
    sourcing,
    sourcing_of,
)
from service.log.drafts import Draft, Prepared, prepare
from service.log.errors import DraftError
from service.record import Record, draft_of, fold

A = TypeVar("A", bound=Aggregate)
May = Callable[[str, str], bool]
_HOLDER = " disputes"  # No member has such a name.
MOST_STREAMS = 200_000  # Names of streams that are kept, of one noun.
KEPT = 5_000  # Things that are kept in memory from one batch to the next.


@dataclass(frozen=True)
class Options:
    """How an import goes about what differs from the record, and in whose name.

    `may` says whether the editor may `record` or `correct` things of a noun; `key_id`
    is the key that must stand when something is recorded, if one is used.
    """

    disputes: bool = False
    fills: bool = False
    by: str = "system"
    may: May = lambda action, noun: True
    key_id: str | None = None


@dataclass
class Row:
    """What one row does: the things it names, and the events it makes."""

    things: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    prepared: list[Prepared] = field(default_factory=list)
    states: dict[str, Aggregate] = field(default_factory=dict)
    words: dict[str, dict[int, Data]] = field(default_factory=dict)
    is_check: bool = False
    is_redacted: bool = False


class Work:
    """The things that rows are about, with what the rows so far have added."""

    def __init__(self, record: Record, options: Options) -> None:
        self._record, self._options = record, options
        self._loaded: dict[str, Aggregate] = {}
        self._versions: dict[str, int] = {}
        self._read: set[str] = set()
        self._positions: dict[tuple[str, int], int] = {}
        self._redacted: dict[tuple[str, int], set[str]] = {}
        self._words: dict[str, dict[int, Data]] = {}
        self._streams: dict[str, frozenset[str] | None] = {}
        self._agreed: dict[str, tuple[Aggregate, Any]] = {}
        self._row = Row()
        self.drafts: list[Prepared] = []

    @property
    def read_set(self) -> dict[str, int]:
        """The streams that the batch has read but not added to, and their versions."""
        only_read = self._read - {draft.stream for draft in self.drafts}
        return {each: self._versions[each] for each in only_read}

    def begin_row(self) -> None:
        """Begin a row: what it adds is kept apart."""
        self._row = Row()

    def end_row(self) -> Row:
        """Take what the row adds into the batch."""
        self._loaded |= self._row.states
        self._words |= self._row.words
        self.drafts += self._row.prepared
        row, self._row = self._row, Row()
        return row

    def fault(self) -> str | None:
        """Seal the events of the row; return why they could not be stored, if so."""
        try:
            self._row.prepared = prepare(self._row.drafts)
        except DraftError as error:
            return "; ".join(why for _, why in error.faults)
        return None

    def end_batch(self, *, is_dry_run: bool = False) -> None:
        """Note that the batch was appended: later rows rest on it."""
        self.drafts.clear()
        self._read.clear()
        if is_dry_run:
            return
        self._versions = {k: each.version for k, each in self._loaded.items()}
        if len(self._loaded) > KEPT:
            self.forget()

    def forget(self) -> None:
        """Drop all that was loaded: it has grown, or somebody has added to it."""
        self._loaded.clear()
        self._positions.clear()
        self._redacted.clear()
        self._words.clear()
        self._versions.clear()
        self._read.clear()
        self._streams.clear()
        self._agreed.clear()
        self.drafts.clear()

    def find(self, kind: type[A], id: str) -> A:
        """Return a thing as it stands, with what this row has added."""
        stream = f"{kind.noun}-{id}"
        known = self._row.states.get(stream) or self._loaded.get(stream)
        if known is None:
            if not is_id(id):
                hint = "names no stream: a-z, 0-9, - and dots."
                raise RefusedError(f"id: {cut(id)} {hint}")
            known = self._load(kind(id))
        self._read.add(stream)
        assert isinstance(known, kind)  # A stream is named after its kind.
        return known

    def want(self, wanted: Wanted) -> None:
        """Put a fact on record if it is new, or hold it against the record."""
        thing = self.name(wanted.kind, wanted.id)
        if self._agrees_again(thing, wanted):
            return
        data = checked(wanted)
        fact = _fact(thing, wanted)
        if fact is None:
            _must_not_come_back(thing, wanted)
            self._add(thing, wanted.command(thing, {**data, **sourcing(wanted)}))
        else:
            self._compare(thing, fact, wanted, data)

    def words(self, stream: str, version: int) -> Data:
        """Return the sealed members of an original event, as they stand and are held.

        `redacted` are not among them.
        """
        return self._words_of(stream).get(version, {})

    def redacted(self, stream: str, version: int) -> set[str]:
        """Return which sealed members of an original event were redacted."""
        return self._redacted.get((stream, version), set())

    def note_redacted(self) -> None:
        """Note that the row states words that were redacted: they stay erased."""
        self._row.is_redacted = True

    def name(self, kind: type[A], id: str) -> A:
        """Note that the row is about a thing, and return it as it stands."""
        thing = self.find(kind, id)
        if thing.stream not in self._row.things:
            self._row.things.append(thing.stream)
        if thing.is_retracted:
            raise RefusedError(_was_retracted(thing.stream))
        return thing

    def check(self, stream: str) -> None:
        """Note that a derived row was held against a thing, and agrees."""
        self._row.things.append(stream)
        self._row.is_check = True

    def add_source(self, thing: Aggregate, fact: Fact, source: Data | None) -> None:
        """Add a source to a fact, unless it is known."""
        if source and not is_known(source, fact.event.sources):
            members = sourcing_of(source)
            self._add(thing, thing.add_source(adds_to=fact.version, **members))

    def _agrees_again(self, thing: Aggregate, wanted: Wanted) -> bool:
        """Whether the last row about a thing stated the same, and it agreed.

        The rows of a file often repeat what they have in common.
        """
        known, agreed = self._agreed.get(thing.stream, (None, None))
        return known is thing and agreed is not None and agreed == said(wanted)

    def _compare(
        self, thing: Aggregate, fact: Fact, wanted: Wanted, data: Data
    ) -> None:
        wanted = self._without_redacted(thing, fact, wanted)
        known = {**fact.event.data, **self.words(thing.stream, fact.version)}
        compare = edits if wanted.is_edit else differences
        finer, other = compare(known, data, wanted.stated)
        if not finer and not other:
            if wanted.stated:
                self.add_source(thing, fact, wanted.source)
            if not self._redacted.get((thing.stream, fact.version)):
                self._agreed[thing.stream] = thing, said(wanted)
        elif other:
            self._dispute(thing, fact, wanted, data, [*finer, *other])
        else:
            self._fill(thing, fact, wanted, data, finer)

    def _without_redacted(self, thing: Aggregate, fact: Fact, wanted: Wanted) -> Wanted:
        """Return what is wanted without words that were redacted: they stay erased."""
        gone = self._redacted.get((thing.stream, fact.version))
        if not gone:
            return wanted
        self._row.is_redacted = True
        source, context = wanted.source, dict(wanted.context)
        if source and "source_titles" in gone and is_known(source, fact.event.sources):
            source = {**source, "title": None}
        if words := context.get("words"):
            context["words"] = {k: v for k, v in words.items() if k not in gone}
        return replace(wanted, source=source, context=context)

    def _dispute(
        self,
        thing: Aggregate,
        fact: Fact,
        wanted: Wanted,
        data: Data,
        names: list[str],
    ) -> None:
        changed = with_members(fact.event.data, data, names)
        if any(each.data == changed for each in fact.disputes.values()):
            return
        if changed == fact.event.data:
            hint = " Words alone are not disputed: correct them."
            raise RefusedError(self._differs(thing, fact, data, names) + hint)
        if not self._options.disputes:
            hint = " If both are stated, --disputed records it beside the other."
            raise RefusedError(self._differs(thing, fact, data, names) + hint)
        dispute = thing.dispute(
            disputes=fact.version,
            data=changed,
            **wanted.context,
            **sourcing(wanted),
        )
        self._add(thing, dispute)

    def _fill(
        self,
        thing: Aggregate,
        fact: Fact,
        wanted: Wanted,
        data: Data,
        names: list[str],
    ) -> None:
        if not self._options.fills:
            hint = " It is finer: --fill lets it be recorded."
            raise RefusedError(self._differs(thing, fact, data, names) + hint)
        correction = thing.correct(
            corrects=fact.version,
            data=with_members(fact.event.data, data, names),
            reason=str(Reason.SOURCE_FOUND),
            asked_by=str(AskedBy.SYSTEM),
            **wanted.context,
            **sourcing(wanted),
        )
        self._add(thing, correction)

    def _differs(
        self, thing: Aggregate, fact: Fact, data: Data, names: list[str]
    ) -> str:
        position = self._positions.get((thing.stream, fact.version))
        where = f"position {position}" if position else f"{thing.stream} of this import"
        there = fact.event.data
        sides = [
            f"{n} is {shown(there[n])} there, {shown(data[n])} here"
            if n in there
            else f"{n} has other words there"  # Sealed: the report must not hold them.
            for n in names
        ]
        return f"Differs from {where}: {'; '.join(sides)}."

    def _add(self, thing: Aggregate, event: Event) -> None:
        self._must_be_allowed(thing.noun, event)
        draft = draft_of(thing, event, by=self._options.by, is_backfill=True)
        self._row.drafts.append(draft)
        self._row.states[thing.stream] = thing.evolve(event)
        known = dict(self._words_of(thing.stream))
        _tell(known, draft.type, draft.version, draft.data, draft.words)
        self._row.words[thing.stream] = known

    def _words_of(self, stream: str) -> dict[int, Data]:
        return self._row.words.get(stream) or self._words.get(stream, {})

    def _must_be_allowed(self, noun: str, event: Event) -> None:
        action = "correct" if isinstance(event, Corrected) else "record"
        if not self._options.may(action, noun):
            verb = f"{action} things of the noun {noun}"
            raise RefusedError(f"Not allowed: your key may not {verb}.")

    def _load(self, empty: A) -> A:
        is_new = self._is_new(empty)
        events = [] if is_new else self._record.store.read_stream(empty.stream)
        for each in events:
            self._positions[each.stream, each.version] = each.position
            if gone := each.sealed.keys() - each.opened.keys():
                about = (each.stream, _about(each))
                self._redacted.setdefault(about, set()).update(gone)
            known = self._words.setdefault(each.stream, {})
            _tell(known, each.type, each.version, each.data, each.opened)
        loaded = fold(empty, events)
        self._loaded[empty.stream] = loaded
        self._versions[empty.stream] = loaded.version
        return loaded

    def _is_new(self, thing: Aggregate) -> bool:
        """Whether a thing was not on record when those of its noun were looked up.

        If somebody has recorded it since, the append is refused, and rows done again.
        """
        noun = thing.noun
        if noun not in self._streams:
            self._streams[noun] = self._record.store.streams_of(noun, MOST_STREAMS)
        known = self._streams[noun]
        return known is not None and thing.stream not in known


def _about(event: RecordedEvent) -> int:
    """Return the version of the original event that an event is about: often itself."""
    named = (event.data.get(name) for name in ("corrects", "disputes", "adds_to"))
    return next((version for version in named if version), event.version)


def _tell(
    known: dict[int, Data], type: str, version: int, data: Data, opened: Data
) -> None:
    """Add to the words of a stream, by original event, what the next event says."""
    stated = {name: opened.get(name) for name in data.get("sealed_fields", ())}
    match type.partition(".")[2]:
        case "corrected":
            known[data["corrects"]] = {**known.get(data["corrects"], {}), **stated}
        case "disputed":
            known[version] = {_HOLDER: data["disputes"], **stated}
        case "dispute-settled" if data["prevails"] == data["settles"]:
            words = dict(known.get(data["settles"], {}))
            holder = words.pop(_HOLDER)
            known[holder] = {**known.get(holder, {}), **words}
        case "dispute-settled" | "retracted" | "sourced":
            pass
        case _:
            known[version] = dict(opened)


def _fact(thing: Aggregate, wanted: Wanted) -> Fact | None:
    alike = _alike(thing, wanted)
    if wanted.nth:
        alike = alike[wanted.nth - 1 : wanted.nth]
    return next((fact for fact in alike if not fact.is_retracted), None)


def _alike(thing: Aggregate, wanted: Wanted) -> list[Fact]:
    return [
        fact
        for fact in thing.facts.values()
        if type_of(fact.event) == wanted.type and wanted.is_same(fact.event)
    ]


def _must_not_come_back(thing: Aggregate, wanted: Wanted) -> None:
    if retracted := _alike(thing, wanted)[(wanted.nth or 1) - 1 :]:
        event = f"version {retracted[-1].version} of {thing.stream}"
        raise RefusedError(_was_retracted(event))


def _was_retracted(what: str) -> str:
    return f"Retracted: {what} was taken back, and an import does not bring it back."

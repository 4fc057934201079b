"""The reader of rows: the names on record, and the work that rows add to."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from projections.body_labels import BodyLabels
from projections.programmes import ProgrammeLabels
from schemas.codelists import BodyKind, Relation
from schemas.dates import is_world_date
from service.domain.bodies import Body, BodyLinked
from service.domain.programmes import Programme
from service.imports.names import Names, UnknownNameError, fold_title, shown, slug
from service.imports.shapes.cells import Cells, need, region_id
from service.imports.wanted import RefusedError
from service.imports.work import Work

EVERYWHERE = ("source_url", "publisher", "confidence", "note")
# Columns of which the text is sealed: names of people, titles, and what was said.
WORDS = {
    "attendees",
    "closing_note",
    "end_note",
    "holder_name",
    "minutes",
    "name_as_in_source",
    "note",
    "outcome_paraphrase",
    "paraphrase",
    "person_name",
    "plan_name",
    "report_text",
    "source_title",
    "speaker",
    "speaker_name",
    "stance_paraphrase",
    "status_note",
    "status_word",
    "summary",
    "text",
    "title",
    "topic",
    "value",
    "withdrawal_note",
}
FORCES = (str(BodyKind.POLICE_FORCE), str(BodyKind.SPECIAL_FORCE))


@dataclass(frozen=True)
class Shape:
    """One kind of file: its columns, and what a row of it puts on record.

    `key` are columns of which rows may state the same: each such row is told by its
    ordinal among them. A file of the shape has the columns of `required`, which no row
    leaves blank, and of `may_be_blank`. The columns of `derived` are known and not
    read; those of `public` hold text that is not sealed. The cells of a list are
    checked by the schemas of its events alone.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    put: Callable[["Reader", Any], None]
    about: str
    confidence: str = "high"
    publisher: str | None = None
    title: str | None = None
    key: tuple[str, ...] = ()
    may_be_blank: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    is_list: bool = False

    @property
    def present(self) -> set[str]:
        """The columns that a file of the shape has."""
        return {*self.required, *self.may_be_blank}

    @property
    def words(self) -> set[str]:
        """The columns of which the text is sealed where it is recorded."""
        return (WORDS & self.columns) - set(self.public)

    @cached_property
    def columns(self) -> set[str]:
        """The columns that are read; every date may say what it rests on."""
        if self.is_list:
            return {*self.present, *self.optional}
        own = {*self.present, *self.optional, *EVERYWHERE}
        own |= {"ordinal"} if self.key else set()
        return own | {f"{name}_basis" for name in own if is_world_date(name)}


class Reader:
    """What rows are read with: the names on record, and the work they add to."""

    def __init__(
        self,
        work: Work,
        bodies: BodyLabels,
        programmes: ProgrammeLabels,
        inspections: Mapping[str, str],
        responses: Callable[[], Iterable[tuple[str, str, str]]],
    ) -> None:
        self.work = work
        self.shape: Shape | None = None
        self.together: dict[str, set[str]] = {}
        self._kinds = dict(bodies.kinds)
        self._bodies = Names("body")
        self._programmes = Names("programme")
        self._inspections: dict[str, str] = {}
        self._responses: dict[tuple[str, str], list[str]] = {}
        self._on_record: Callable[[], Iterable[tuple[str, str, str]]] | None = responses
        self._pending: list[Callable[[], object]] = []
        self._named: dict[tuple[str, str], tuple[Programme, Names]] = {}
        for id, names in bodies.names().items():
            self.add_body(id, bodies.kinds.get(id, ""), *names)
        for id, row in programmes.rows.items():
            self.add_programme(id, row["title"])
        for id, title in inspections.items():
            self.add_inspection(id, title)
        self.end_row()

    def begin_row(self) -> None:
        """Begin a row: names that it adds wait until it has passed."""
        self._pending.clear()

    def end_row(self) -> None:
        """Let later rows name what this one has put on record."""
        for add in self._pending:
            add()
        self._pending.clear()

    def add_body(self, id: str, kind: str, *names: str | None) -> None:
        """Let a body be met under these names from the next row on."""

        def add() -> None:
            self._kinds[id] = kind
            is_apart = kind in (BodyKind.REGION, BodyKind.LOCAL_POLICING_BODY)
            # A name that is a force and a region means the force.
            self._bodies.add(id, () if is_apart else names)

        self._pending.append(add)

    def add_programme(self, id: str, title: str) -> None:
        """Let a programme be met under its title from the next row on."""
        self._pending.append(lambda: self._programmes.add(id, [title]))

    def add_inspection(self, id: str, title: str) -> None:
        """Let an inspection be met under its title from the next row on."""
        self._pending.append(
            lambda: self._inspections.setdefault(fold_title(title), id)
        )

    def inspection(self, title: str) -> str | None:
        """Return the id of the inspection that has such a title, or None."""
        return self._inspections.get(fold_title(title))

    def add_response(self, body: str, to: str, id: str) -> None:
        """Let the response of a body to a stream be found, whatever its date."""
        known = self._responses.setdefault((body, to), [])
        if id not in known:
            self._pending.append(lambda: known.append(id))

    def responses(self, body: str, to: str) -> list[str]:
        """Return the ids of the statements with which a body responds to a stream."""
        if self._on_record:
            for by, stream, id in self._on_record():
                self._responses.setdefault((by, stream), []).append(id)
            self._on_record = None  # Rows tell of what is added later.
        return self._responses.get((body, to), [])

    def remember(self, type: str, id: str, data: Mapping[str, Any]) -> None:
        """Let later rows meet by name what an event has put on record."""
        if type == "body.registered":
            self.add_body(id, data["kind"], data["name"])
        if type == "programme.announced":
            self.add_programme(id, data["title"])
        if type == "inspection.published":
            self.add_inspection(id, data["title"])
        if type == "statement.published":
            for stream in data.get("responds_to") or []:
                self.add_response(data["body"], stream, id)

    def body(self, name: str, column: str, kinds: tuple[str, ...] = FORCES) -> str:
        """Return the id of the body that is meant, of one of these kinds, or any."""
        id = self._found(self._bodies, name, column)
        if kinds and self._kinds[id] not in kinds:
            raise RefusedError(
                f"{column}: {shown(name)} is a {self._kinds[id]}, not a {kinds[0]}."
            )
        return id

    def programme(self, cells: Cells) -> Programme:
        """Return the programme that a row is about."""
        id = self._found(self._programmes, need(cells, "programme"), "programme")
        return self.work.find(Programme, id)

    def programme_id(self, name: str) -> str | None:
        """Return the id of the programme that is meant, or None."""
        with suppress(UnknownNameError):
            return self._programmes.find(name)
        return None

    def question(self, programme: Programme, label: str, column: str) -> str:
        """Return the id of the question that is meant by a label."""
        names = self._names_in(programme, "question", _question_names)
        try:
            return names.find(label)
        except UnknownNameError as error:
            raise RefusedError(f"{column}: {programme.id}: {error}") from error

    def programmes_with(self, tiers: int) -> list[Programme]:
        """Return the programmes on record that grade in so many tiers."""
        ids = sorted(set(self._programmes.ids()))
        found = (self.work.find(Programme, id) for id in ids)
        return [each for each in found if len(each.grades()) == tiers]

    def subjects_by_region(
        self, rows: list[Cells], kinds: tuple[str, ...]
    ) -> dict[str, set[str]]:
        """Return the members of each region, and whom the rows name beside them."""
        found: dict[str, set[str]] = {}
        for id in [*self._kinds]:
            for link in self.work.find(Body, id).live(BodyLinked):
                if link.relation == Relation.MEMBER_OF:
                    found.setdefault(link.to, set()).add(id)
        for row in rows:
            region = region_id(row.get("soc_region_id", ""))
            with suppress(RefusedError):
                named = self.body(row.get("body_id", ""), "body_id", kinds)
                found.setdefault(region, set()).add(named)
        return found

    def grade(self, programme: Programme, text: str) -> str:
        """Return the grade that is meant, on the scale of a programme."""
        if not programme.grades():
            return slug(text)  # The rules refuse it, and say why.
        names = self._names_in(programme, "grade", _grade_names)
        try:
            return names.find(text)
        except UnknownNameError as error:
            raise RefusedError(
                f"grade: {shown(text)} is no grade of {programme.id}"
                f"{names.nearest(text)}. Its grades: {', '.join(programme.grades())}."
            ) from error

    def _names_in(
        self, programme: Programme, noun: str, make: Callable[[Programme], Names]
    ) -> Names:
        """Return names of a programme, made once for as long as it stays the same."""
        known = self._named.get((programme.id, noun))
        if known is None or known[0] is not programme:
            known = self._named[programme.id, noun] = (programme, make(programme))
        return known[1]

    def source(self, cells: Cells, url_column: str = "source_url") -> dict[str, Any]:
        """Return the source of a row, or that of its file."""
        shape = self.shape
        assert shape  # Set before the first row is read.
        url = cells.get(url_column) or None
        return {
            "url": url,
            "publisher": cells.get("publisher") or (None if url else shape.publisher),
            "published_on": None,
            "accessed_on": None,
            "archived_url": None,
            "sha256": None,
            "confidence": slug(cells.get("confidence", "")) or shape.confidence,
            "title": None if url else shape.title or f"{shape.name}.csv",
        }

    def _found(self, names: Names, name: str, column: str) -> str:
        try:
            return names.find(name)
        except UnknownNameError as error:
            raise RefusedError(f"{column}: {error}") from error


def _question_names(programme: Programme) -> Names:
    names = Names("question")
    for alias, id in programme.aliases().items():
        names.add(id, [alias])
    return names


def _grade_names(programme: Programme) -> Names:
    names = Names("grade")
    for grade in programme.grades():
        names.add(grade)
    return names

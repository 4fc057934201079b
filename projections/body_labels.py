"""What other nouns show of bodies: their names, links and codes, at any moment."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from projections.moment import standing_rows
from projections.tables import Row
from schemas import dates
from schemas.codelists import BodyKind, Relation

COLUMNS = ("id", "part", "valid_from", "valid_to", "position_from", "position_to",
           "kind", "name", "relation", "other", "ons", "started_on")  # fmt: skip
BODY_COLUMNS = ("body", "body_name", "body_ons", "region", "overseen_by")
FORCES = (BodyKind.POLICE_FORCE, BodyKind.SPECIAL_FORCE)


class BodyRows:
    """The rows of all bodies that ever stood: bodies are few, so memory holds them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.itself: dict[str, list[Row]] = {}
        self.names: dict[str, list[Row]] = {}
        self.links: dict[tuple[str, str], list[Row]] = {}
        self.linked: dict[tuple[str, str], set[str]] = {}
        for row in sorted(rows, key=_by_version):
            self._add(row)

    def _add(self, row: Row) -> None:
        id, relation = row["id"], row["relation"]
        if relation:
            self.links.setdefault((id, relation), []).append(row)
            self.linked.setdefault((row["other"], relation), set()).add(id)
        elif row["part"]:
            self.names.setdefault(id, []).append(row)
        else:
            self.itself.setdefault(id, []).append(row)


class BodyLabels:
    """The names, links and codes of all bodies, as they stood at one moment."""

    def __init__(self, rows: BodyRows, position: int, day: str | None, today: str):
        self._rows, self._position = rows, position
        self._day, self._today = day, today
        self._names: dict[str, list[Row]] = {}
        self._columns: dict[str, Row] = {}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each body."""
        found = ((id, self.kind(id)) for id in self._rows.itself)
        return {id: kind for id, kind in found if kind}

    def kind(self, id: str | None) -> str | None:
        """Return the kind of a body, or None if it is not on record."""
        found = self._itself(id) if id else None
        return found["kind"] if found else None

    def name(self, id: str | None) -> str | None:
        """Return the name that a body bore on the day asked for, or bears."""
        return _at(self._named(id or ""), self._day, "name")

    def names(self) -> dict[str, list[str]]:
        """Return every name that each body ever bore."""
        found = ((id, self._named(id)) for id in self._rows.names)
        return {id: [row["name"] for row in rows] for id, rows in found if rows}

    def former_names(self, id: str) -> list[str]:
        """Return the names of a body other than the one it bears."""
        names = [row["name"] for row in self._named(id)]
        return [name for name in names if name != self.name(id)]

    def ons(self, id: str) -> str | None:
        """Return the code that the Office for National Statistics gave to a body."""
        found = self._itself(id)
        return found["ons"] if found else None

    def region(self, id: str) -> str | None:
        """Return the region that a body is a member of."""
        return self._other(id, Relation.MEMBER_OF)

    def overseen_by(self, id: str) -> str | None:
        """Return the body that oversees a body."""
        return self._other(id, Relation.OVERSEEN_BY)

    def columns(self, id: str) -> Row:
        """Return what every row that has a body says of it."""
        if id not in self._columns:
            self._columns[id] = {
                "body": id,
                "body_name": self.name(id),
                "body_ons": self.ons(id),
                "region": self.region(id),
                "overseen_by": self.overseen_by(id),
            }
        return self._columns[id]

    def columns_of(self, ids: Sequence[str | None]) -> Row:
        """Return the same of the one body of a row; nulls for none, and for many."""
        if len(ids) == 1 and ids[0]:
            return self.columns(ids[0])
        return dict.fromkeys(BODY_COLUMNS)

    def overseer_on(self, id: str, day: str) -> str | None:
        """Return the body that oversaw a body on a day."""
        return self._other(id, Relation.OVERSEEN_BY, day)

    def overseers(self, id: str) -> list[str]:
        """Return every body that ever oversaw a body."""
        links = self._linked(id, Relation.OVERSEEN_BY)
        return sorted({row["other"] for row in links})

    def columns_with_force(self, id: str) -> Row:
        """Return the same, and which force it is or oversees, with its region."""
        columns, force = self.columns(id), self.force(id)
        if force is None:
            return {**columns, "force": None, "force_ons": None}
        region = columns["region"] or self.region(force)
        ons = self.ons(force)
        return {**columns, "region": region, "force": force, "force_ons": ons}

    def force(self, id: str) -> str | None:
        """Return the body itself if it is a force, else the one it ever oversaw."""
        if self.kind(id) in FORCES:
            return id
        overseen = [each for each in self.overseen(id) if self.kind(each) in FORCES]
        return overseen[0] if len(overseen) == 1 else None

    def around_force(self, force: str) -> list[str]:
        """Return a force, and every body that ever oversaw it."""
        return [force, *self.overseers(force)]

    def overseen(self, id: str) -> list[str]:
        """Return every body that a body ever oversaw."""
        return self._linking(id, Relation.OVERSEEN_BY)

    def members(self, id: str) -> list[str]:
        """Return every body that was ever a member of a region."""
        found = self._linking(id, Relation.MEMBER_OF)
        return [each for each in found if self.kind(each)]

    def _linking(self, other: str, relation: str) -> list[str]:
        """Return the bodies that were ever so linked to another, by id."""
        return sorted(
            body
            for body in self._rows.linked.get((other, relation), ())
            if any(row["other"] == other for row in self._linked(body, relation))
        )

    def _itself(self, id: str) -> Row | None:
        return next(iter(self._standing(self._rows.itself.get(id, ()))), None)

    def _named(self, id: str) -> list[Row]:
        """Return the rows of the names of a body, in the order of time."""
        if id not in self._names:
            names = self._standing(self._rows.names.get(id, ()))
            order = chronological([row["started_on"] for row in names])
            self._names[id] = [names[number] for number in order]
        return self._names[id]

    def _linked(self, id: str, relation: str) -> list[Row]:
        return self._standing(self._rows.links.get((id, relation), ()))

    def _standing(self, rows: Iterable[Row]) -> list[Row]:
        return standing_rows(rows, self._position)

    def _other(self, id: str, relation: str, day: str | None = None) -> str | None:
        day = day or self._day
        last = day or self._today
        links = self._linked(id, relation)
        lasting = [each for each in links if (each["valid_to"] or "9") > last]
        return _at(lasting, day, "other")


def chronological(starts: Sequence[str | None]) -> list[int]:
    """Return the order in time of names given in the order of the log.

    The first is the oldest, whatever its date; an undated one comes where the log
    has it, after the dated ones before it.
    """
    days, last = [""], ""
    for start in starts[1:]:
        last = dates.first_day(start) if start else last
        days.append(last)
    return sorted(range(len(starts)), key=lambda number: days[number])


def _by_version(row: Row) -> tuple[str, int]:
    last = row["part"].rpartition(".")[2]
    return row["id"], int(last) if last else 0


def _at(rows: list[Row], day: str | None, column: str) -> str | None:
    """Return what held on the day, else the last; the first if all came later."""
    if not rows:
        return None
    if day is None:
        return str(rows[-1][column])
    begun = [row for row in rows if row["valid_from"] <= day]
    return str((begun or rows[:1])[-1][column])

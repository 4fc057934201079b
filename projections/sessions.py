"""Sessions: who held whom to account, when, and about what."""

from collections.abc import Sequence

import orjson
from sqlalchemy import Column

from projections.conditions import equal, holding
from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.items import Known, dated
from projections.listing import (
    Listing,
    Page,
    get_row,
    list_rows,
)
from projections.matching import saying
from projections.moment import Moment, span
from projections.read_model import Projection, ReadModel, Row, to_json
from projections.rows import keep_rows, plain_of, row_of, sealed_of
from schemas.tokens import Sought

PLAIN = ("held_on", "held_on_basis", "convened_by", "bodies", "about")
SEALED = ("title", "attendees", "minutes")

table = versioned_table("sessions", *(Column(name, KEY) for name in (*PLAIN, *SEALED)))
sessions = Projection(table, noun="session")


def session_rows(thing: Thing) -> list[Row]:
    """Return the row of a session."""
    return [
        {
            **row_of(thing, held),
            **span(held.data["held_on"]),
            **plain_of(held, "held_on", "convened_by"),
            "bodies": to_json(held.data["bodies"]),
            "about": to_json(held.data["about"]),
            **sealed_of(held, *SEALED),
        }
        for held in thing.live("session.held")
    ]


keep_rows(sessions, session_rows, "session.held")


# Queries.


def list_sessions(
    db: ReadModel,
    moment: Moment,
    page: Page,
    body: str | None = None,
    convened_by: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return sessions, by id."""
    conditions = [
        *holding("bodies", body),
        *equal(convened_by=convened_by),
    ]
    conditions += saying(db, moment, "session", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_session(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one session, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = Known(db, moment, rows, *SEALED)
    return [
        {
            "id": row["id"],
            **known.bodies.columns_of(orjson.loads(row["bodies"])),
            "bodies": orjson.loads(row["bodies"]),
            "body_names": [
                known.bodies.name(id) or id for id in orjson.loads(row["bodies"])
            ],
            "convened_by": row["convened_by"],
            "convened_by_name": known.bodies.name(row["convened_by"]),
            **dated(row, "held_on"),
            "about": orjson.loads(row["about"]),
            **known.words(row, *SEALED),
            **known.common(row),
        }
        for row in rows
    ]

"""Records of very many ratings, put into the read model without a log."""

from typing import Any

from sqlalchemy import select

from projections import database
from projections.ratings import table
from projections.read_model import ReadModel


def add_ratings(db: ReadModel, number: int, body: str | None = None) -> None:
    """Add so many ratings, each like one that stands, perhaps all of one body."""
    with database.writing(db.engine) as connection:
        standing = select(table).where(table.c.position_to.is_(None))
        like = [dict(row) for row in connection.execute(standing).mappings()]
        database.insert_many(connection, table, list(_copies(like, number, body)))


def _copies(like: list[dict[str, Any]], number: int, body: str | None) -> Any:
    for place in range(number):
        row = like[place % len(like)]
        whose = body or row["body"]
        yield {**row, "id": f"{row['id']}.copy-{whose}-{place}", "body": whose}

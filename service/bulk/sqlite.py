"""record.sqlite: what stands on record and every event, to be opened in Datasette.

A table is a list of the API. Columns that name a thing are foreign keys, so that its
name shows; words can be searched; the position of each row leads to its last event.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from marshmallow import fields

from projections.history import MEMBERS, event_item
from projections.listing import Opened, open_words
from projections.read_model import Row
from service.bulk.content import Content
from service.bulk.lists import TABLES, Table, rows_of
from service.bulk.manifest import Written

if TYPE_CHECKING:
    from service.record import Record

NAME = "record.sqlite"
NAMES = (NAME,)
ABOUT = (
    "What stands on record, a table a noun, and all events: for SQLite and Datasette."
)
MEDIA_TYPE = "application/vnd.sqlite3"
BATCH = 1000
INDEXED = ("in_force", "status", "grade", "kind", "published_on", "recorded_at")
VIEWS = {
    "grades_in_force": """
        SELECT body_name, programme_title, question_label, grade_label, grade_rank,
            in_force, published_on, body, programme, question, id, source_url
        FROM ratings
        WHERE in_force IN ('certain', 'possible')""",
    "open_findings": """
        SELECT body_name, kind_label, title, status_label, raised_on, inspection_title,
            body, inspection, id, source_url
        FROM findings
        WHERE NOT is_closed""",
    "open_plans": """
        SELECT body_name, title, claimed_status_label, claimed_on,
            assessed_status_label, assessed_on, body, id, source_url
        FROM plans
        WHERE closed_on IS NULL""",
    "history": """
        SELECT stream, version, position, recorded_at, type, change, "by", data, opened
        FROM events
        ORDER BY stream, version""",
}


def write(content: Content, folder: Path) -> Iterator[Written]:
    """Write the file: the same bytes for the same content and version of SQLite."""
    rows = write_file(content, folder / NAME)
    yield Written(NAME, ABOUT, MEDIA_TYPE, rows)


def make(record: "Record", path: Path) -> None:
    """Write the file of a record as it stands now, which must not be there yet."""
    content = Content.now(record)
    if content is None:
        raise ValueError("nothing is on record")
    write_file(content, path)


def write_file(content: Content, path: Path) -> int:
    """Write the file; return how many rows its tables have."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # The file is synced once it is whole.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        rows = _write_events(connection, content)
        rows += sum(_write_table(connection, content, each) for each in TABLES)
        for name, query in VIEWS.items():
            connection.execute(f'CREATE VIEW "{name}" AS {query}')
        connection.execute("ANALYZE")
        connection.execute("COMMIT")
    return rows


def broken_references(path: Path) -> set[tuple[str, str]]:
    """Return the tables and columns in which a thing is named that is not there.

    A thing that was retracted, say, is in no list, and may still be named.
    """
    with closing(sqlite3.connect(path)) as connection:
        broken = connection.execute(
            'SELECT DISTINCT "table", fkid FROM pragma_foreign_key_check()'
        ).fetchall()
        columns = {
            (name, id): column
            for name in {name for name, _ in broken}
            for id, column in connection.execute(
                'SELECT id, "from" FROM pragma_foreign_key_list(?)', (name,)
            )
        }
    return {(name, columns[name, id]) for name, id in broken}


def _write_events(connection: sqlite3.Connection, content: Content) -> int:
    whole = ("position", "version")
    columns = [f'"{n}" {"INTEGER" if n in whole else "TEXT"}' for n in MEMBERS]
    columns[0] += " PRIMARY KEY"
    connection.execute(f"CREATE TABLE events ({', '.join(columns)})")
    for after in range(0, content.position, BATCH):
        limit = min(BATCH, content.position - after)
        _insert(connection, "events", MEMBERS, _events(content, after, limit))
    connection.execute("CREATE INDEX events_stream ON events (stream, version)")
    connection.execute("CREATE INDEX events_type ON events (type)")
    connection.execute("CREATE INDEX events_recorded_at ON events (recorded_at)")
    return content.position


def _events(content: Content, after: int, limit: int) -> list[Row]:
    events = content.record.store.read(after, limit)
    opened = {e.sealed[name]: each for e in events for name, each in e.opened.items()}
    closed = {each for e in events for each in e.sealed.values()} - opened.keys()
    erased = open_words(content.record.read_model, closed).erased
    return [event_item(event, Opened(opened, erased)) for event in events]


def _write_table(connection: sqlite3.Connection, content: Content, table: Table) -> int:
    connection.execute(_definition(table))
    rows = 0
    for page in rows_of(content, table):
        _insert(connection, table.name, table.columns, page)
        rows += len(page)
    for name in (*table.references, *INDEXED):
        if name in table.columns and name != table.key[0]:
            index = f'"{table.name}_{name}" ON "{table.name}" ("{name}")'
            connection.execute(f"CREATE INDEX {index}")
    if table.searched:
        _index_words(connection, table)
    return rows


def _definition(table: Table) -> str:
    lines = [f'"{n}" {_type_of(each)}' for n, each in table.members.items()]
    lines.append(f"PRIMARY KEY ({_listed(table.key)})")
    lines += [
        f'FOREIGN KEY ("{name}") REFERENCES "{other}" ("id")'
        for name, other in table.references.items()
    ]
    if "position" in table.columns:
        lines.append('FOREIGN KEY ("position") REFERENCES events ("position")')
    return f'CREATE TABLE "{table.name}" ({", ".join(lines)})'


def _type_of(member: fields.Field[Any]) -> str:
    is_whole = isinstance(member, fields.Integer | fields.Boolean)
    return "INTEGER" if is_whole else "TEXT"


def _index_words(connection: sqlite3.Connection, table: Table) -> None:
    """Make the index that Datasette searches; `content` says of which table."""
    index = f'"{table.name}_fts"'
    columns = f'{_listed(table.searched)}, content="{table.name}"'
    connection.execute(f"CREATE VIRTUAL TABLE {index} USING fts5({columns})")
    for command in ("rebuild", "optimize"):
        connection.execute(f"INSERT INTO {index}({index}) VALUES (?)", (command,))


def _insert(
    connection: sqlite3.Connection,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Row],
) -> None:
    marks = ", ".join("?" for _ in columns)
    values = ([_stored(row[each]) for each in columns] for row in rows)
    sql = f'INSERT INTO "{name}" ({_listed(columns)}) VALUES ({marks})'
    connection.executemany(sql, values)


def _stored(value: Any) -> Any:
    """Return a value as a cell holds it: what is nested is JSON."""
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return int(value) if isinstance(value, bool) else value


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)

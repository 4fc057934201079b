"""Records whose words are redacted, and a search for the bytes of these words."""

import gzip
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace

import psycopg

from schemas.tokens import folded
from service import erasure, redaction
from service.config import Settings
from service.record import Record
from tests.examples import SAID, STATEMENT
from tests.records import SmallRecord

# Of several bytes a character, with quotes and newlines, longer than many pages, and
# with no long word that names one of our columns.
WELSH = "Dywedodd “y Prif Gwnstabl” wrth ŵyl Môn – 警察 №"  # noqa: RUF001
SPOKEN = f'{WELSH}: "never again",\nhe said. ' + " ".join(
    f"Utterance {number} of {WELSH}." for number in range(400)
)
SPEAKER = "Bartholomew Featherstonehaugh"
SHORT = "Aphrodite Quillfeather spoke"


def said(place, **words):
    """Make a record with a statement of these words; return its position."""
    small = SmallRecord(place.folder, place.url)
    given = {"text": SPOKEN, "speaker": SPEAKER, "title": SHORT, **words}
    small.register("west-mercia")
    small.put(STATEMENT, replace(SAID, **given))
    position = small.record.store.size()
    small.record.close()
    return position


def opened(place):
    settings = Settings(data=place.folder, database_url=place.url)
    return closing(Record.open(settings))


def redact(record, position, *fields, basis="court-order", reference="KB-2026-17"):
    planned = redaction.plan(record, position, fields or ("text", "speaker"))
    why = {"basis": basis, "reference": reference, "by": "system"}
    return redaction.redact(record, planned, **why)


def erase(record, patience=5):
    """Run what is pending; return the positions that still are."""
    return [each.position for each in erasure.run_pending(record, patience)]


def reader(place):
    """Open a transaction that still sees the words, as somebody who reads may."""
    if place.url:
        connection = psycopg.connect(place.url)
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM log.openings")
        connection.execute("SELECT count(*) FROM read_1.words")
        return [connection]
    files = [place.folder / name for name in ("events.db", "read-1.db")]
    connections = [sqlite3.connect(path) for path in files]
    for connection, table in zip(connections, ("openings", "words"), strict=True):
        connection.execute("BEGIN")
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return connections


def forms(text):
    """Return all bytes in which a text may stand, in pieces that fit on a page.

    An index has its words one by one, and shares the beginnings of neighbours.
    """
    ends = {each[2:].encode() for each in folded(text).split() if len(each) >= 8}
    return [*_pieces_of(text), *_pieces_of(folded(text)), *sorted(ends)]


def _pieces_of(text):
    whole = {
        text.encode(),
        json.dumps(text).encode()[1:-1],
        json.dumps(text, ensure_ascii=False).encode()[1:-1],
    }
    return [piece for form in whole for piece in _pieces(form)]


def _pieces(form):
    if len(form) < 200:
        return [form]
    return [form[at : at + 40] for at in range(0, len(form), 400)]


def holders(place, *texts):
    """Return the files, and the live tables of PostgreSQL, that hold such a text."""
    wanted = [each for text in texts for each in forms(text) if len(each) >= 6]
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    found = [
        p.name
        for p in files
        if any(each in raw for each in wanted for raw in unpacked(p))
    ]
    return sorted(found) + (tables(place, texts) if place.url else [])


def unpacked(path):
    """Return the bytes of a file, and what is packed in it."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        return [raw, gzip.decompress(raw)]
    if raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as packed:
            return [raw, *(packed.read(name) for name in packed.namelist())]
    return [raw]


def tables(place, texts):
    """Return the tables of every schema of which a row, as text, holds a text."""
    query = """
        SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"""
    found = []
    with psycopg.connect(place.url) as connection:
        for schema, table in connection.execute(query).fetchall():
            select = f'SELECT t::text FROM "{schema}"."{table}" t'
            content = "\n".join(
                row for (row,) in connection.execute(select.encode()).fetchall()
            )
            wanted = [w for text in texts for f in forms(text) for w in (f, f.hex())]
            if any((w if isinstance(w, str) else w.decode("utf-8", "ignore")) in content
                   for w in wanted):  # fmt: skip
                found.append(f"{schema}.{table}")
    return found

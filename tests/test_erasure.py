"""Erasure: no byte of what was redacted is left in any place that held it."""

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from projections.texts import texts
from schemas.tokens import folded
from service import erasure
from service.config import Settings
from service.log.erasing import needles_of
from tests.log_places import PostgresPlace, SQLitePlace, audit
from tests.redacting import (
    SHORT,
    SPEAKER,
    SPOKEN,
    erase,
    holders,
    opened,
    reader,
    redact,
    said,
)

ROOT = Path(__file__).parent.parent
ROUNDS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Give a place for a log that is not yet there."""
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    url = request.getfixturevalue("database_url")
    return PostgresPlace(folder, url, request.getfixturevalue("postgres_server"))


def test_no_byte_is_left_of_words_in_any_script_and_of_any_length(place):
    position = said(place)
    assert holders(place, SPOKEN) and holders(place, SPEAKER)
    with opened(place) as record:
        redact(record, position)
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []
    assert holders(place, SHORT), "what was not redacted is kept"
    with opened(place) as record:
        assert audit(place, record.store) == record.store.size()


def test_bytes_that_stay_within_pages_are_overwritten_too(tmp_path):
    place = SQLitePlace(tmp_path / "data")
    said(place)
    for name, table, column in (
        ("events.db", "openings", "value"),
        ("read-1.db", "words", "value"),
        ("read-1.db", "texts", "folded"),
    ):
        with closing(sqlite3.connect(place.folder / name)) as connection, connection:
            connection.execute("PRAGMA secure_delete = OFF")
            where = f"CAST({column} AS TEXT) LIKE '%{SPEAKER}%'"
            connection.execute(f"DELETE FROM {table} WHERE {where}")
    assert holders(place, SPEAKER) == ["events.db", "read-1.db"]
    with opened(place) as record:
        assert record.store.scrub(0) and record.read_model.scrub(0)
    assert holders(place, SPEAKER) == []


def test_the_words_that_are_searched_are_erased_too(place):
    position = said(place)
    [index] = [each for each in holders(place, SPEAKER.lower()) if "read" in each][:1]
    assert index in ("read-1.db", "read_1.texts")
    with opened(place) as record:
        redact(record, position)
        record.catch_up()
        assert erase(record) == []
        with record.read_model.engine.connect() as connection:
            left = connection.execute(select(texts.c.folded)).scalars().all()
    assert not set(folded(f"{SPOKEN} {SPEAKER}").split()) & set(" ".join(left).split())
    assert holders(place, SPEAKER.lower(), folded(SPOKEN)) == []


def test_the_statistics_of_postgresql_hold_no_words(place):
    if not place.url:
        return
    said(place)
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("ANALYZE read_1.texts")
        connection.execute("ANALYZE read_1.words")
        rows = connection.execute(
            "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'read_1'"
        ).fetchall()
    assert ("words", "commitment") in rows and ("texts", "thing") in rows
    assert not {"value", "folded", "array_to_tsvector"} & {name for _, name in rows}


def test_the_index_of_words_is_made_anew_where_rows_were_deleted_by_hand(tmp_path):
    place = SQLitePlace(tmp_path / "data")
    said(place)
    with closing(sqlite3.connect(place.folder / "read-1.db")) as connection, connection:
        connection.execute("DELETE FROM texts WHERE member = 'speaker'")
        connection.execute("DELETE FROM words WHERE value LIKE '%Featherstone%'")
    with opened(place) as record:
        assert record.read_model.scrub(0)
    assert "read-1.db" not in holders(place, SPEAKER)


def test_a_generation_that_older_code_made_is_erased_too(place):
    position = said(place)
    with opened(place) as record:
        with record.read_model.engine.begin() as connection:
            if not place.url:
                connection.exec_driver_sql("DROP TABLE texts_words")
            texts.drop(connection)
        record.rebuild()
        redact(record, position)
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []


def test_generations_before_and_unfinished_ones_are_erased_too(place):
    position = said(place)
    with opened(place) as record:
        record.rebuild()
        model = record.generations._fresh_model(record.generations._next_name())
        model.catch_up(record.store.read)
        model.engine.dispose()
        holding = [each for each in holders(place, SPEAKER) if "read" in each]
        if place.url:
            holding = {each.partition(".")[0] for each in holding}
        assert len(holding) == 3
        redact(record, position)
        assert erase(record) == []
        assert holders(place, SPOKEN, SPEAKER) == []
        record.rebuild()
        assert holders(place, SPOKEN, SPEAKER) == []


def test_it_is_pending_while_somebody_reads_an_older_state(place):
    position = said(place)
    with opened(place) as record:
        reading = reader(place)
        done = redact(record, position)
        assert erase(record, patience=0.1) == [done.position]
        assert record.store.read_stream(f"{done.noun}-{done.id}") != []
        for each in reading:
            each.close()
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []


def test_a_source_title_can_be_redacted(place):
    position = said(place)
    with opened(place) as record:
        [event] = record.store.read(position - 1, 1)
        assert "title" in event.sealed
        redact(record, position, "title")
        erase(record)
    assert holders(place, SHORT) == []


def command(place, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "redact", *words],
        cwd=ROOT,
        env=Settings(data=place.folder, database_url=place.url).to_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def words_of(position):
    fields = ["--field", "text", "--field", "speaker"]
    return [str(position), *fields, "--basis", "court-order", "--yes"]


def is_logged(place):
    where = "WHERE stream LIKE 'redaction-%'"
    return bool(place.sql(f"SELECT 1 FROM log {where}"))


def is_kept(place):
    return (place.folder / "redactions").exists()


def one_that_is_killed(place, position, step):
    """Run the command, and kill it as soon as a step of it has been done."""
    with command(place, *words_of(position)) as running:
        while running.poll() is None and not step(place):
            pass
        running.kill()


@pytest.mark.parametrize("step", [is_logged, is_kept])
def test_a_redaction_that_is_killed_after_a_step_is_finished_by_the_next(place, step):
    position = said(place)
    one_that_is_killed(place, position, step)
    must_be_finished_by_the_next(place, position)


def test_a_redaction_that_is_killed_at_any_time_is_finished_by_the_next(place):
    choice, position = random.Random(20261126), said(place)
    for _ in range(ROUNDS):
        with command(place, *words_of(position)) as running:
            try:
                running.wait(timeout=choice.uniform(0.8, 2.2))
            except subprocess.TimeoutExpired:
                running.kill()
    must_be_finished_by_the_next(place, position)


def must_be_finished_by_the_next(place, position):
    with command(place, *words_of(position)) as last:
        assert last.wait(timeout=60) == 0, last.stdout.read()
    with opened(place) as record:
        assert len(record.store.redactions()) == 1
        assert erasure.pending(record) == []
        assert audit(place, record.store) == record.store.size()
    assert holders(place, SPOKEN, SPEAKER) == []


def test_a_redaction_is_finished_from_whatever_step_it_was_left_at(place):
    position = said(place)
    with opened(place) as record:
        done = redact(record, position)
    # As a crash right after the commit leaves it: no file, nothing caught up.
    (place.folder / "redactions").unlink()
    for path in place.folder.glob("read-*"):
        path.unlink()
    with opened(place) as record:
        record.catch_up()
        assert [each.position for each in erasure.pending(record)] == [done.position]
        assert (place.folder / "redactions").stat().st_mode & 0o777 == 0o600
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []


def test_what_is_restored_from_before_a_redaction_is_erased_before_it_is_served(place):
    position = said(place)
    keep(place)
    with opened(place) as record:
        done = redact(record, position)
        erase(record)
    restore(place)
    assert holders(place, SPEAKER)
    with opened(place) as record:
        [event] = record.store.read(position - 1, 1)
        assert sorted(event.opened) == ["title"]
        assert record.store.size() == position, "the log itself does not know it"
        assert [each.position for each in erasure.pending(record)] == [done.position]
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []


def keep(place):
    place.back_up()
    if not place.url:
        names = ("read-1.db", "desk.db")
        for name in names:
            with closing(sqlite3.connect(place.folder / name)) as connection:
                copy = place.folder.with_name(f"kept-{name}")
                connection.execute(f"VACUUM INTO '{copy}'")


def restore(place):
    place.restore()
    if not place.url:
        for name in ("read-1.db", "desk.db"):
            for suffix in ("-wal", "-shm"):
                (place.folder / f"{name}{suffix}").unlink(missing_ok=True)
            shutil.copy(place.folder.with_name(f"kept-{name}"), place.folder / name)


def test_an_old_read_model_alone_is_erased_before_it_is_served(tmp_path):
    place = SQLitePlace(tmp_path / "data")
    position = said(place)
    keep(place)
    with opened(place) as record:
        redact(record, position)
        erase(record)
    shutil.copy(place.folder.with_name("kept-read-1.db"), place.folder / "read-1.db")
    with opened(place) as record:
        assert record.read_model.erase([]) == 0
        with closing(sqlite3.connect(place.folder / "read-1.db")) as connection:
            [(count,)] = connection.execute(
                "SELECT count(*) FROM words WHERE value LIKE ?", (f"%{SPEAKER}%",)
            )
        assert count == 0
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []


def test_a_line_that_a_crash_cut_short_is_passed_by_and_made_whole(tmp_path):
    place = SQLitePlace(tmp_path / "data")
    position = said(place)
    with opened(place) as record:
        redact(record, position)
    path = place.folder / "redactions"
    whole = path.read_text()
    path.write_text(whole[:-20])
    with opened(place):
        pass
    assert path.read_text() == whole


def test_the_search_finds_words_that_are_split_over_pages(tmp_path):
    place = SQLitePlace(tmp_path / "data")
    said(place)
    needles = needles_of(SPOKEN)
    found = {path.name for path in erasure.files_with(place.folder, needles)}
    assert found & {"events.db", "events.db-wal"}
    assert found & {"read-1.db", "read-1.db-wal"}

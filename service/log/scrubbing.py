"""Scrubbing: no page of the log's database keeps the bytes of erased openings.

A deleted row leaves its bytes behind: on SQLite in the parts of pages that hold nothing
and in the write-ahead log, on PostgreSQL in dead rows.
"""

import sqlite3
from contextlib import closing
from pathlib import Path


def scrub_sqlite(path: Path, patience: float) -> bool:
    """Write the openings into fresh pages, and empty the write-ahead log.

    False if somebody still reads an older state after so many seconds.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        connection.execute("PRAGMA secure_delete = ON")
        # First: under an old reader each new try would only make the file longer.
        if not _empty_wal(connection):
            return False
        _rewrite_openings(connection)
        return _empty_wal(connection)


def _empty_wal(connection: sqlite3.Connection) -> bool:
    [(is_busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not is_busy


def _rewrite_openings(connection: sqlite3.Connection) -> None:
    """Make the table anew: the pages that it leaves are overwritten with zeros.

    Not VACUUM: the log refers to rows of the events by numbers that it may change.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        [(made_by,)] = connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'openings'"
        ).fetchall()
        beside = made_by.replace("openings", "openings_beside", 1)
        connection.execute(beside)
        connection.execute("INSERT INTO openings_beside SELECT * FROM openings")
        connection.execute("DROP TABLE openings")
        connection.execute("ALTER TABLE openings_beside RENAME TO openings")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def scrub_postgres(url: str, table: str, patience: float) -> bool:
    """Write the table anew without its dead rows; False if it stays in use."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET lock_timeout = '{int(patience * 1000)}ms'".encode())
        try:
            connection.execute(f"VACUUM (FULL) {table}".encode())
        except psycopg.errors.LockNotAvailable:
            return False
    return True

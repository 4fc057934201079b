"""Where a log may be kept, seen from outside: raw SQL, backups and a full audit."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from service.log.event_store import EventStore
from service.log.merkle import leaf_hash
from service.log.notes import VerifierKey, open_checkpoint
from tests.test_merkle import brute_force

ROWS = """
    SELECT l.position, l.stream, l.version, l.leaf_hash, e.state,
        (SELECT MAX(size) FROM checkpoints),
        (SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1)
    FROM log l
    JOIN stored_events e
      ON e.originator_id = l.stream AND e.originator_version = l.version
    ORDER BY l.position"""


class SQLitePlace:
    url = None
    errors = sqlite3.Error

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sql(self, *statements: str) -> list[tuple]:
        """Run statements in one transaction; give the rows of the last."""
        with closing(sqlite3.connect(self.folder / "events.db")) as connection:
            with connection:
                for statement in statements:
                    rows = connection.execute(statement).fetchall()
            return rows

    def allow_changes(self, table: str) -> None:
        self.sql(f"DROP TRIGGER {table}_no_update", f"DROP TRIGGER {table}_no_delete")

    def corrupt_inserts(self, table: str, column: str) -> None:
        same = {
            "log": "position = NEW.position",
            "stored_events": "rowid = NEW.rowid",
            "openings": "position = NEW.position",
            "nodes": "n = NEW.n",
        }
        if table != "openings":
            self.allow_changes(table)
        self.sql(f"""
            CREATE TRIGGER flip AFTER INSERT ON {table}
            BEGIN
                UPDATE {table} SET {column} = zeroblob(32) WHERE {same[table]};
            END""")

    def back_up(self, label: str = "old") -> None:
        self.sql(f"VACUUM main INTO '{self._backup(label)}'")

    def restore(self, label: str = "old") -> None:
        for name in ("events.db-wal", "events.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy(self._backup(label), self.folder / "events.db")

    def _backup(self, label: str) -> Path:
        return self.folder.with_name(f"{label}.db")


class PostgresPlace:
    errors = psycopg.Error

    def __init__(self, folder: Path, url: str, server: str) -> None:
        self.folder, self.url, self._server = folder, url, server
        self._name = urlsplit(url).path[1:]

    def sql(self, *statements: str) -> list[tuple]:
        """Run statements in one transaction; give the rows of the last."""
        with psycopg.connect(self.url, options="-c search_path=log") as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def allow_changes(self, table: str) -> None:
        self.sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")

    def corrupt_inserts(self, table: str, column: str) -> None:
        self.sql(
            f"""
            CREATE FUNCTION flip() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.{column} := decode(repeat('00', 32), 'hex');
            RETURN NEW; END $$""",
            f"""
            CREATE TRIGGER flip BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION flip()""",
        )

    def back_up(self, label: str = "old") -> None:
        self._admin(f"CREATE DATABASE {self._name}_{label} TEMPLATE {self._name}")

    def restore(self, label: str = "old") -> None:
        self._admin(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._admin(f"ALTER DATABASE {self._name}_{label} RENAME TO {self._name}")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


def audit(place: SQLitePlace | PostgresPlace, store: EventStore) -> int:
    """Check the whole log by brute force against its checkpoint; return its size."""
    rows = place.sql(ROWS)
    if not rows:
        return 0
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    hashes = [leaf_hash(bytes(row[4])) for row in rows]
    assert hashes == [bytes(row[3]) for row in rows]
    keys = [VerifierKey.parse(key) for key in store.verifier_keys()]
    checkpoint = open_checkpoint(bytes(rows[0][6]), keys)
    assert checkpoint.size == rows[0][5] == len(rows)
    assert checkpoint.root == brute_force(hashes)
    versions: dict[str, int] = {}
    for _, stream, version, *_ in rows:
        assert version == versions.get(stream, 0) + 1
        versions[stream] = version
    nodes = place.sql("SELECT level, n, hash FROM nodes ORDER BY level, n")
    assert [(level, n) for level, n, _ in nodes] == [
        (level, n) for level in (1, 2) for n in range(len(rows) // 256**level)
    ]
    for level, n, each in nodes:
        below = hashes[n * 256**level : (n + 1) * 256**level]
        assert bytes(each) == brute_force(below)
    return len(rows)

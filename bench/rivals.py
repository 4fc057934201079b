"""What reads are compared with: a constant answer, nginx, and Datasette.

Datasette has record.sqlite as `copperplate bulk` makes it, opened as what never changes
(`-i`, so that it counts nothing twice), with no facets, no counts, no cells to look up
and no limits of time and size. Its profile is one query of SQL, which nests the rows of
seven tables; its history, the first 100 events. nginx is passed by, loudly, where it is
not installed.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bench.serving import Served, running
from service.bulk import sqlite
from service.bulk.content import Content
from service.record import Record
from tests.server import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
QUICK = "_nocount=1&_nofacet=1&_nosuggest=1&_labels=off"
DATASETTE = {
    "profile": "/record/profile.json?body=west-mercia&_shape=array&_json=profile",
    "list": f"/record/ratings.json?body=west-mercia&_shape=array&_size=100&{QUICK}",
    "history": f"/record/events.json?_shape=array&_size=100&{QUICK}",
    "CSV": f"/record/ratings.csv?_stream=on&_size=max&{QUICK}",
}
NESTED = ("ratings", "grade_changes", "findings", "plans", "monitoring", "responses")
LIMITS = {
    "sql_time_limit_ms": 60_000,
    "max_returned_rows": 100_000,
    "max_csv_mb": 0,
    "suggest_facets": "off",
    "allow_facet": "off",
    "default_cache_ttl": 60,
}
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log /dev/null; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=100 inactive=1h;
  keepalive_requests 1000000000; types {{ }} default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  proxy_cache_path {folder}/cache keys_zone=kept:10m;
  server {{ listen 127.0.0.1:{static}; root {files}; }}
  server {{
    listen 127.0.0.1:{proxy};
    location / {{
      proxy_pass {address}; proxy_set_header Host $host:$server_port;
      proxy_cache kept; proxy_cache_lock on;
    }}
  }}
}}
"""


def export(record: Record, folder: Path) -> Path:
    """Make that bulk file of a record which Datasette opens, unless it is there."""
    path = folder / "record.sqlite"
    if not path.exists():
        content = Content.now(record)
        assert content
        list(sqlite.write(content, folder))
    return path


@contextmanager
def datasette(database: Path) -> Iterator[Served]:
    """Serve a database by Datasette."""
    port = free_port()
    settings = [
        word for each in LIMITS.items() for word in ("--setting", *map(str, each))
    ]
    queries = {"profile": {"sql": profile_of(database)}}
    metadata = database.with_name("metadata.json")
    metadata.write_bytes(orjson.dumps({"databases": {"record": {"queries": queries}}}))
    command = [sys.executable, "-m", "datasette", "serve", "-i", str(database),
               "--port", str(port), "--metadata", str(metadata),
               *settings]  # fmt: skip
    with running(command, port) as served:
        yield served


def profile_of(database: Path) -> str:
    """Return the query that gives all rows of a body as one object of JSON."""
    with closing(sqlite3.connect(database)) as connection:

        def row(table: str) -> str:
            told = connection.execute(f"PRAGMA table_info({table})").fetchall()
            return ", ".join(f"'{each[1]}', \"{each[1]}\"" for each in told)

        parts = [
            f"'{each}', (SELECT json_group_array(json_object({row(each)})) "
            f"FROM {each} WHERE body = :body)"
            for each in NESTED
        ]
        one = f"SELECT json_object({row('bodies')}) FROM bodies WHERE id = :body"
    return f"SELECT json_object('body', ({one}), {', '.join(parts)}) AS profile"


@contextmanager
def constant(answers: Path, threads: int) -> Iterator[Served]:
    """Serve answers from a file by our server and an app that does nothing else."""
    port = free_port()
    command = [sys.executable, "-m", "bench.constant", str(port), str(answers)]
    with running([*command, str(threads)], port) as served:
        yield served


@contextmanager
def nginx(
    ours: Served, files: dict[str, bytes]
) -> Iterator[tuple[Served, Served] | None]:
    """Serve files by nginx, and by a second server of it what ours lets it keep.

    The files are told by the names that stand in the path. None without nginx.
    """
    if NGINX is None:
        print("nginx is not installed: it is PASSED BY, and its columns are empty.")
        yield None
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        for each, content in files.items():
            (folder / "files" / each).write_bytes(content)
        static, proxy = free_port(), free_port()
        (folder / "nginx.conf").write_text(
            CONFIGURATION.format(
                folder=folder, files=folder / "files", address=ours.address,
                static=static, proxy=proxy,
                user="user root;" if os.geteuid() == 0 else "",
            )
        )  # fmt: skip
        command = [NGINX, "-e", "/dev/null", "-c", str(folder / "nginx.conf")]
        with running(command, static) as served:
            yield served, Served(f"http://127.0.0.1:{proxy}", served.pid)


def versions() -> str:
    """Return the versions of what is compared with."""
    from importlib.metadata import version

    told = f"Datasette {version('datasette')}"
    if NGINX:
        said = subprocess.run([NGINX, "-v"], capture_output=True, text=True).stderr
        told += f", nginx {said.strip().rpartition('/')[2]}"
    return told

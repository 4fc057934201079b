"""Reads: hot, unchanged, cold and past, beside a constant answer, nginx and Datasette.

Run `python -m bench.reads [--rounds N] [--connections N] [--times N]`; what `--records
FOLDER` keeps need not be made again. All opponents run beside ours and are loaded in
turns, a second each. The constant answer is the
ceiling of our server: the same status, headers and body, to the byte, from a
dictionary, served with the same settings; once more with four threads, which is the
best for it. Ours counts its requests, as it does by default, at a rate that nobody
reaches.

With `--times 60` all is measured again on the founding record 60 times over, to see
what grows: hot reads with nothing, cold reads by index, appends by the logarithm.
"""

import argparse
import os
import platform
import signal
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from bench import rivals
from bench.multiplied import founded
from bench.serving import (
    WRK,
    Load,
    Served,
    children,
    get,
    in_turns,
    middle_and_slowest,
    rss,
    running,
    singly,
    wait_for,
)
from service.config import Settings
from service.domain.bodies import Body
from service.record import Record
from service.start import SHORT_READERS
from tests import server

PATHS = {
    "profile": "/v1/bodies/west-mercia/profile",
    "list": "/v1/ratings?body=west-mercia",
    "history": "/v1/bodies/west-mercia/timeline",
    "CSV": "/v1/ratings.csv",
}
THREADS = Settings().long_readers + SHORT_READERS
BEST_THREADS = 4
ADDED = {"date", "server", "connection", "transfer-encoding"}  # By each server.
NEVER = {"COPPERPLATE_RATE_LIMIT": "999999999"}  # Requests a minute: nobody waits.
APPENDS, STARTS = 200, 3
LARGE, FEW = 10**6, 2  # Answers of more bytes are asked for on so many connections.
Figures = dict[str, float]


def ours(folder: Path, port: int) -> list[str]:
    return [*server.command(folder, "--port", str(port))]


def hot(folder: Path, database: Path, options: argparse.Namespace) -> Figures:
    """Print how often what was answered before is answered again, beside others."""
    port = server.free_port()
    with ExitStack() as stack:
        served = stack.enter_context(running(ours(folder, port), port, **NEVER))
        answers, etags = answers_of(served)
        told = folder.with_name("answers.json")
        told.write_bytes(orjson.dumps(answers))
        same = stack.enter_context(rivals.constant(told, THREADS))
        best = stack.enter_context(rivals.constant(told, BEST_THREADS))
        files = {n: answers[p][1].encode("latin-1") for n, p in PATHS.items()}
        nginx = stack.enter_context(rivals.nginx(served, files))
        rival = stack.enter_context(rivals.datasette(database))
        print_head()
        figures: Figures = {}
        for name, path in PATHS.items():
            asked = {"ours": (served, path, ""), "same": (same, path, ""),
                     "best": (best, path, "")}  # fmt: skip
            if nginx:
                asked["static"] = (nginx[0], f"/{name}", "")
                asked["proxy"] = (nginx[1], path, "")
            asked["Datasette"] = (rival, rivals.DATASETTE[name], "")
            # Else all that is measured of what has megabytes is how it piles up.
            many = FEW if len(files[name]) > LARGE else options.connections
            loads = in_turns(asked, options.rounds, many)
            print_line(name, len(files[name]), loads)
            held = {"ours": (served, path, etags[path]), "same": (same, path, "*"),
                    "best": (best, path, "*")}  # fmt: skip
            unchanged = in_turns(held, options.rounds, options.connections)
            print_line(f"{name}, 304", 0, unchanged)
            if name != "CSV":  # It has more bytes in a longer record.
                figures[f"hot {name}, us of a core"] = loads["ours"].cpu
            figures[f"hot {name}, 304, us of a core"] = unchanged["ours"].cpu
    return figures


def answers_of(served: Served) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what ours answers to each address when it is at hand, and the ETags."""
    answers, etags = {}, {}
    for path in PATHS.values():
        for _ in range(3):
            _, headers, body = get(served, path)
        etags[path] = dict(headers)["etag"]
        status, of_304, _ = get(served, path, etags[path])
        assert status == 304
        own, own_304 = (
            [each for each in told if each[0] not in ADDED]
            for told in (headers, of_304)
        )
        answers[path] = [own, body.decode("latin-1"), own_304]
    return answers, etags


COLUMNS = ("ours/s", "p50 ms", "p99 ms", "us", "constant", "of it", "by core", "best",
           "of it", "nginx", "its cache", "Datasette", "times")  # fmt: skip
COLD_COLUMNS = ("cold", "p50 ms", "p99 ms", "Datasette", "times", "of the present")


def print_head() -> None:
    print(f"\n{'hot':>13} {'bytes':>9} " + " ".join(f"{each:>9}" for each in COLUMNS))


def print_line(name: str, size: int, loads: dict[str, Load]) -> None:
    mine, same, best = loads["ours"], loads["same"], loads["best"]
    others = [loads[each].rate if each in loads else None
              for each in ("static", "proxy", "Datasette")]  # fmt: skip
    values = [
        f"{mine.rate:,.0f}", f"{mine.p50:.2f}", f"{mine.p99:.2f}", f"{mine.cpu:.1f}",
        f"{same.rate:,.0f}", f"{mine.rate / same.rate:.2f}",
        f"{same.cpu / mine.cpu:.2f}",
        f"{best.rate:,.0f}", f"{mine.rate / best.rate:.2f}",
        *("" if each is None else f"{each:,.0f}" for each in others),
        f"{mine.rate / others[2]:,.0f}" if others[2] else "",
    ]  # fmt: skip
    print(f"{name:>13} {size:9,} " + " ".join(f"{each:>9}" for each in values))


def cold(folder: Path, database: Path) -> Figures:
    """Ask what nobody has asked: each address has a day of its own."""
    port = server.free_port()
    months = [f"20{year}-{m:02}" for year in range(15, 25) for m in range(1, 13)]
    days = [f"{month}-11" for month in months]
    figures: Figures = {}
    print("\n" + " ".join(f"{each:>14}" for each in COLD_COLUMNS))
    with (
        running(ours(folder, port), port, **NEVER) as served,
        rivals.datasette(database) as rival,
    ):
        head = orjson.loads(get(served, "/v1/status")[2])["head"]
        for name in ("profile", "list"):
            path = PATHS[name] + ("&" if "?" in PATHS[name] else "?")
            singly(served, [f"{path}as_of=2014-01-0{n}" for n in range(1, 6)])
            present = [f"{path}as_of={day}" for day in days]
            past = [f"{each}&at_position={head // 2 + n}" for n, each in
                    enumerate(present)]  # fmt: skip
            other = [f"{rivals.DATASETTE[name]}&_n={n}" for n in range(len(days))]
            now, then, theirs = alternately(
                (served, present), (served, past), (rival, other)
            )
            for said, (p50, p99) in ((name, now), (f"{name}, past", then)):
                ratio = f"{p50 / now[0]:>14.2f}" if said != name else ""
                print(f"{said:>14} {p50:>14.2f} {p99:>14.2f} {theirs[0]:>14.2f} "
                      f"{theirs[0] / p50:>14.1f} {ratio}")  # fmt: skip
                figures[f"cold {said}, ms"] = p50
    return figures


def alternately(*asked: tuple[Served, list[str]]) -> list[tuple[float, float]]:
    """Ask servers for their addresses in turns; return each median and p99."""
    times: list[list[float]] = [[] for _ in asked]
    for paths in zip(*(paths for _, paths in asked), strict=True):
        for (served, _), path, mine in zip(asked, paths, times, strict=True):
            mine.append(singly(served, [path])[0] / 1000)
    return [middle_and_slowest(each) for each in times]


def beginning(folder: Path) -> Figures:
    """Time the first answer of a server that is started, and weigh its worker."""
    times, sizes = [], []
    for _ in range(STARTS):
        port = server.free_port()
        began = time.perf_counter()
        process = subprocess.Popen(
            ours(folder, port), stderr=subprocess.DEVNULL, env={**os.environ, **NEVER}
        )
        served = Served(f"http://127.0.0.1:{port}", process.pid)
        try:
            wait_for(served.address)
            assert get(served, "/v1/bodies/west-mercia")[0] == 200
            times.append(time.perf_counter() - began)
            served.settle()
            workers = children(process.pid)
            sizes.append((max(map(rss, workers)) / 2**20, rss(process.pid) / 2**20))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    worker, parent = map(statistics.median, zip(*sizes, strict=True))
    print(f"\nstart to the first answer: {statistics.median(times):.2f} s, at best "
          f"{min(times):.2f} s, of {STARTS} starts (to reach: under 2)\n"
          f"idle memory of a worker: {worker:.0f} MiB (to reach: under 120), of the "
          f"process that starts it {parent:.0f} MiB")  # fmt: skip
    return {"start to the first answer, s": statistics.median(times),
            "idle memory of a worker, MiB": worker}  # fmt: skip


def appended(folders: list[Path]) -> list[Figures]:
    """Time single appends, log and read model, to several records in turns."""
    with ExitStack() as stack:
        records = [
            stack.enter_context(closing(Record.open(Settings(data=each))))
            for each in folders
        ]
        for record in records:
            record.catch_up()
        walls: list[list[float]] = [[] for _ in records]
        cores: list[list[float]] = [[] for _ in records]
        for _ in range(APPENDS):
            for record, wall, core in zip(records, walls, cores, strict=True):
                body = Body(f"bench-{record.store.size()}")
                event = body.register(
                    kind="police-force", name=body.id, started_on=None,
                    started_on_basis=None, note="A note.", sources=[SOURCE],
                    outside_ids=dict.fromkeys(("ons", "police_uk", "hmicfrs")),
                )  # fmt: skip
                began, worked = time.perf_counter(), time.process_time()
                record.record(body, event, by="system")
                wall.append(time.perf_counter() - began)
                core.append(time.process_time() - worked)
    return [
        {"append, ms": statistics.median(wall) * 1000,
         "append, ms of a core": statistics.median(core) * 1000}
        for wall, core in zip(walls, cores, strict=True)
    ]  # fmt: skip


SOURCE = {
    "url": "https://example.org/bench",
    "publisher": None,
    "published_on": None,
    "accessed_on": None,
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
    "title": None,
}


def measured(folder: Path, times: int, options: argparse.Namespace) -> Figures:
    """Make a record, and measure all reads of it."""
    if not folder.exists():
        folder.parent.mkdir(parents=True)
        founded(folder, times)
    with closing(Record.open(Settings(data=folder))) as record:
        size = record.store.size()
        print(f"\n{'=' * 20} The founding record x {times}: {size:,} events")
        database = rivals.export(record, folder.parent)
    figures: Figures = {"events": size}
    figures |= hot(folder, database, options)
    return figures | cold(folder, database) | beginning(folder)


def print_growth(times: int, small: Figures, large: Figures) -> None:
    """Print what of the figures of a small record grows with its length."""
    print(f"\n{'growth':>32} {'x 1':>12} {f'x {times}':>12} {'ratio':>8}")
    for name, value in small.items():
        other = large[name]
        print(f"{name:>32} {value:12,.2f} {other:12,.2f} {other / value:8.2f}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="of a second each")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--times", type=int, default=1, help="the founding record")
    parser.add_argument("--records", type=Path, help="a folder to keep them in")
    options = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}, granian {version('granian')} with "
          f"{THREADS} blocking threads, best with {BEST_THREADS}; {rivals.versions()}; "
          f"{'wrk' if WRK else 'one connection in Python, since there is no wrk'}, "
          f"{options.connections} connections, {os.cpu_count()} cores, one of them for "
          f"servers. `us` are microseconds of it a request; of it, by core: of the "
          f"constant answer's rate, and by these.")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folders, figures = [], []
        for times in sorted({1, options.times}):
            folders.append((options.records or root) / f"x{times}" / "data")
            figures.append(measured(folders[-1], times, options))
        for known, more in zip(figures, appended(folders), strict=True):
            known |= more
        if options.times > 1:
            print_growth(options.times, *figures)


if __name__ == "__main__":
    main()

"""The ceiling of our server: the same bytes, from an app that does nothing else.

Run by `bench.reads` as `python -m bench.constant PORT FILE THREADS`: the file has the
answers, by path.
"""

import os
import sys
from pathlib import Path

import orjson

ANSWERS = "BENCH_ANSWERS"


def application():
    """Return the app, in a worker."""
    told = orjson.loads(Path(os.environ[ANSWERS]).read_bytes())
    answers = {
        path: ([tuple(each) for each in headers], body.encode("latin-1"))
        for path, (headers, body) in told.items()
    }

    def app(environ, start_response):
        query = environ["QUERY_STRING"]
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        headers, body = answers[path]
        start_response("200 OK", headers)
        return [body]

    return app


def main():
    port, path, threads = sys.argv[1:]
    os.environ[ANSWERS] = path
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "bench.constant:application", address="127.0.0.1", port=int(port), workers=1,
        interface=Interfaces.WSGI, blocking_threads=int(threads), factory=True,
        websockets=False, log_level=LogLevels.error,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()

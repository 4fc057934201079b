"""The ceiling of our server: the same answers, from an app that does nothing else.

Run by `bench.reads` as `python -m bench.constant PORT FILE THREADS`: the file has the
answers by address, with and without a body, to the last header. The server and its
settings are those of `service.start`.
"""

import os
import sys
from pathlib import Path

import orjson

from service.start import WAITING

ANSWERS = "BENCH_ANSWERS"


def application():
    """Return the app, in a worker."""
    told = orjson.loads(Path(os.environ[ANSWERS]).read_bytes())
    answers = {
        path: (_headers(headers), body.encode("latin-1"), _headers(of_304))
        for path, (headers, body, of_304) in told.items()
    }

    def app(environ, start_response):
        query = environ["QUERY_STRING"]
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        headers, body, of_304 = answers[path]
        if "HTTP_IF_NONE_MATCH" in environ:
            start_response("304 NOT MODIFIED", of_304)
            return []
        start_response("200 OK", headers)
        return [body]

    return app


def _headers(told):
    return [tuple(each) for each in told]


def main():
    port, path, threads = sys.argv[1:]
    os.environ[ANSWERS] = path
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "bench.constant:application", address="127.0.0.1", port=int(port), workers=1,
        interface=Interfaces.WSGI, blocking_threads=int(threads), factory=True,
        backpressure=int(threads) + WAITING, websockets=False,
        log_level=LogLevels.error,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()

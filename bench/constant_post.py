"""The ceiling of a POST: Flask reads a body, and answers with the same bytes.

Run by `bench.writes` as `python -m bench.constant_post PORT BYTES THREADS`: an answer
of so many bytes.
"""

import os
import sys

BYTES = "BENCH_BYTES"


def application():
    """Return the app, in a worker."""
    from flask import Flask, Response, request

    app = Flask(__name__)
    answer = b"x" * int(os.environ[BYTES])

    @app.post("/v1/statements")
    def put():
        request.get_data()
        return Response(answer, 201, content_type="application/json")

    return app


def main():
    port, size, threads = sys.argv[1:]
    os.environ[BYTES] = size
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "bench.constant_post:application", address="127.0.0.1", port=int(port),
        workers=1, interface=Interfaces.WSGI, blocking_threads=int(threads),
        factory=True, websockets=False, log_level=LogLevels.error,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()

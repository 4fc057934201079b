"""A service at one address that can be exchanged for another, be down, or lie."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

Lie = Callable[[str, bytes], bytes]


def honest(path: str, body: bytes) -> bytes:
    return body


class Source:
    """What is served; `lie` is given each path and body, and returns the body sent."""

    def __init__(self, app: Flask) -> None:
        self.app: Flask | None = app
        self.lie: Lie = honest
        self.asked: list[str] = []
        self.address = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if self.app is None:
            return Response(status=503)(environ, start_response)
        response = Response.from_app(self.app, environ)
        response.set_data(self.lie(path, response.get_data()))
        return response(environ, start_response)


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[Source]:
    """Serve an app from a thread for as long as the block lasts."""
    source = Source(app)
    server = make_server("127.0.0.1", 0, source, threaded=True, request_handler=_Quiet)
    source.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield source
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

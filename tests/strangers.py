"""Services that tests play: they answer what they like, as slowly as they like."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

Answer = bytes | int | Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def stranger(
    answers: Mapping[str, Answer] | Callable[[str], Answer],
) -> Iterator[str]:
    """Serve answers by path and query (a body, a status, or what writes it)."""
    find = answers if callable(answers) else lambda path: answers.get(path, 404)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = find(self.path)
            if callable(answer):
                self.close_connection = True
                answer(self)
                return
            status, body = (answer, b"") if isinstance(answer, int) else (200, answer)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page(items: list[object], following: str | None = None) -> bytes:
    """Write a list as the API does."""
    return orjson.dumps({"items": items, "total": len(items), "next": following})

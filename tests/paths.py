"""A server of our own that gives each path its answer, and who may connect to it."""

import socket
import socketserver
import threading
from contextlib import contextmanager, suppress

from tests.liar import answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close = False, True


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with suppress(OSError):  # The other side may hang up.
            request = self.request.recv(65536).decode("latin-1")
            self.server.requests.append(request)
            path = request.split(" ")[1]
            missing = answer("404 Not Found")
            self.request.sendall(self.server.answers.get(path, missing))


class Paths:
    """The answers (raw bytes, by path), what was asked, and the port."""

    def __init__(self, server):
        self.answers, self.requests = server.answers, server.requests
        self.port = server.server_address[1]

    def connect(self, place, seconds):
        """Connect to this server, whatever host was meant."""
        return socket.create_connection(("127.0.0.1", self.port), seconds)


@contextmanager
def answering_paths(**answers):
    """Answer each path (`a` is `/a`) with raw bytes, all others with 404."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answers = {f"/{name}": raw for name, raw in answers.items()}
        server.requests = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Paths(server)
        finally:
            server.shutdown()
            thread.join()


def moved(target, status="302 Found"):
    """Return an answer that leads on."""
    return answer(status, more=f"Location: {target}\r\n")

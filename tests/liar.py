"""A server that answers whatever it is told to, at whatever pace."""

import socketserver
import threading
from contextlib import contextmanager, suppress


class _Server(socketserver.ThreadingTCPServer):
    # The threads are waited for at the end, so that none outlives its test.
    daemon_threads, block_on_close = False, True


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with suppress(OSError):  # The other side may hang up on a liar.
            self.request.recv(65536)
            for piece in self.server.pieces:
                if self.server.ended.wait(self.server.pause):
                    return
                self.request.sendall(piece)
            if not self.server.pieces:
                self.server.ended.wait()


@contextmanager
def answering(raw, *, pause=0):
    """Answer each request with these bytes, none of which make it hang; yield where.

    With a pause (in seconds) they come one by one, so far apart; a list of bytes
    comes piece by piece.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.ended, server.pause = threading.Event(), pause
        server.pieces = _pieces(raw, is_slow=bool(pause))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


def _pieces(raw, *, is_slow):
    if isinstance(raw, list):
        return raw
    return [bytes([each]) for each in raw] if is_slow else [raw] * bool(raw)


def answer(status, body=b"", kind="text/plain", more=""):
    """Return the bytes of an HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

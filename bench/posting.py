"""Clients that send what they have ready, each one request after the other.

One process does it for all of them, over plain sockets: so it takes little of the
machine, and what is measured is the server.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return a POST as it is sent."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + _END + body


class _Connection:
    def __init__(self, address: str) -> None:
        found = urlsplit(address)
        self.socket = socket.create_connection((found.hostname, found.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def has_answer(self) -> bool:
        """Take in what has come; whether an answer is whole. It must be a 201."""
        self._received += self.socket.recv(2**18)
        head, end, body = self._received.partition(_END)
        if not end:
            return False
        assert head.startswith(b"HTTP/1.1 201"), self._received
        length = int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0])
        if len(body) < length:
            return False
        self._received = b""
        return True


def rate(address: str, requests: Sequence[bytes], clients: int) -> float:
    """Return how many requests a second so many clients get answered."""
    waiting: Iterator[bytes] = iter(requests)
    connections = [_Connection(address) for _ in range(clients)]
    began, answered = time.perf_counter(), 0
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.socket.sendall(next(waiting))
        while answered < len(requests):
            for key, _ in selector.select():
                if not key.data.has_answer():
                    continue
                answered += 1
                if following := next(waiting, None):
                    key.data.socket.sendall(following)
    seconds = time.perf_counter() - began
    for each in connections:
        each.socket.close()
    return len(requests) / seconds

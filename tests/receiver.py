"""A receiver of webhooks, over HTTPS, and who may connect to it."""

import base64
import json
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID

from service.log import web

HOST = "receiver.example"
URL = f"https://{HOST}/hooks/4b1f"


class Received:
    """One message as it came."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.json = json.loads(body)
        self.id, self.type = headers["webhook-id"], self.json["type"]

    @property
    def position(self):
        return self.json["data"].get("position")

    def verify(self, public_key):
        """Raise InvalidSignature unless the key has signed it (Standard Webhooks)."""
        kind, _, signature = self.headers["webhook-signature"].partition(",")
        assert kind == "v1a"
        raw = base64.b64decode(public_key.removeprefix("whpk_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        key = Ed25519PublicKey.from_public_bytes(raw)
        key.verify(base64.b64decode(signature), signed)


def agreeing(received):
    """Take everything, and agree to every subscription."""
    challenge = received.json["data"].get("challenge")
    return 200, (challenge or "thanks").encode(), {}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received = Received(self.path, self.headers, body)
        self.server.receiver.received.append(received)
        status, said, headers = self.server.receiver.answer(received)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    # The threads are waited for at the end, so that none outlives its test.
    daemon_threads, block_on_close = False, True

    def handle_error(self, *_):
        pass  # The other side may hang up.


class Receiver:
    """What came, in order, and how it is answered."""

    def __init__(self, port):
        self.received, self.answer, self.port = [], agreeing, port

    def connect(self, place, seconds):
        """Connect to this receiver, whatever host was meant."""
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    @property
    def positions(self):
        return [each.position for each in self.received if "." in each.type
                and not each.type.startswith("subscription.")]  # fmt: skip

    def failing(self, status=500, **headers):
        self.answer = lambda _: (status, b"", headers)


@contextmanager
def receiving():
    """Receive for as long as the block lasts, as a host with a trusted certificate."""
    with TemporaryDirectory() as folder, _Server(("127.0.0.1", 0), _Handler) as server:
        path = Path(folder) / "receiver.pem"
        path.write_bytes(_certificate())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = str(path)
        web._trusting.cache_clear()
        try:
            yield server.receiver
        finally:
            os.environ.pop("SSL_CERT_FILE")
            if before:
                os.environ["SSL_CERT_FILE"] = before
            web._trusting.cache_clear()
            server.shutdown()
            thread.join()


@cache
def _certificate():
    """Return a key and a certificate for the host, which it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)

"""A witness of its own: `python -m tests.witness STATE LOG-KEY …` serves tlog-witness.

Written from the C2SP specifications (tlog-witness, tlog-cosignature, signed-note) and
RFC 6962, sections 2.1.2 and 2.1.4; it shares no code with the log that it watches.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

NAME = "witness.example/w1"


class RefusedError(Exception):
    def __init__(self, status, body=b"", kind="text/plain"):
        self.status, self.body, self.kind = status, body, kind


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def verifies(old, new, old_root, new_root, proof):
    """Whether a consistency proof holds: RFC 6962 2.1.2, read backwards, recursively.

    The proof is consumed from its end, as SUBPROOF writes it.
    """
    rest = list(proof)

    def subproof(m, n, is_whole):
        if m == n:
            if is_whole:
                return old_root, old_root
            found = rest.pop(0)
            return found, found
        k = 1
        while k * 2 < n:
            k *= 2
        if m <= k:
            left_old, left_new = subproof(m, k, is_whole)
            return left_old, node(left_new, rest.pop(0))
        right_old, right_new = subproof(m - k, n - k, False)
        left = rest.pop(0)
        return node(left, right_old), node(left, right_new)

    try:
        return subproof(old, new, True) == (old_root, new_root) and not rest
    except IndexError:
        return False


def public_of(vkey, kind):
    name, hash8, encoded = vkey.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    assert raw[0] == kind and key_id.hex() == hash8
    return name, key_id, Ed25519PublicKey.from_public_bytes(raw[1:])


class Witness:
    """The state of a witness, in a file, and its answers."""

    def __init__(self, path, vkeys):
        self.path, self.lock = path, threading.Lock()
        self.keys = [public_of(each, 1) for each in vkeys]
        if not path.exists():
            self.save({"seed": os.urandom(32).hex(), "size": 0, "root": ""})
        self.state = json.loads(path.read_text())
        self.key = Ed25519PrivateKey.from_private_bytes(
            bytes.fromhex(self.state["seed"])
        )
        self.raw = b"\x04" + self.key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(NAME.encode() + b"\n" + self.raw).digest()[:4]
        self.vkey = f"{NAME}+{self.id.hex()}+{base64.b64encode(self.raw).decode()}"

    def save(self, state):
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(state))
        beside.replace(self.path)

    def add_checkpoint(self, body):
        head, _, note = body.partition(b"\n\n")
        first, *lines = head.decode("ascii").split("\n")
        word, _, digits = first.partition(" ")
        if word != "old" or not digits.isdigit() or str(int(digits)) != digits:
            raise RefusedError(400)
        old, proof = int(digits), [base64.b64decode(x, validate=True) for x in lines]
        if len(proof) > 63:
            raise RefusedError(400)
        text, _, signatures = note.decode().rpartition("\n\n")
        origin, size, root = (text + "\n").split("\n")[:3]
        self.check(origin, (text + "\n").encode(), signatures)
        size, root = int(size), base64.b64decode(root, validate=True)
        if old > size:
            raise RefusedError(400)
        with self.lock:
            seen = self.state["size"]
            if old != seen:
                raise RefusedError(409, b"%d\n" % seen, "text/x.tlog.size")
            known = bytes.fromhex(self.state["root"])
            if seen == size and known and known != root:
                raise RefusedError(409)
            if (old == 0 or old == size) and proof:
                raise RefusedError(422)
            if 0 < old < size and not verifies(old, size, known, root, proof):
                raise RefusedError(422)
            self.state |= {"size": size, "root": root.hex()}
            self.save(self.state)
        return self.cosign((text + "\n").encode())

    def check(self, origin, text, signatures):
        if origin not in {name for name, _, _ in self.keys}:
            raise RefusedError(404)
        for line in signatures.rstrip("\n").split("\n"):
            dash, name, encoded = line.split(" ")
            assert dash == "—"
            raw = base64.b64decode(encoded, validate=True)
            for known, key_id, key in self.keys:
                if (known, key_id) == (name, raw[:4]) and name == origin:
                    try:
                        key.verify(raw[4:], text)
                    except InvalidSignature:
                        continue
                    return
        raise RefusedError(403)

    def cosign(self, text):
        now = int(time.time())
        signed = self.key.sign(b"cosignature/v1\ntime %d\n" % now + text)
        raw = self.id + now.to_bytes(8, "big") + signed
        return f"— {NAME} {base64.b64encode(raw).decode()}\n".encode()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body, kind = self.rfile.read(length), "text/plain"
        try:
            if self.path != "/add-checkpoint":
                raise RefusedError(404)
            status, answer = 200, self.server.witness.add_checkpoint(body)
        except RefusedError as refused:
            status, answer, kind = refused.status, refused.body, refused.kind
        except (ValueError, AssertionError):
            status, answer = 400, b"malformed\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main(path, *vkeys):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.witness = Witness(Path(path), vkeys)
    print(server.witness.vkey, f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


@contextmanager
def running(path, *vkeys):
    """Run a witness in a process of its own; yield the line of a policy for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.witness", str(path), *map(str, vkeys)],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"witness w1 {process.stdout.readline().strip()}\n"
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Check a Copperplate log with none of Copperplate's code.

    python check_log.py URL KEY [SAVED]

KEY is the verifier key that you keep (URL/log/key shows it). SAVED is a file with a
checkpoint seen before; it is written if all is well. Needs the package `cryptography`.
Formats: C2SP signed-note, tlog-checkpoint and tlog-tiles, RFC 6962 (tree), RFC 8785.
"""

import base64
import hashlib
import json
import re
import sys
import urllib.request
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256  # Entries in a full bundle.


def fetch(address):
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read(2**26)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    """Return the RFC 8785 form: plain, since keys are ASCII and there are no floats."""
    form = {"ensure_ascii": False, "sort_keys": True, "separators": (",", ":")}
    return json.dumps(value, **form).encode()


def open_note(note, key):
    """Return the size and the root that a checkpoint states, if the key signed it."""
    name, key_hash, encoded = key.split("+", 2)
    public = base64.b64decode(encoded, validate=True)
    key_id = sha256(name.encode(), b"\n", public)[:4]
    if public[:1] != b"\x01" or key_id.hex() != key_hash:
        raise ValueError("the key is no Ed25519 verifier key")
    text, _, lines = note.decode().rpartition("\n\n")
    origin, size, root = text.split("\n")[:3]
    for _, signer, signature in (line.split(" ") for line in lines.splitlines()):
        raw = base64.b64decode(signature, validate=True)
        if (signer, raw[:4]) == (name, key_id):
            signed = f"{text}\n".encode()
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], signed)
            if origin == name and re.fullmatch("0|[1-9][0-9]{0,15}", size):
                return int(size), base64.b64decode(root, validate=True)
    raise ValueError("the checkpoint is not signed by the key")


def read_bundle(url, n, width):
    """Return entries n * 256 … of the log; each stands after its length, 2 bytes."""
    number = f"{n:0{-(-len(str(n)) // 3) * 3}}"  # In groups of three digits.
    address = f"{url}/log/tile/entries/" + re.sub("(...)(?=.)", r"x\1/", number)
    try:
        raw = fetch(f"{address}.p/{width}" if width < WIDTH else address)
    except OSError:
        raw = fetch(address)  # The bundle has been filled since.
    entries = []
    while raw:
        end = 2 + int.from_bytes(raw[:2], "big")
        entries.append(raw[2:end])
        raw = raw[end:]
    if len(entries) < width:
        raise ValueError(f"bundle {n} is cut off")
    return entries[:width]


class Log:
    def __init__(self):
        self.size, self.versions = 0, {}
        self.roots = []  # Of the perfect subtrees (RFC 6962), the widest first.
        self.closed = {}  # Sealed fields that nothing opens, with their positions.

    def root(self):
        *lefts, root = self.roots or [sha256()]
        for left in reversed(lefts):
            root = sha256(b"\1", left, root)
        return root

    def add(self, leaf, openings):
        """Check one event, with what opens its sealed fields, and add it."""
        self.size, node, bit = self.size + 1, sha256(b"\0", leaf), 1
        while not self.size & bit:
            node, bit = sha256(b"\1", self.roots.pop(), node), bit * 2
        self.roots.append(node)
        event = json.loads(leaf)
        stream, version = event["stream"], event["version"]
        if canonical(event) != leaf or version != self.versions.get(stream, 0) + 1:
            raise ValueError(f"position {self.size}: not canonical, or out of order")
        self.versions[stream] = version
        for name in event["sealed"]:
            self.closed[stream, version, name] = self.size
        for each in openings:
            if commitment(each) != event["sealed"].get(each["name"]):
                raise ValueError(f"position {self.size}: {each['name']} was changed")
            self.closed.pop((stream, version, each["name"]), None)
        if event["type"] == "field.redacted":
            target = event["data"]["target"]
            for name in event["data"]["fields"]:
                self.closed.pop((target["stream"], target["version"], name), None)


def commitment(opening):
    """Return the commitment that a salt and a value give."""
    name, salt = opening["name"].encode(), base64.b64decode(opening["salt"])
    parts = salt, len(name).to_bytes(2, "big"), name, canonical(opening["value"])
    return base64.b64encode(sha256(b"copperplate/field/v1\n", *parts)).decode()


def check(url, key, saved=None):
    """Check everything; return the log and its checkpoint."""
    note, log = fetch(f"{url}/log/checkpoint"), Log()
    size, root = open_note(note, key)
    old_size, old_root = open_note(saved, key) if saved else (0, sha256())
    if old_size > size:
        raise ValueError(f"ROLLBACK: {old_size} events were signed, now {size}")
    for n in range(-(-size // WIDTH)):
        page = fetch(f"{url}/v1/openings?after={n * WIDTH}&limit={WIDTH}")
        openings = json.loads(page)["items"]
        for leaf in read_bundle(url, n, min(WIDTH, size - n * WIDTH)):
            position = log.size + 1
            log.add(leaf, [each for each in openings if each["position"] == position])
            if position == old_size and log.root() != old_root:
                raise ValueError(f"REWRITE: another root than was saved at {old_size}")
    if log.root() != root:
        raise ValueError("the events do not give the root that was signed")
    for (_, _, name), position in log.closed.items():
        raise ValueError(f"position {position}: {name} is neither opened nor redacted")
    return log, note


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    url, key, file = sys.argv[1].rstrip("/"), sys.argv[2], Path(*sys.argv[3:])
    try:
        log, note = check(url, key, file.read_bytes() if file.is_file() else None)
    except (InvalidSignature, OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"FAIL: {str(error) or 'the signature of the checkpoint is wrong'}")
    if sys.argv[3:]:
        file.write_bytes(note)
    print(f"PASS: {log.size} events, all of them under the signed root")

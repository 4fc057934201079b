"""Bulk files: the whole record at once, downloaded and checked."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copperplate_client.problems import BadAnswerError, UnreachableError
from copperplate_client.transport import Transport


@dataclass(frozen=True)
class Downloaded:
    """A bulk file that was saved; go on with `client.follow(after=position)`."""

    path: Path
    position: int
    manifest: dict[str, Any]


def download(transport: Transport, name: str, folder: Path) -> Downloaded:
    """Save the latest file of a name, and go on with what was begun before.

    It takes its place in the folder once its SHA-256 is that of the manifest.
    """
    manifest = transport.get_json("/v1/bulk")
    listed = {each["name"]: each for each in manifest["files"]}
    if name not in listed:
        raise BadAnswerError(f"There is no {name!r}, but {', '.join(listed)}.")
    wanted = listed[name]
    begun = folder / f".{name}.{str(wanted['sha256'])[:16]}.part"
    _fetch(transport, wanted, begun)
    if _sha256(begun) != wanted["sha256"]:
        begun.unlink()
        raise BadAnswerError(f"{name} is not what /v1/bulk says.")
    path = folder / Path(name).name
    os.replace(begun, path)
    return Downloaded(path, int(manifest["position"]), manifest)


def _fetch(transport: Transport, wanted: dict[str, Any], begun: Path) -> None:
    """Fetch the bytes that are not there yet; begin again where that was cut short."""
    size = int(wanted["bytes"])
    for _ in range(transport.attempts):
        start = begun.stat().st_size if begun.exists() else 0
        if start >= size:
            return
        with begun.open("ab") as file:
            for is_first, chunk in transport.stream(wanted["address"], start):
                if is_first:
                    file.truncate(0)
                if file.tell() + len(chunk) > size:
                    raise BadAnswerError(f"{wanted['name']} is longer than it says.")
                file.write(chunk)
    if begun.stat().st_size < size:
        raise UnreachableError(f"{wanted['name']} was cut short again and again.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

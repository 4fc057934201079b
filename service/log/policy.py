"""The witnesses of the log, as a policy file lists them (C2SP tlog-policy)."""

import re
from dataclasses import dataclass
from pathlib import Path

from service.log.cosignatures import CosignerKey
from service.log.errors import PolicyError
from service.log.web import check_address

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
# They say when others may trust a checkpoint; the log asks every witness.
_IGNORED = {"log", "group", "quorum"}


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its name in the policy, its key, and where it takes checkpoints."""

    name: str
    key: CosignerKey
    url: str


def read_witnesses(path: Path) -> list[Witness]:
    """Return the witnesses of a policy that have an address, or raise PolicyError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from error
    witnesses: list[Witness] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            if witness := _parse(line):
                _refuse_twin(witness, witnesses)
                witnesses.append(witness)
        except ValueError as error:
            raise PolicyError(f"{path}, line {number}: {error}") from error
    return [each for each in witnesses if each.url]


def _parse(line: bytes) -> Witness | None:
    if _FORBIDDEN.search(line):
        raise ValueError("control characters")
    # Only a space and a tab divide words; other bytes are whatever they are.
    words = re.split("[ \t]+", line.decode("utf-8", "surrogateescape").strip(" \t"))
    if not words[0] or words[0].startswith("#") or words[0] in _IGNORED:
        return None
    if words[0] != "witness":
        raise ValueError("a line begins with log, witness, group, quorum or #")
    if len(words) not in (3, 4):
        raise ValueError("not `witness <name> <key> [<address>]`")
    if not words[1].isprintable() or words[1] == "none":
        raise ValueError("this cannot be the name of a witness")
    url = check_address(words[3]) if len(words) == 4 else ""
    return Witness(words[1], CosignerKey.parse(words[2]), url)


def _refuse_twin(witness: Witness, others: list[Witness]) -> None:
    for other in others:
        if witness.name == other.name:
            raise ValueError(f"{witness.name} is listed twice")
        if witness.key.public == other.key.public:
            raise ValueError(f"{witness.name} has the key of {other.name}")
        if witness.key.name == other.key.name:
            raise ValueError(f"{witness.name} signs as {other.name} does")

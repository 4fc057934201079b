"""Settings: the only module that reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Where the record is kept, and how it speaks of itself.

    `origin` names the log in its checkpoints; it is fixed when the key is made.
    `public_url` is the address under which the public reaches the service; without
    it, the address of the request is used. `witnesses` is a policy file (C2SP
    tlog-policy); `mirrors` are addresses, or data folders, of mirrors of this log.
    """

    data: Path = Path("data")
    database_url: str | None = None
    origin: str = "localhost/log"
    public_url: str | None = None
    witnesses: Path | None = None
    mirrors: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ
    ) -> "Settings":
        """Return the settings that the environment asks for."""
        given = {
            name: environment.get(f"COPPERPLATE_{name.upper()}")
            for name in (
                "data",
                "database_url",
                "origin",
                "public_url",
                "witnesses",
                "mirrors",
            )
        }
        known: dict[str, Any] = {name: value for name, value in given.items() if value}
        for name in known.keys() & {"data", "witnesses"}:
            known[name] = Path(known[name])
        if "mirrors" in known:
            listed = (each.strip() for each in known["mirrors"].split(","))
            known["mirrors"] = tuple(each for each in listed if each)
        return replace(cls(), **known)

    def to_environment(self) -> dict[str, str]:
        """Return the environment that asks for these settings, for worker processes."""
        members = {
            "data": str(self.data),
            "database_url": self.database_url,
            "origin": self.origin,
            "public_url": self.public_url,
            "witnesses": str(self.witnesses) if self.witnesses else None,
            "mirrors": ",".join(self.mirrors),
        }
        return {f"COPPERPLATE_{k.upper()}": v for k, v in members.items() if v}

"""Settings: the only module that reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

RATE_LIMIT = "600"  # Requests a minute, where the environment does not say.
# Settings that are whole numbers, and of what.
NUMBERS = {
    "trusted_proxies": "proxies",
    "rate_limit": "requests a minute",
    "long_readers": "readers",
    "long_readers_each": "readers",
}


class SettingsError(ValueError):
    """A setting is not what it must be; the message says which."""


@dataclass(frozen=True)
class Settings:
    """Where the record is kept, and how it speaks of itself.

    `origin` names the log in its checkpoints; it is fixed when the key is made.
    `public_url` is the address under which the public reaches the service; without
    it, the address of the request is used. `witnesses` is a policy file (C2SP
    tlog-policy); `mirrors` are addresses, or data folders, of mirrors of this log.
    `trusted_proxies` is how many proxies stand before the service, each of which adds
    to X-Forwarded-For the address that it was asked from. `redis_url` is a Redis that
    workers and machines share; everything works without it. `rate_limit` is how many
    requests a minute one address may send, 0 for any number: the environment limits
    them unless it says that it does not. `long_readers` is how many readers of one
    worker may wait for something new, `long_readers_each` how many from one address.
    """

    data: Path = Path("data")
    database_url: str | None = None
    origin: str = "localhost/log"
    public_url: str | None = None
    witnesses: Path | None = None
    mirrors: tuple[str, ...] = ()
    trusted_proxies: int = 0
    redis_url: str | None = None
    rate_limit: int = 0
    long_readers: int = 200
    long_readers_each: int = 50

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ
    ) -> "Settings":
        """Return the settings that the environment asks for, or raise SettingsError."""
        given = {
            name: environment.get(f"COPPERPLATE_{name.upper()}")
            for name in (
                "data",
                "database_url",
                "origin",
                "public_url",
                "witnesses",
                "mirrors",
                "redis_url",
                *NUMBERS,
            )
        }
        known: dict[str, Any] = {name: value for name, value in given.items() if value}
        known.setdefault("rate_limit", RATE_LIMIT)
        for name in known.keys() & {"data", "witnesses"}:
            known[name] = Path(known[name])
        for name in known.keys() & NUMBERS.keys():
            known[name] = _whole(name, known[name])
        if "redis_url" in known:
            _check_redis(known["redis_url"])
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
            "trusted_proxies": str(self.trusted_proxies or ""),
            "redis_url": self.redis_url,
            "rate_limit": str(self.rate_limit),
            "long_readers": str(self.long_readers),
            "long_readers_each": str(self.long_readers_each),
        }
        return {f"COPPERPLATE_{k.upper()}": v for k, v in members.items() if v}

    def environment_of_child(self) -> dict[str, str]:
        """Return the environment of a process of ours that has these settings."""
        return {**os.environ, **self.to_environment()}


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        named = f"COPPERPLATE_{name.upper()}"
        raise SettingsError(f"{named} is a number of {NUMBERS[name]}, not {text!r}.")
    return int(text)


def _check_redis(url: str) -> None:
    """Raise SettingsError without the URL, which may hold a password."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError(
            "COPPERPLATE_REDIS_URL begins with redis://, rediss:// or unix://."
        )

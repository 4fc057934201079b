"""The event envelope, and the registry of the data of every event type."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event as it stands in the public log.

    `sealed` holds the commitments (base64) of the sealed fields, `opened` their
    values, as far as they are still held; `leaf_hash` is hexadecimal.
    """

    position: int
    type: str
    stream: str
    version: int
    recorded_at: str
    by: str
    change: str
    data: dict[str, Any]
    sealed: dict[str, str]
    sources: list[dict[str, Any]]
    leaf_hash: str
    opened: dict[str, Any] = field(default_factory=dict)
    signature: dict[str, str] | None = None

    @property
    def noun(self) -> str:
        """The kind of thing that the event is about."""
        return self.stream.partition("-")[0]

    @property
    def id(self) -> str:
        """The id of the thing that the event is about."""
        return self.stream.partition("-")[2]

    @property
    def verb(self) -> str:
        """The last part of the type: what happened to the thing."""
        return self.type.partition(".")[2]


DATA_SCHEMAS: dict[str, type[Schema]] = {}


def event_data(type_name: str) -> Callable[[type[Schema]], type[Schema]]:
    """Declare the schema of the data of one event type."""

    def register(schema: type[Schema]) -> type[Schema]:
        DATA_SCHEMAS[type_name] = schema
        return schema

    return register

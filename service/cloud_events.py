"""CloudEvents 1.0: an event of the log in the envelope that other software knows."""

from collections.abc import Iterable
from urllib.parse import quote

import orjson

from projections.read_model import Row

BATCH = "application/cloudevents-batch+json"


def source_of(origin: str) -> str:
    """Return the source of all events of a log, an address that is never another's."""
    return f"https://{quote(origin, safe='/:')}"


def cloud_event(item: Row, origin: str, base_url: str) -> Row:
    """Return an event, as the public sees it, as a CloudEvent.

    Its schema is served at the base URL. Its id is the position; `position` and
    `leafhash` are extension attributes.
    """
    return {
        "specversion": "1.0",
        "id": str(item["position"]),
        "source": source_of(origin),
        "type": item["type"],
        "subject": item["stream"],
        "time": item["recorded_at"],
        "datacontenttype": "application/json",
        "dataschema": f"{base_url}/v1/schemas/{item['type']}.json",
        "position": item["position"],
        "leafhash": item["leaf_hash"],
        "data": item,
    }


def batch_of(items: Iterable[Row], origin: str, base_url: str) -> bytes:
    """Write events as a batch of CloudEvents."""
    return orjson.dumps([cloud_event(item, origin, base_url) for item in items])

"""Lists: walks through the pages of any noun, and single things of it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from copperplate_client.events import Event
from copperplate_client.transport import Parameters, Transport

Item = dict[str, Any]


class Listing:
    """A list as it stood when the first page was asked for, however long it takes.

    Iterating asks for page after page; `total` and `meta` ask for the first alone.
    """

    def __init__(self, transport: Transport, path: str, parameters: Parameters) -> None:
        self._transport, self._path = transport, path
        self._parameters = dict(parameters)
        self._first: Item | None = None

    @property
    def total(self) -> int:
        """How many items there are in all."""
        return int(self.first["total"])

    @property
    def meta(self) -> Item:
        """What was resolved: position, day, permalink, citation, what is not held."""
        return dict(self.first["meta"])

    @property
    def first(self) -> Item:
        """The first page, as it was answered."""
        if self._first is None:
            self._first = self._transport.get_json(self._path, self._parameters)
        return self._first

    def pages(self) -> Iterator[list[Item]]:
        """Give the items page by page."""
        page = self.first
        yield page["items"]
        while page["next"]:
            page = self._transport.get_json(page["next"])
            yield page["items"]

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from page


class Noun:
    """The things of one noun: `client.ratings(body="west-mercia")` lists them."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport, self.name = transport, name

    def __call__(self, **filters: str | int | bool | None) -> Listing:
        """List what the filters keep, as of the times that they name."""
        return self.list_of("", **filters)

    def get(self, id: str, **times: str | int) -> Item:
        """Return one thing, or raise NotFoundError."""
        return self._transport.get_json(self.path(id), times)

    def versions(self, id: str, **times: str | int) -> Iterator[Event]:
        """Give everything that was recorded of one thing, the first first."""
        return map(Event.of, self.list_of(f"{_safe(id)}/versions", **times))

    def version(self, id: str, number: int) -> Event:
        """Return the event that made one version of a thing."""
        path = f"{self.path(id)}/versions/{number}"
        return Event.of(self._transport.get_json(path))

    def diff(self, id: str, since: int, until: int) -> Item:
        """Return what changed of a thing between two positions, as patch and words."""
        between = {"from": since, "to": until}
        return self._transport.get_json(f"{self.path(id)}/diff", between)

    def list_of(self, below: str, **filters: str | int | bool | None) -> Listing:
        """List what stands below the noun: `plans.list_of("x/updates")`."""
        path = f"/v1/{self.name}" + (f"/{below}" if below else "")
        return Listing(self._transport, path, filters)

    def path(self, id: str) -> str:
        """Return the path of one thing."""
        return f"/v1/{self.name}/{_safe(id)}"


def _safe(id: str) -> str:
    return quote(id, safe="")

"""The client: one object for one record."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copperplate_client.bulk import Downloaded, download
from copperplate_client.events import Event
from copperplate_client.following import Feed, Place
from copperplate_client.lists import Item, Listing, Noun
from copperplate_client.transport import Transport

if TYPE_CHECKING:
    from copperplate_client.proofs import Checker

NOUNS = (
    "bodies", "terms", "programmes", "inspections", "ratings", "findings",
    "statements", "plans", "monitoring", "sessions", "commitments", "gaps",
    "redactions", "corrections", "sources", "responses", "coverage", "events",
)  # fmt: skip


class Client:
    """Reads the record at an address: `Client("https://record.example.org")`.

    Each noun is an attribute: `client.ratings(body="west-mercia", current=True)` lists
    ratings through all pages, `client.ratings.get(id)` returns one. What more is said
    goes to `Transport`: `attempts`, `timeout`, `keep` (bytes of answers), `sleep`.
    """

    bodies: Noun
    terms: Noun
    programmes: Noun
    inspections: Noun
    ratings: Noun
    findings: Noun
    statements: Noun
    plans: Noun
    monitoring: Noun
    sessions: Noun
    commitments: Noun
    gaps: Noun
    redactions: Noun
    corrections: Noun
    sources: Noun
    responses: Noun
    coverage: Noun
    events: Noun

    def __init__(self, address: str, **more: Any) -> None:
        self.transport = Transport(address, **more)
        for name in NOUNS:
            setattr(self, name, Noun(self.transport, name))

    def profile(self, body: str, **times: str | int) -> Item:
        """Return what one page about a body needs."""
        return self.transport.get_json(f"{self.bodies.path(body)}/profile", times)

    def timeline(self, body: str, **filters: str | int) -> Listing:
        """List what happened to a body and those who oversee it."""
        return Listing(self.transport, f"{self.bodies.path(body)}/timeline", filters)

    def search(self, words: str, **filters: str | int) -> Listing:
        """List what bears these words, the nearest first."""
        return Listing(self.transport, "/v1/search", {"q": words, **filters})

    def event(self, position: int) -> Event:
        """Return the event at one position of the log."""
        return Event.of(self.transport.get_json(f"/v1/events/{position}"))

    def bulk(self) -> Item:
        """Return which files hold the whole record, and of which position."""
        return self.transport.get_json("/v1/bulk")

    def download_bulk(self, name: str, folder: str | Path = ".") -> Downloaded:
        """Save a bulk file in a folder, whole and checked: `record.sqlite`."""
        return download(self.transport, name, Path(folder))

    def status(self) -> Item:
        """Return how the record stands: its head, and how much it holds."""
        return self.transport.get_json("/v1/status")

    def keys(self) -> list[str]:
        """Return the verifier keys that the service shows; keep what you trust."""
        return self.transport.get("/log/key").body.decode().splitlines()

    def checker(self, keys: Sequence[str]) -> "Checker":
        """Return what checks events by these verifier keys (needs `cryptography`)."""
        from copperplate_client.proofs import Checker

        return Checker(self.transport, keys)

    def follow(
        self,
        after: int = 0,
        *,
        state: str | Path | None = None,
        keys: Sequence[str] = (),
        wait: int = 20,
        pause: float = 10.0,
        limit: int = 500,
        until_caught_up: bool = False,
        **filters: str | int,
    ) -> Iterator[Event]:
        """Give every event after a position, and then each as it is recorded.

        With a `state` file it goes on where the loop ended the last time, however it
        ended: an event counts once the loop asks for the next. With `keys` each event
        is checked before it is given: ProofError is raised of one that was not signed.
        `wait` is how long one request waits for something new, `pause` how long we do
        where the service does not (seconds).
        """
        file = Path(state) if state is not None else None
        place = Place.load(file) if file else Place()
        done = max(after, place.position)
        checker = self._checker_from(place, keys)
        seconds = 0 if until_caught_up else wait
        feed = Feed(self.transport, dict(filters), limit, seconds, pause)
        for batch in feed.batches(done):
            if checker:
                checker.check(batch)
            try:
                for event in batch:
                    yield event
                    done = event.position
            finally:
                if file and batch:
                    _place(done, checker).save(file)
            if until_caught_up and not batch:
                return

    def _checker_from(self, place: Place, keys: Sequence[str]) -> "Checker | None":
        if not keys:
            return None
        from copperplate_client.proofs import open_checkpoint

        checker = self.checker(keys)
        if place.checkpoint:
            checker.last = open_checkpoint(place.checkpoint, keys)
            checker.advance()
        return checker


def _place(position: int, checker: "Checker | None") -> Place:
    last = checker.last if checker else None
    return Place(position, last.note if last else None)

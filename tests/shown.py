"""The examples of the contract, made of the founding record: `make examples`.

Ids, words and grades are those on record. What each record draws anew (salts, hashes,
times) is that of the record of which they were made, so they are committed.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from service.api.recording import ROUTES
from service.app import create_app
from service.bulk import making
from service.config import Settings
from service.http.examples import name_of_answer
from service.record import Record
from tests.contract import SPEC
from tests.editing import editor
from tests.examples import HISTORIES
from tests.importing import found, grades
from tests.recording import sent
from tests.sending import PAUSE, UNDER_WAY

FILE = Path(__file__).parents[1] / "schemas" / "examples.json"
URL = "https://record.example.org"
TEXT, ITEMS = 240, 8  # Characters of a text, and words of a list, that are shown.
# Which thing is shown, or what is asked, where no list says it.
ASKED = {
    "bodies_lookup": "/v1/bodies/lookup?scheme=ons&id=E23000016",
    "codelists_item": "/v1/codelists/body-kind?limit=1",
    "coverage_index": "/v1/coverage?programme=peel-2023-25&limit=1",
    "documents_problem": "/problems/not-known-then",
    "event_schemas_item": "/v1/schemas/rating.awarded.json",
    "events_item": "/v1/events/1024",
    "events_index": "/v1/events?after=1023&limit=1",
    "imports_template": "/v1/imports/templates/peel_grades",
    "openings_index": "/v1/openings?after=1023&limit=1",
    "openings_item": "/v1/events/1024/openings",
    "programmes_questions": "/v1/programmes/peel-2023-25/questions?limit=1",
    "proofs_consistency": "/v1/log/proofs/consistency?from=1000&to=1024",
    "proofs_inclusion": "/v1/log/proofs/inclusion/1000?size=1024",
    "proofs_inclusion_file": "/v1/log/proofs/inclusion/1000.tlog-proof",
    "projections_rows": "/v1/projections/gaps/rows",
    "ratings_diff": "/v1/ratings/{id}/diff?from=0&to=1764",
    "ratings_matrix": "/v1/ratings/matrix?programme=peel-2023-25&limit=1",
    "search_index": "/v1/search?q=vetting&limit=1",
}  # fmt: skip
# Pages, programs and files are shown as they are by asking for them.
NOT_SHOWN = (
    "text/html",
    "application/yaml",
    "application/octet-stream",
    "image/",
    "application/gzip",
    "text/event-stream",
)
SCHEMA = "event_schemas_item"  # A schema refers to what the contract does not have.
LONGEST = 9_000  # Bytes of an answer that is shown.
# What is sent about a rating that is wrong, and about whatever else.
SOURCE = {
    "url": "https://example.org/notice", "title": "A notice", "publisher": "Example",
    "published_on": "2026-02-27", "accessed_on": "2026-03-01", "archived_url": None,
    "sha256": None, "confidence": "high",
}  # fmt: skip
SENT = {
    "CorrectionRequest": {
        "corrects": 1, "reason": "entry-error", "data": {"grade": "good"},
        "reason_text": "The report says good.", "sources": [SOURCE],
    },
    "RetractionRequest": {
        "retracts": None, "reason": "not-a-fact",
        "reason_text": "The report grades another force.",
    },
    "DisputeRequest": {"disputes": 1, "data": {"grade": "good"}, "sources": [SOURCE]},
    "SettlementRequest": {"settles": 2, "prevails": 1, "reason": "better-source"},
    "SourceRequest": {"adds_to": 1, "sources": [SOURCE]},
    "redacting_redaction_request": {"fields": ["note"], "basis": "court-order"},
    "reports_receive_request": {
        "about": "body-west-mercia", "kind": "wrong-date", "text": "A day later.",
    },
    "reports_resolve_request": {"outcome": "unclear"},
    "subscriptions_subscribe_request": {
        "url": "https://example.org/hooks/7c1f", "bodies": ["west-mercia"],
    },
    "subscriptions_replay_request": {"after": 1024},
}  # fmt: skip


def make() -> dict[str, dict[str, Any]]:
    """Return every example by its name, and by its media type."""
    with tempfile.TemporaryDirectory() as folder:
        found(Path(folder) / "data")
        record = Record.open(Settings(data=Path(folder) / "data", public_url=URL))
        try:
            return dict(sorted(Maker(record).make().items()))
        finally:
            record.close()


class Maker:
    """Asks and sends what the contract describes, of a record that can be spoilt."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.client = create_app(record).test_client()
        self.key = editor(record).key
        self.shown: dict[str, dict[str, Any]] = {}
        self.count = 0

    def make(self) -> dict[str, dict[str, Any]]:
        for name, body in (SENT | self._requests()).items():
            self.shown[name] = {"application/json": body}
        making.make(self.record)
        self.read()  # What is read is read before anything is added.
        self._write()
        self.read()
        return self.shown

    def _requests(self) -> dict[str, Any]:
        """Return for each type of event what brings it about, from the record."""
        events = {event.type: (event, thing.id) for thing, *all_ in HISTORIES.values()
                  for event in all_}  # fmt: skip
        found = {}
        for route in ROUTES:
            asked = f"/v1/events?type={route.event}&limit=1"
            items = self.client.get(asked).json["items"]
            body = stated(items[0], route) if items else sent(*events[route.event])
            found[f"recording_{route.name}_request"] = trimmed(body)
        return found

    def read(self) -> None:
        """Ask for everything of which nothing is shown yet."""
        for path, operations in SPEC["paths"].items():
            operation = operations.get("get")
            name = operation and operation["operationId"]
            is_shown = name in self.shown or name == SCHEMA
            if name and name == name_of_answer(name) and not is_shown:
                self._ask(name, path, operation["responses"]["200"]["content"])

    def _ask(self, name: str, path: str, content: dict[str, Any]) -> None:
        shown = [each for each in content if not each.startswith(NOT_SHOWN)]
        medium = next(iter(shown), None)
        address = self._address(name, path)
        if medium is None or address is None:
            return
        headers = {"Accept": medium, **self._authorization(path)}
        answer = self.client.get(address, headers=headers)
        if answer.status_code == 200 and len(answer.data) < 200_000:
            said = answer.json if medium.endswith("json") else answer.text
            if not (isinstance(said, dict) and said.get("items") == []):
                self._show(name, medium, trimmed(said))

    def _show(self, name: str, medium: str, said: Any) -> None:
        if len(orjson.dumps(said)) < LONGEST:
            self.shown[name] = {medium: said}

    def _address(self, name: str, path: str) -> str | None:
        """Return what is asked of an operation: of a list one item, of things one."""
        path = ASKED.get(name, path)
        if "{id}" in path:
            noun = path.split("/")[2]
            headers = self._authorization(path)
            answer = self.client.get(f"/v1/{noun}?limit=1", headers=headers).json
            items = answer.get("items")
            if not items:
                return None
            id = "west-mercia" if noun == "bodies" else items[0]["id"]
            path = path.replace("{id}", id).replace("{version}", "1")
        is_list = "limit" in str(_query(name)) and "limit=" not in path
        return path + (f"{'&' if '?' in path else '?'}limit=1" if is_list else "")

    def _authorization(self, path: str) -> dict[str, str]:
        is_open = not path.startswith("/v1/imports")
        return {} if is_open else {"Authorization": f"Bearer {self.key}"}

    def _write(self) -> None:
        """Send one of each kind, so that there is an answer, and something to read."""
        rating = self.client.get("/v1/ratings?limit=1").json["items"][0]
        at = f"/v1/ratings/{rating['id']}"
        other = "inadequate" if rating["grade"] == "good" else "good"
        said = {**SENT["CorrectionRequest"], "data": {"grade": other}}
        self.shown["Receipt"] = self._send(f"{at}/correction", said)
        noted = self.client.get("/v1/events?type=statement.published&limit=1").json
        [event] = noted["items"]
        field = min(event["opened"])
        why = {**SENT["redacting_redaction_request"], "fields": [field]}
        self._send(f"/v1/events/{event['position']}/redaction", why)
        told = self._send("/v1/reports", SENT["reports_receive_request"])
        self.shown["reports_receive"] = told
        id = told["application/json"]["id"]
        resolved = self._send(
            f"/v1/reports/{id}/resolution", SENT["reports_resolve_request"]
        )
        self.shown["ReportReceipt"] = resolved
        self._subscribe()
        self._import()

    def _import(self) -> None:
        """Have a file imported; what it says is shown as it is sent."""
        kind, said = "text/csv", grades()
        self.shown["imports_send_request"] = {kind: said}
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        answer = self.client.post("/v1/imports", data=said, headers=headers).json
        self.shown["imports_send"] = {"application/json": answer}
        while self._state(answer["id"], headers) in UNDER_WAY:
            time.sleep(PAUSE)

    def _state(self, id: str, headers: dict[str, str]) -> str:
        found = self.client.get(f"/v1/imports/{id}", headers=headers).json
        return str(found["state"])

    def _subscribe(self) -> None:
        asked = SENT["subscriptions_subscribe_request"]
        made = self._send("/v1/subscriptions", asked)
        self.shown["subscriptions_subscribe"] = made
        said = made["application/json"]
        token = {"Authorization": f"Bearer {said['token']}"}
        at = f"/v1/subscriptions/{said['id']}"
        item, attempts = (
            {"application/json": self.client.get(each, headers=token).json}
            for each in (at, f"{at}/attempts")
        )
        self.shown |= {"Subscription": item, "subscriptions_item": item}
        self.shown["subscriptions_attempts"] = attempts
        # Nobody can use it: its record is gone.
        said["token"] = f"{said['token'][:8]}…"

    def _send(self, path: str, body: Any) -> dict[str, Any]:
        self.count += 1
        headers = {"Authorization": f"Bearer {self.key}"}
        headers["Idempotency-Key"] = str(self.count)
        answer = self.client.post(path, json=body, headers=headers)
        assert answer.status_code < 300, (path, answer.text)
        return {"application/json": trimmed(answer.json)}


def _query(operation: str) -> list[str]:
    """Return the names of the parameters that an operation takes."""
    for path in SPEC["paths"].values():
        for each in path.values():
            if each["operationId"] == operation:
                return [str(p.get("$ref", p)) for p in each.get("parameters", [])]
    return []


def stated(event: dict[str, Any], route: Any) -> dict[str, Any]:
    """Return the request that would bring about an event that is on record."""
    words = dict(event["opened"])
    titles = words.pop("source_titles", None) or [None] * len(event["sources"])
    pairs = zip(event["sources"], titles, strict=True)
    sources = [{**source, "title": title} for source, title in pairs]
    id = {"id": event["stream"].partition("-")[2]} if route.id else {}
    return {**id, **event["data"], **words, "sources": sources}


def trimmed(value: Any, of: str = "") -> Any:
    """Return a value with its texts, and its lists, cut short; `of` is what it is."""
    if isinstance(value, str):
        return value if len(value) <= TEXT or " " not in value else f"{value[:TEXT]}…"
    if isinstance(value, dict):
        return {name: trimmed(each, name) for name, each in value.items()}
    if isinstance(value, list):
        # A scale has several grades, or is none.
        is_long = value and isinstance(value[0], dict) and of != "grades"
        most = 1 if is_long else ITEMS
        return [trimmed(each) for each in value[:most]]
    return value


if __name__ == "__main__":
    FILE.write_bytes(orjson.dumps(make(), option=orjson.OPT_INDENT_2) + b"\n")

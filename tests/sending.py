"""Files that tests send to a record to be imported, and what came of them."""

import time
from typing import Any

from service.editors import Added
from tests.editing import editor
from tests.importing import Desk
from tests.records import app_over

CSV = "text/csv"
PATIENCE = 120  # Seconds after which a test gives up on an import.
PAUSE = 0.05  # Seconds between two questions: the import needs the processor too.
UNDER_WAY = ("waiting", "running")


class Sender:
    """An editor who sends files to the record of a desk."""

    def __init__(self, desk: Desk, *scopes: str) -> None:
        self.desk = desk
        self.key: Added = editor(desk.record, *scopes)
        self.client: Any = app_over(desk.record).test_client()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key.key}"}

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def post(self, content: str | bytes, query: str = "", media: str = CSV) -> Any:
        data = content.encode() if isinstance(content, str) else content
        return self.client.post(
            f"/v1/imports{query}",
            data=data,
            headers={**self.headers, "Content-Type": media},
        )

    def send(self, content: str | bytes, query: str = "", media: str = CSV) -> Any:
        """Send a file; return the import once it has ended."""
        answer = self.post(content, query, media)
        assert answer.status_code == 202, answer.text
        assert answer.headers["Location"].endswith(answer.json["id"])
        return self.ended(answer.json["id"])

    def ended(self, id: str) -> Any:
        """Return an import once it has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.get(f"/v1/imports/{id}").json
            if found["state"] not in UNDER_WAY:
                return found
            time.sleep(PAUSE)
        raise AssertionError(f"{id} is under way after {PATIENCE} seconds")

    def lines(self, id: str, query: str = "") -> Any:
        return self.get(f"/v1/imports/{id}/lines{query}").json["items"]

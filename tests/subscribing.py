"""Subscriptions over HTTP, and a courier that is driven by the clock of the test."""

from datetime import timedelta

from service.webhooks.courier import Courier
from service.webhooks.sending import Sender
from tests.receiver import URL

PATH = "/v1/subscriptions"


class Subscriber:
    """Somebody who subscribes to a small record, and holds the token."""

    def __init__(self, small, receiver):
        self.small, self.receiver = small, receiver
        sender = Sender(receiver.connect, "test", seconds=5)
        self.courier = Courier(small.record, sender, jitter=lambda *_: 1)
        self.client = small.client()
        self.made = None

    def subscribe(self, url=URL, address="198.51.100.23", **asked):
        environ = {"REMOTE_ADDR": address}
        answer = self.client.post(
            PATH, json={"url": url, **asked}, environ_base=environ
        )
        if answer.status_code == 201:
            self.made = answer.json
        return answer

    def confirmed(self, **asked):
        assert self.subscribe(**asked).status_code == 201
        self.carry()
        assert self.state == "active"
        return self

    @property
    def path(self):
        return f"{PATH}/{self.made['id']}"

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.made['token']}"}

    def get(self, part=""):
        return self.client.get(self.path + part, headers=self.headers).json

    def post(self, part, **body):
        more = {"json": body} if body else {}
        return self.client.post(f"{self.path}/{part}", headers=self.headers, **more)

    @property
    def state(self):
        return self.get()["state"]

    @property
    def attempts(self):
        return self.get("/attempts")["items"]

    def carry(self, **later):
        """Let so much time pass, and send all that is due, to the end of it."""
        self.small.clock.now += timedelta(**later)
        while turns := self.courier.dispatch():
            for turn in turns:
                turn.join()

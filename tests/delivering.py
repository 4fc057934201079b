"""A process that delivers: `python -m tests.delivering FOLDER PORT`.

It sends what is due to a receiver on a port of this machine, until nothing is.
"""

import socket
import sys
from pathlib import Path

from service.config import Settings
from service.record import Record
from service.webhooks.courier import Courier
from service.webhooks.sending import Sender


def main(folder: str, port: str) -> None:
    record = Record.open(Settings(data=Path(folder)))

    def connect(_: object, seconds: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", int(port)), seconds)

    with record.subscriptions.turn() as is_ours:
        assert is_ours()
        courier = Courier(record, Sender(connect))
        while turns := courier.dispatch():
            for turn in turns:
                turn.join()
    record.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

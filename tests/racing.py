"""A process that sends one and the same request: `python -m tests.racing …`."""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from service.log.event_store import EventStore
from tests.writers import draft


def main(folder: str, url: str, task: str) -> None:
    with closing(EventStore.open(Path(folder), url or None)) as store:
        kept = store.idempotency_of("ed-a", "one", [b"the same"])
        print("ready", flush=True)
        sys.stdin.readline()
        [event] = store.append([draft("rating-one")], idempotency=kept)
        if task == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        print(event.position, event.leaf_hash, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

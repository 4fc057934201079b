"""What a worker process of the server runs."""

import multiprocessing
import os
from threading import Thread

from flask import Flask

from service.app import create_app
from service.config import Settings
from service.record import Record


def application() -> Flask:
    """Return the app over the record that the environment names."""
    Thread(target=_end_with_the_server, daemon=True).start()
    return create_app(Record.open(Settings.from_environment()))


def _end_with_the_server() -> None:
    """End with the server: a worker that outlives it would hold its port."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)

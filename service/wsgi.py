"""What a worker process of the server runs."""

import multiprocessing
import os
from threading import Event, Thread

from flask import Flask

from service.app import create_app
from service.config import Settings
from service.context import CACHE
from service.record import Record
from service.watching import keep_looking


def application() -> Flask:
    """Return the app over the record that the environment names."""
    Thread(target=_end_with_the_server, daemon=True).start()
    record = Record.open(Settings.from_environment())
    app = create_app(record)
    watch = (record, Event(), app.extensions[CACHE].forget)
    Thread(target=keep_looking, args=watch, daemon=True).start()
    return app


def _end_with_the_server() -> None:
    """End with the server: a worker that outlives it would hold its port."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)

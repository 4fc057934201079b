"""What a worker process of the server runs."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable
from threading import Event, Thread

from flask import Flask

from service.app import create_app
from service.config import Settings
from service.context import CACHE, LIVE
from service.record import Record
from service.watching import keep_looking

SELDOM = 10_000  # Objects made between two looks for cycles: a few MiB at most.
ENDING = {signal.SIGINT, signal.SIGTERM}


def application() -> Flask:
    """Return the app over the record that the environment names."""
    Thread(target=_end_with_the_server, daemon=True).start()
    record = Record.open(Settings.from_environment())
    app = create_app(record)
    watch = (record, Event(), app.extensions[CACHE].forget)
    Thread(target=keep_looking, args=watch, daemon=True).start()
    _call_at_the_end(app.extensions[LIVE].end)
    _look_seldom_for_cycles()
    return app


def _look_seldom_for_cycles() -> None:
    """Spare the collector what stays for good: a look at it stops all threads."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)


def _end_with_the_server() -> None:
    """End with the server: a worker that outlives it would hold its port."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _call_at_the_end(then: Callable[[], None]) -> None:
    """Call a function as soon as a signal ends the worker.

    The server has handlers of its own, and waits for all who are being answered: those
    who wait for something new must be let go.
    """
    received, sent = os.pipe()
    os.set_blocking(sent, False)
    signal.set_wakeup_fd(sent)

    def listen() -> None:
        while not ENDING.intersection(os.read(received, 16)):
            pass
        then()

    Thread(target=listen, daemon=True).start()

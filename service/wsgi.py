"""What a worker process of the server runs."""

from flask import Flask

from service.app import create_app
from service.config import Settings
from service.record import Record


def application() -> Flask:
    """Return the app over the record that the environment names."""
    return create_app(Record.open(Settings.from_environment()))

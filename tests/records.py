"""Apps over records: a founding one, and small ones of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from service import start
from service.app import create_app
from service.config import Settings
from service.record import Record
from tests.contract_client import ContractClient


def founding_record(folder: Path) -> Record:
    record = Record.open(Settings(data=folder))
    start.found(record)
    return record


def app_over(record: Record) -> Flask:
    app = create_app(record)
    app.test_client_class = ContractClient
    return app


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    record = founding_record(tmp_path_factory.mktemp("record"))
    yield record
    record.close()


@pytest.fixture(scope="module")
def client(record: Record) -> ContractClient:
    client = app_over(record).test_client()
    assert isinstance(client, ContractClient)
    return client

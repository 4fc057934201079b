"""The page about search: each address on it is asked for, and finds something."""

import re
from urllib.parse import quote

import pytest

from tests.records import client, record
from tests.test_check_us import DOCS

__all__ = ["client", "record"]

TEXT = (DOCS / "search.md").read_text()
ADDRESSES = re.findall(r"^/v1/.+$", TEXT, re.M)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_the_page_finds_something(client, address):
    answer = client.get(quote(address, safe="/?=&*"))
    assert answer.status_code == 200
    if answer.is_json:
        assert answer.json["total"] > 0
    else:
        assert len(answer.text.splitlines()) > 1


def test_the_page_has_addresses():
    assert len(ADDRESSES) >= 5

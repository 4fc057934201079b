"""The page about formats: each address on it is asked for, and holds something."""

import re

import pytest

from service.http.representations import FORMS
from tests.records import client, record
from tests.test_check_us import DOCS

__all__ = ["client", "record"]

TEXT = (DOCS / "formats.md").read_text()
ADDRESSES = re.findall(r"^/v1/.+$", TEXT, re.M)

MEDIA = {"atom": "application/atom+xml", **{k: v.media for k, v in FORMS.items()}}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_the_page_answers_in_the_format_that_it_asks_for(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == MEDIA[suffix_of(address)]
    assert len(answer.data) > 100


def test_the_page_shows_every_format():
    assert set(map(suffix_of, ADDRESSES)) == set(MEDIA)


def suffix_of(address):
    return address.partition("?")[0].partition(".")[2]

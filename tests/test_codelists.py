"""Code lists: each code that answers show can be looked up."""

import csv
import io

import pytest

from schemas.codelists import Code
from schemas.meanings import code_lists, meanings
from tests.contract_client import SPEC
from tests.records import small

__all__ = ["small"]


def test_every_code_of_every_list_has_a_meaning():
    for name, each in code_lists().items():
        for code in each.codes:
            assert meanings().get((name, str(code))), (
                f"add {name},{code} to meanings.csv"
            )


def test_every_code_list_is_listed(small):
    listed = small.client().get("/v1/codelists").json["items"]
    assert len(listed) == len(Code.__subclasses__())
    for each in listed:
        codes = small.client().get(each["address"]).json
        assert codes["total"] == each["codes"] == len(codes["items"])


def test_a_code_is_shown_with_its_label_and_its_meaning(small):
    answer = small.client().get("/v1/codelists/change")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.json["items"][1] == {
        "code": "correction",
        "label": "Correction",
        "meaning": "This record had it wrong: what is now stated was true all along.",
    }
    assert answer.json["next"] is None


def test_a_list_can_be_had_as_csv_and_in_pages(small):
    rows = list(
        csv.DictReader(
            io.StringIO(small.client().get("/v1/codelists/body-kind.csv").text)
        )
    )
    assert [row["code"] for row in rows][:2] == ["police-force", "special-force"]
    page = small.client().get("/v1/codelists/body-kind?limit=2").json
    assert len(page["items"]) == 2
    assert len(small.client().get(page["next"]).json["items"]) == 2


@pytest.mark.parametrize("name", ["body-kinds", "x", "Change", "ch\u00e4nge"])
def test_another_name_is_not_found_and_the_nearest_are_named(small, name):
    answer = small.client().get(f"/v1/codelists/{name}")
    assert answer.status_code == 404
    if name == "body-kinds":
        assert answer.json["did_you_mean"] == ["body-kind"]


def test_every_set_of_codes_in_the_contract_is_a_code_list():
    known = {frozenset(map(str, each.codes)) for each in code_lists().values()}
    basis = SPEC["components"]["schemas"]["RatingBasis"]["enum"]
    assert frozenset(basis) in known

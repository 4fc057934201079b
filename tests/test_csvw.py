"""CSV on the Web: each CSV is read by its metadata, and says what the JSON says."""

import json
import warnings

import pytest
from csvw import CSVW

from tests.records import client, record

__all__ = ["client", "record"]

NOUNS = ["bodies", "programmes", "inspections", "ratings", "terms", "findings",
         "statements", "plans", "monitoring", "sessions", "commitments", "gaps",
         "sources", "corrections", "redactions", "events"]  # fmt: skip
OTHERS = [
    "/v1/ratings/matrix?programme=peel-2023-25",
    "/v1/ratings/changes",
    "/v1/coverage?programme=peel-2023-25",
    "/v1/responses",
    "/v1/bodies/west-mercia/timeline",
    "/v1/bodies/west-mercia/changes",
    "/v1/bodies/west-mercia/grades",
    "/v1/bodies/west-mercia/versions",
    "/v1/codelists/rating-basis",
    "/v1/search?q=crime",
    "/v1/bodies/west-mercia",
]
LISTS = [*(f"/v1/{noun}" for noun in NOUNS), *OTHERS]


def at(path, suffix):
    stem, mark, query = path.partition("?")
    return f"{stem}.{suffix}{mark}{query}"


def read(client, path, folder):
    """Return the metadata of a CSV, and its rows as a reader of CSVW sees them."""
    described = client.get(at(path, "csv-metadata.json"))
    assert described.mimetype == "application/csvm+json"
    metadata = json.loads(described.data)
    (folder / "list.csv").write_bytes(client.get(at(path, "csv")).data)
    here = folder / "list.csv-metadata.json"
    here.write_text(json.dumps({**metadata, "url": "list.csv"}))
    with warnings.catch_warnings(record=True) as faults:
        warnings.simplefilter("always")
        found = CSVW(str(here), validate=True)
        assert found.is_valid, [str(each.message) for each in faults]
        table = found.tables[0]
        return metadata, list(table.iterdicts(strict=True))


@pytest.mark.parametrize("path", LISTS)
def test_a_csv_is_valid_by_its_metadata(client, path, tmp_path):
    metadata, rows = read(client, path, tmp_path)
    names = [each["name"] for each in metadata["tableSchema"]["columns"]]
    answer = client.get(path).json
    items = answer.get("items", [answer])
    assert len(rows) == answer.get("total", 1)
    for row, item in zip(rows, items, strict=False):
        assert list(row) == names
        for name in names:
            assert plain(row[name]) == said(item[name]), name


def plain(value):
    """Return a value as the CSV says it: a time has its form in JSON."""
    return value.isoformat() if hasattr(value, "isoformat") else value or None


def said(value):
    if isinstance(value, str) and value.endswith("Z") and "T" in value:
        return value.replace("Z", "+00:00")
    if isinstance(value, list) and any(isinstance(each, list) for each in value):
        return [number for pair in value for number in pair]  # As the CSV has them.
    return value or None


def test_a_csv_leads_to_its_metadata_and_back(client):
    answer = client.get("/v1/ratings.csv?body=west-mercia&excel=true")
    [link] = [each for each in answer.headers.getlist("Link") if "csvm" in each]
    address = link[1:].partition(">")[0]
    assert 'rel="describedby"' in link
    metadata = json.loads(client.get(address).data)
    assert metadata["url"].endswith("/v1/ratings.csv?body=west-mercia&excel=true")
    assert "west-mercia" in metadata["dc:bibliographicCitation"]


def test_the_metadata_says_what_words_a_column_may_hold(client):
    metadata = json.loads(client.get("/v1/ratings.csv-metadata.json").data)
    columns = {each["name"]: each for each in metadata["tableSchema"]["columns"]}
    assert columns["basis"]["datatype"]["format"].split("|")[0] == "assessed"
    assert "/v1/codelists/" in columns["basis"]["dc:description"]
    assert columns["is_disputed"]["datatype"] == "boolean"
    assert columns["more_source_urls"]["separator"] == ";"
    assert columns["redacted"]["datatype"] == "json"
    assert metadata["tableSchema"]["primaryKey"] == "id"


def test_what_has_no_csv_has_no_metadata(client):
    assert client.get("/v1/status.csv-metadata.json").status_code == 406
    assert client.get("/v1/bodies/nowhere.csv-metadata.json").status_code == 404

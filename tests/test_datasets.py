"""The machine documents: DCAT, data package, API catalogue, llms.txt, changelog."""

import csv
import io
import json
import re

import pytest
import rdflib
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF

from service.bulk.making import count_files
from tests.test_bulk import HEAD, client, founding

__all__ = ["client", "founding"]

# The parser of JSON-LD itself still uses it.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
HOST = "http://localhost"
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
OGL = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


def must_be_there(client, address):
    answer = client.get(str(address).removeprefix(HOST))
    assert answer.status_code == 200, address
    return answer


def test_the_catalogue_is_dcat(client):
    answer = client.get("/v1/catalog")
    assert answer.mimetype == "application/ld+json"
    graph = rdflib.Graph().parse(data=answer.text, format="json-ld")
    [catalogue] = graph.subjects(RDF.type, DCAT.Catalog)
    assert str(catalogue) == f"{HOST}/v1/catalog"
    sets = set(graph.objects(catalogue, DCAT.dataset))
    assert len(sets) > 15 and sets == set(graph.subjects(RDF.type, DCAT.Dataset))
    for each in (catalogue, *sets):
        assert graph.value(each, DCTERMS.license) == rdflib.URIRef(OGL)
        assert graph.value(each, DCTERMS.title).language == "en"
        assert graph.value(graph.value(each, DCTERMS.publisher), FOAF.name)
        assert graph.value(each, DCTERMS.accrualPeriodicity)
        assert graph.value(each, DCTERMS.modified).datatype.endswith("dateTime")
        period = graph.value(each, DCTERMS.temporal)
        assert graph.value(period, DCAT.startDate).toPython().year < 2024
    distributions = set(graph.subjects(RDF.type, DCAT.Distribution))
    assert distributions == set(graph.objects(None, DCAT.distribution))
    for each in distributions:
        at = graph.value(each, DCAT.accessURL)
        media = graph.value(each, DCAT.mediaType).partition("media-types/")[2]
        assert must_be_there(client, at).mimetype == media
    [service] = graph.subjects(RDF.type, DCAT.DataService)
    assert set(graph.objects(service, DCAT.servesDataset)) == sets
    must_be_there(client, graph.value(service, DCAT.endpointDescription))


def test_the_catalogue_has_the_bulk_files_with_their_digests(client):
    text = client.get("/v1/catalog.jsonld").text
    graph = rdflib.Graph().parse(data=text, format="json-ld")
    made = {each["address"]: each for each in client.get("/v1/bulk").json["files"]}
    found = dict(graph.subject_objects(DCAT.downloadURL))
    assert len(found) == len(made) == count_files()
    for distribution, address in found.items():
        file = made[str(address)]
        assert int(graph.value(distribution, DCAT.byteSize)) == file["bytes"]
        checksum = graph.value(distribution, SPDX.checksum)
        assert str(graph.value(checksum, SPDX.checksumValue)) == file["sha256"]
    whole = rdflib.URIRef(f"{HOST}/v1/bulk")
    version = rdflib.URIRef(f"{DCAT}version")  # New in DCAT 3.
    assert str(graph.value(whole, version)) == str(HEAD)


def test_the_data_package_describes_the_lists(client):
    package = client.get("/datapackage.json").json
    assert package["version"] == str(HEAD) and len(package["resources"]) > 15
    for each in package["resources"]:
        text = must_be_there(client, each["path"]).text
        header = next(csv.reader(io.StringIO(text)))
        assert [member["name"] for member in each["schema"]["fields"]] == header


def test_the_api_catalogue_leads_to_what_describes_the_api(client):
    for answer in (
        client.get("/.well-known/api-catalog"),
        client.head("/.well-known/api-catalog"),
    ):
        assert answer.mimetype == "application/linkset+json"
        assert answer.mimetype_params["profile"].endswith("rfc9727")
        own = f'<{HOST}/.well-known/api-catalog>; rel="api-catalog"'
        assert any(each.startswith(own) for each in answer.headers.getlist("Link"))
    text = client.get("/.well-known/api-catalog").text
    first, api = json.loads(text)["linkset"]
    assert first["item"] == [{"href": api["anchor"]}]
    for relation in ("service-desc", "service-doc", "service-meta", "status"):
        for target in api[relation]:
            assert must_be_there(client, target["href"]).mimetype == target["type"]


def test_llms_txt_leads_to_every_document_and_list(client):
    text = client.get("/llms.txt").text
    assert text.startswith("# Copperplate\n\n> ") and OGL in text
    addresses = re.findall(r"\]\((.+?)\)", text)
    assert len(addresses) == len(set(addresses)) > 30
    for each in addresses:
        must_be_there(client, f"{each}?q=crime" if each.endswith("/search") else each)


def test_the_changelog_is_a_page(client):
    page = client.get("/changelog")
    assert page.mimetype == "text/html" and "<h1>Changelog</h1>" in page.text
    assert "<script" not in page.text and page.headers["Content-Security-Policy"]


def test_without_bulk_files_the_catalogue_stands_as_well(client, founding, tmp_path):
    bulk = founding.settings.data / "bulk"
    bulk.rename(tmp_path / "bulk")
    try:
        graph = rdflib.Graph()
        graph.parse(data=client.get("/v1/catalog").text, format="json-ld")
        assert not list(graph.objects(None, DCAT.downloadURL))
        assert list(graph.objects(None, DCAT.dataset))
    finally:
        (tmp_path / "bulk").rename(bulk)

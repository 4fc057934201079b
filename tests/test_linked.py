"""Bodies and ratings as linked data: read by an RDF library, triple by triple."""

import json
import re

import pytest
from rdflib import RDF, XSD, Graph, Literal, Namespace, URIRef

from service.linked import EDTF, ratings
from tests.records import client, record, small

__all__ = ["client", "record", "small"]

SCHEMA = Namespace("https://schema.org/")
PROV = Namespace("http://www.w3.org/ns/prov#")
BASE = Namespace("http://localhost/v1/")
# The library warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")


@pytest.fixture
def row(client):
    return client.get("/v1/ratings?body=west-mercia").json["items"][0]


def graph(client, path):
    answer = client.get(path)
    assert answer.mimetype == "application/ld+json"
    return Graph().parse(data=answer.data, format="json-ld")


def test_a_body_is_an_organisation_with_its_names_and_what_it_rests_on(client):
    found = graph(client, "/v1/bodies/west-mercia.jsonld")
    item = client.get("/v1/bodies/west-mercia").json
    body = BASE["bodies/west-mercia"]
    assert (body, RDF.type, SCHEMA.GovernmentOrganization) in found
    assert (body, SCHEMA.name, Literal("West Mercia Police")) in found
    assert (body, SCHEMA.memberOf, BASE[f"bodies/{item['region']}"]) in found
    [when] = found.objects(body, PROV.generatedAtTime)
    assert when.datatype == XSD.dateTime
    names = {found.value(each, SCHEMA.propertyID): found.value(each, SCHEMA.value)
             for each in found.objects(body, SCHEMA.identifier)}  # fmt: skip
    assert names[Literal("ons")] == Literal("E23000016")


def test_a_rating_is_a_review_of_one_aspect_of_a_body(client):
    found = graph(client, "/v1/ratings.jsonld?body=west-mercia")
    items = client.get("/v1/ratings?body=west-mercia").json["items"]
    assert len(set(found.subjects(RDF.type, SCHEMA.Review))) == len(items)
    for item in items:
        rating = BASE[f"ratings/{item['id']}"]
        assert (rating, SCHEMA.itemReviewed, BASE["bodies/west-mercia"]) in found
        assert (rating, SCHEMA.reviewAspect, Literal(item["question_label"])) in found
        given = found.value(rating, SCHEMA.reviewRating)
        assert (given, SCHEMA.ratingValue, Literal(item["grade_label"])) in found
        assert (rating, PROV.wasDerivedFrom, URIRef(item["source_url"])) in found
        published = found.value(rating, SCHEMA.datePublished)
        assert published == Literal(item["published_on"], datatype=XSD.date)


def test_the_data_set_says_how_to_cite_it_and_what_it_has(client):
    found = graph(client, "/v1/ratings.jsonld?body=west-mercia&limit=3")
    [data] = found.subjects(RDF.type, SCHEMA.Dataset)
    assert "/v1/ratings.jsonld?body=west-mercia&at_position=" in data
    assert len(set(found.objects(data, SCHEMA.hasPart))) == 3
    assert str(data) in str(found.value(data, SCHEMA.creditText))
    assert "open-government-licence" in found.value(data, SCHEMA.license)


def test_what_has_no_date_has_none(client):
    items = client.get("/v1/ratings?limit=1000").json["items"]
    undated = next(each for each in items if each["published_on"] is None)
    found = graph(client, f"/v1/ratings/{undated['id']}.jsonld")
    rating = BASE[f"ratings/{undated['id']}"]
    assert (rating, RDF.type, SCHEMA.Review) in found
    assert not list(found.objects(rating, SCHEMA.datePublished))


@pytest.mark.parametrize(
    ("date", "datatype"),
    [
        ("2024", XSD.gYear),
        ("2024-03", XSD.gYearMonth),
        ("2024-03-09", XSD.date),
        ("2024-03/2024-05", URIRef(EDTF)),
    ],
)
def test_a_date_has_the_datatype_of_its_precision(small, date, datatype):
    small.register("someshire", started_on=date)
    found = graph(small.client(), "/v1/bodies/someshire.jsonld")
    [founded] = found.objects(BASE["bodies/someshire"], SCHEMA.foundingDate)
    assert founded.datatype == datatype
    assert str(founded) == date


def test_a_correction_is_a_revision_of_the_version_before(client, row):
    corrected = {**row, "change": "correction", "version": 3}
    said = client.get("/v1/ratings").json["meta"]
    with client.application.test_request_context("/"):
        document = ratings([corrected, {**row, "id": "other"}], said)
    found = Graph().parse(data=document, format="json-ld")
    rating = BASE[f"ratings/{row['id']}"]
    before = BASE[f"ratings/{row['id']}/versions/2"]
    assert list(found.subject_objects(PROV.wasRevisionOf)) == [(rating, before)]


def test_nothing_is_fetched_from_elsewhere_to_read_it(client):
    document = json.loads(client.get("/v1/bodies/kent.jsonld").data)
    assert isinstance(document["@context"], dict)
    assert "@import" not in document["@context"]


def test_what_an_address_may_hold_and_a_resource_may_not_is_escaped(client, row):
    row["note"] = '\x00"<é\\'
    row["source_url"] = 'https://example.org/"a"|{b}<c>\\^`'
    said = client.get("/v1/ratings").json["meta"]
    with client.application.test_request_context("/"):
        found = Graph().parse(data=ratings([row], said), format="json-ld")
    [source] = [each for each in found.objects(None, PROV.wasDerivedFrom)
                if "example.org" in each]  # fmt: skip
    assert not re.search(r'[<>"{}|\\^`]', source)
    assert Literal(row["note"]) in set(found.objects(None, SCHEMA.description))

import json
import re

from flask import Flask
from jsonschema import Draft202012Validator

from schemas.catalogue import DATA_SCHEMAS
from service.app import create_app
from service.http.contract import Contract
from service.http.openapi import build_spec, name_of
from tests.contract import COMMITTED, SPEC


def described() -> Flask:
    return create_app(None)


def test_the_committed_contract_is_what_the_code_says():
    assert build_spec(described()).to_yaml() == COMMITTED


def test_the_contract_is_the_same_each_time_it_is_built():
    assert build_spec(described()).to_yaml() == build_spec(described()).to_yaml()


def test_patterns_are_those_of_json_schema_and_formats_are_known():
    assert "\\Z" not in COMMITTED
    assert "format: url" not in COMMITTED
    patterns = list(values_of("pattern", SPEC))
    assert patterns and all(each.startswith("^") for each in patterns)


def values_of(name, node):
    """Yield every text that a document has under a name."""
    below = node.values() if isinstance(node, dict) else node
    if isinstance(node, dict) and isinstance(node.get(name), str):
        yield node[name]
    for each in below:
        if isinstance(each, dict | list):
            yield from values_of(name, each)


def test_the_contract_says_what_stands_often_once():
    whole = [json.dumps(each) for each in parameters_of(SPEC) if "$ref" not in each]
    assert len(whole) == len(set(whole))
    assert COMMITTED.count("\n") < 20_000


def parameters_of(document):
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", [])


def test_the_contract_has_no_anchors():
    assert not re.search(r"[&*]id\d", COMMITTED)


def test_every_schema_is_a_schema():
    for schema in SPEC["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_event_type_has_a_schema():
    schemas = SPEC["components"]["schemas"]
    assert {name_of(each) for each in DATA_SCHEMAS.values()} <= set(schemas)


def test_every_endpoint_under_v1_has_a_contract_and_a_docstring():
    app = described()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1/"):
            view = app.view_functions[rule.endpoint]
            assert isinstance(getattr(view, "contract", None), Contract), rule
            assert view.__doc__, rule


def test_names_of_operations_are_unique():
    paths = SPEC["paths"].values()
    names = [each["operationId"] for path in paths for each in path.values()]
    assert len(names) == len(set(names))


def test_what_is_sent_to_subscribers_is_described_too():
    assert list(SPEC["webhooks"]) == ["event", "challenge", "test"]
    for each in SPEC["webhooks"].values():
        body = each["post"]["requestBody"]["content"]["application/json"]["schema"]
        name = body["$ref"].rpartition("/")[2]
        assert SPEC["components"]["schemas"][name]["required"] == [
            "data",
            "timestamp",
            "type",
        ]

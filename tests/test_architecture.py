"""Each event type is complete, and the modules keep to the rules of the house."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from projections.catalogue import ALL
from schemas import dates
from schemas.catalogue import DATA_SCHEMAS
from service.domain.catalogue import EVENT_TYPES, GENERIC, NOUNS
from tests.examples import OF_THE_LOG

ROOT = Path(__file__).parent.parent
FOLDERS = ("service", "projections", "schemas")

# The members of the event types, as the design of the domain lists them:
# plain ones, and after the bar those that are sealed.
MEMBERS = """
body.registered kind, name, started_on, outside_ids | note
body.renamed name, started_on | note
body.linked relation, to, started_on, ended_on | note
body.unlinked relation, to, ended_on | note
body.dissolved ended_on, succeeded_by | note
programme.announced family, title, follows, scale, announced_on | note
programme.question-added question, concept, level, pillar, number, label, text, \
graded, aliases | note
programme.question-alias-added question, alias |
inspection.announced programme, title, subjects, announced_on | note
inspection.published kind, programme, title, subjects, published_on, report_url, \
section_55 | note
inspection.fieldwork-stated subjects, fieldwork_from, fieldwork_to | note
inspection.totals-stated body, areas, grades | note
rating.awarded inspection, programme, body, question, level, scale, grade, basis, \
carried_from, published_on | note
term.started body, office, elected_on, started_on, party | person_name, note
term.ended ended_on, reason | note
statement.published kind, body, term, about, published_on, dated_on, responds_to, \
section_55 | title, text, speaker
statement.withdrawn withdrawn_on | note
plan.opened body, addresses, opened_on | title, summary
plan.action-added action, due_on | text
plan.progress-reported action, status, reported_on, reported_by | status_word, text
plan.progress-assessed action, status, assessed_on, inspection | status_word, text
plan.closed closed_on, outcome | note
commitment.made kind, body, term, made_on, amount_pence, currency, due_on, about | text
commitment.reported status, reported_on, reported_by | status_word, text
session.held held_on, convened_by, bodies, about | title, attendees, minutes
*.corrected corrects, reason, asked_by, data, sealed_fields | reason_text
*.retracted retracts, reason, asked_by | reason_text
*.disputed disputes, data, sealed_fields |
*.dispute-settled settles, prevails, reason | reason_text
*.sourced adds_to |
finding.raised inspection, bodies, kind, accelerated, raised_on, outside_id | \
title, text
finding.status-reported status, reported_on, reported_by | status_word, note
finding.commented commented_on | text
finding.closed on, decided_by | note
finding.reopened on, decided_by | note
finding.superseded on, by | note
monitoring.entered body, phase, entered_on | note
monitoring.observed observed_on | note
monitoring.left left_on, to_phase | note
gap.declared kind, about, since | note
gap.closed on | note
field.redacted target, fields, basis, reference |
key.added editor, key_id, public_key, scopes |
key.revoked key_id, reason |
editor.named editor | name
report.received about, kind |
report.resolved outcome, correction |
log-key.added verifier_key |
log-key.retired verifier_key |
source.archived url_hash, sha256, checked_at, outcome |
source.checked url_hash, sha256, checked_at, outcome |
"""
DESIGNED = dict(re.findall(r"^(\S+) (.*)$", MEMBERS, re.MULTILINE))
CLASSES = EVENT_TYPES | {f"*.{verb}": kind for verb, kind in GENERIC.items()}


def designed(type):
    plain, sealed = map(named, DESIGNED[type].split("|"))
    with_twins = [
        each
        for name in plain
        for each in ([name, f"{name}_basis"] if dates.is_world_date(name) else [name])
    ]
    return with_twins, tuple(sealed)


def named(listed):
    return [name.strip() for name in listed.split(",") if name.strip()]


@pytest.mark.parametrize("type", CLASSES)
def test_an_event_type_has_the_members_of_the_design(type):
    assert type in DESIGNED, f"add {type} to MEMBERS, as the design lists it"
    members = [name.rstrip("_") for name in CLASSES[type].plain_members()]
    assert (members, CLASSES[type].sealed) == designed(type)


@pytest.mark.parametrize("type", EVENT_TYPES)
def test_an_event_type_has_a_schema_with_its_members_in_their_order(type):
    assert type in DATA_SCHEMAS, f"add a schema for {type} to schemas/"
    members = DATA_SCHEMAS[type]().fields
    plain = [name for name in members if not members[name].metadata.get("sealed")]
    sealed = tuple(name for name in members if members[name].metadata.get("sealed"))
    assert plain == EVENT_TYPES[type].plain_members()
    assert sealed == EVENT_TYPES[type].sealed


def test_no_schema_is_of_an_unknown_event_type():
    generic = {f"{noun}.{verb}" for noun in NOUNS for verb in GENERIC}
    assert set(DATA_SCHEMAS) <= set(EVENT_TYPES) | generic


@pytest.mark.parametrize("type", sorted(set(EVENT_TYPES) - OF_THE_LOG))
def test_an_event_type_is_handled_by_a_projection(type):
    assert is_handled(type), f"handle {type} in projections/"


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("verb", GENERIC)
def test_the_generic_types_are_handled_for_every_noun(noun, verb):
    type = f"{noun}.{verb}"
    assert is_handled(type), f"handle {type} in projections/"


def is_handled(type):
    """Whether the projection of its own noun handles a type."""
    return any(type in p.handlers for p in ALL if p.noun == noun_of(type))


def noun_of(type):
    """Return the noun of the streams in which a type occurs."""
    noun = type.partition(".")[0]
    return "redaction" if noun == "field" else noun


def test_every_type_belongs_to_a_noun():
    nouns = {noun_of(type) for type in set(EVENT_TYPES) - OF_THE_LOG}
    assert nouns == {*NOUNS, "redaction", "report", "source"}


def test_the_import_contracts_hold():
    # It is found beside the interpreter, whether or not its environment is active.
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "catalogue, plain",
    [
        ("schemas.catalogue", {"EventData"}),
        ("projections.catalogue", {"Projection"}),
        ("service.domain.catalogue", {"Aggregate"}),
    ],
)
def test_a_catalogue_lists_every_module_of_its_folder_that_it_should(catalogue, plain):
    folder = ROOT / Path(*catalogue.split(".")[:-1])
    listed = {
        name.rpartition(".")[2]
        for name in imports_of(folder / "catalogue.py", with_names=True)
    }
    for path in folder.glob("*.py"):
        if defines(path, plain):
            assert path.stem in listed, f"list {path.stem} in {catalogue}"


def test_the_catalogues_can_be_imported_in_any_order():
    for folder in ("service.domain", "projections", "schemas"):
        assert importlib.import_module(f"{folder}.catalogue")


RECORDERS = {
    f"service/log/{name}.py" for name in ("sessions", "sqlite_log", "postgres_log")
}
LOG_DRIVERS = {*RECORDERS, "service/log/scrubbing.py"}
ALLOWED = {
    "eventsourcing": RECORDERS,
    "psycopg": {*LOG_DRIVERS, "projections/database.py"},
    "sqlite3": {*LOG_DRIVERS, "projections/database.py", "service/bulk/sqlite.py"},
    "duckdb": {"service/bulk/parquet.py"},
    "redis": {"service/shared_redis.py"},
    "apispec": {"service/http/openapi.py"},
}


@pytest.mark.parametrize("module", ["service.wsgi", "service.cli"])
def test_what_few_need_is_imported_late(module):
    late = {"redis", "rich", "psycopg", "duckdb", "pyarrow", "apispec"}
    said = f"import sys, {module}; print(*{late} & {{*sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True
    )
    assert (run.returncode, run.stdout) == (0, "\n"), run.stderr


@pytest.mark.parametrize("library", ALLOWED)
def test_a_library_is_known_to_the_modules_that_may_know_it(library):
    users = {
        name
        for name, path in modules()
        if any(each.partition(".")[0] == library for each in imports_of(path))
    }
    assert users <= ALLOWED[library]


def test_the_domain_imports_the_standard_library_and_plain_schemas_alone():
    plain = {"schemas.codelists", "schemas.dates", "schemas.canonical"}
    for name, path in modules():
        if not name.startswith("service/domain/"):
            continue
        for each in imports_of(path, with_names=True):
            is_plain = any(each == p or each.startswith(f"{p}.") for p in plain)
            is_ours = each.startswith("service.domain") or each == "schemas"
            is_standard = each.partition(".")[0] in sys.stdlib_module_names
            assert is_plain or is_ours or is_standard, f"{name} imports {each}"


def test_nothing_reads_the_environment_but_the_settings():
    readers = {name for name, path in modules() if reads_environment(path)}
    assert readers == {"service/config.py"}


def modules():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


def imports_of(path, *, with_names=False):
    """Return what a module imports, at its head or within a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            if with_names:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def defines(path, names):
    """Whether a module makes something of these kinds: a subclass, or an instance."""
    tree = ast.parse(path.read_text("utf-8"))
    bases = [b for n in tree.body if isinstance(n, ast.ClassDef) for b in n.bases]
    made = [
        n.value.func
        for n in tree.body
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call)
    ]
    return any(isinstance(each, ast.Name) and each.id in names for each in bases + made)


def reads_environment(path):
    """Whether a module reads os.environ; it may still write to it for its children."""
    tree = ast.parse(path.read_text("utf-8"))
    written = {
        id(node.func.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "update"
    }
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and id(node) not in written
        for node in ast.walk(tree)
    )

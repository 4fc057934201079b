"""The commands about editors: keys are printed once, listed and revoked."""

import json
import re
import signal
import subprocess

import pytest
from click.testing import CliRunner

from service import editors
from service.cli import main
from service.log.notes import Signer
from tests import server
from tests.editing import opened

KEY = re.compile(editors.KEY_PATTERN)


@pytest.fixture
def data(tmp_path):
    with opened(tmp_path / "data"):
        pass
    return tmp_path / "data"


def run(data, *words, status=0):
    result = CliRunner().invoke(main, [*map(str, words), "--data", str(data)])
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result


def add(data, *words, name="Jo Bloggs", scopes="record,correct,redact,admin"):
    return run(data, "editors", "add", name, "--scopes", scopes, *words)


def listed(data):
    return json.loads(run(data, "editors", "list", "--json").stdout)


def test_a_key_is_printed_once_alone_on_the_last_line(data):
    added = add(data)
    key = added.stdout.splitlines()[-1]
    assert KEY.fullmatch(key) and added.output.count(key) == 1
    assert "shown once" in added.stderr and "ed-" in added.stderr
    with opened(data) as record:
        found = editors.authenticate(record, key)
    assert found.scopes == {"record", "correct", "redact", "admin"}
    for words in (["editors", "list"], ["editors", "list", "--json"], ["status"]):
        assert key[13:] not in run(data, *words).output


def test_nouns_limit_what_is_recorded_and_corrected(data):
    add(data, "--nouns", "ratings, plans")
    assert listed(data)[0]["scopes"] == [
        "admin",
        "correct:plans",
        "correct:ratings",
        "record:plans",
        "record:ratings",
        "redact",
    ]


@pytest.mark.parametrize(
    "words, says",
    [
        (["--scopes", "record,write"], "write: there are record, correct"),
        (["--scopes", "record", "--nouns", "ratingz"], "ratingz: there are bod"),
        (["--scopes", ","], "scopes: Length must be"),
        ([], "--scopes"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_what_can(data, words, says):
    result = CliRunner().invoke(
        main, ["editors", "add", "Jo", *words, "--data", str(data)]
    )
    assert result.exit_code in (1, 2)
    assert says in " ".join(result.output.split())
    assert listed(data) == []


def test_keys_are_listed_with_the_names_that_only_the_operator_sees(data):
    add(data, scopes="record")
    add(data, name="Zoë Ångström", scopes="admin")
    first, second = listed(data)
    assert (first["name"], second["name"]) == ("Jo Bloggs", "Zoë Ångström")
    table = run(data, "editors", "list").stdout
    header, *lines = table.splitlines()
    assert header.split() == ["key", "editor", "name", "scopes", "added", "revoked"]
    assert [line.split()[0] for line in lines] == [first["key"], second["key"]]
    assert "Zoë Ångström" in table


def test_a_name_is_published_only_if_it_is_to_be_shown(data):
    add(data, name="Quiet Person")
    add(data, "--show-name", name="Open Person")
    with opened(data) as record:
        words = [each.opened for each in record.store.read()]
        leaves = b"".join(record.store.leaves(0, 10))
    assert words == [{}, {}, {"name": "Open Person"}]
    assert b"Person" not in leaves


@pytest.mark.parametrize("name", ["", "a\nb", "\u202e", "x" * 301])
def test_a_name_that_is_no_name_is_refused(data, name):
    run(data, "editors", "add", name, "--scopes", "record", status=1)
    assert listed(data) == []


def test_an_editor_gets_another_key(data):
    add(data)
    [first] = listed(data)
    add(data, "--editor", first["editor"], scopes="record")
    assert {each["editor"] for each in listed(data)} == {first["editor"]}
    words = ["--editor", "ed-nobody", "--scopes", "record"]
    run(data, "editors", "add", "Jo", *words, status=1)


def test_a_public_key_is_registered(data):
    verifier = Signer("jo", bytes(range(32))).verifier
    add(data, "--public-key", str(verifier))
    assert listed(data)[0]["public_key"] == editors.encode_base64(verifier.public)
    words = ["--scopes", "record", "--public-key", "jo+00000000+AAAA"]
    assert "public key" in run(data, "editors", "add", "Jo", *words, status=1).output


def test_a_key_is_revoked_by_its_id_or_by_itself(data):
    keys = [add(data).stdout.splitlines()[-1] for _ in range(2)]
    first = listed(data)[0]["key"]
    done = run(data, "editors", "revoke", first, "--reason", "leaked")
    assert first in done.output
    [other] = [key for key in keys if f"k-{key[4:12]}" != first]
    done = run(data, "editors", "revoke", other, "--reason", "lost")
    assert other not in done.output
    with opened(data) as record:
        assert not any(editors.authenticate(record, key) for key in keys)
    assert [each["reason"] for each in listed(data)].count("leaked") == 1
    again = run(data, "editors", "revoke", other, "--reason", "lost", status=1)
    assert "revoked already" in again.output and other not in again.output
    run(data, "editors", "revoke", "k-nothing", "--reason", "lost", status=1)
    run(data, "editors", "revoke", first, "--reason", "whim", status=2)


def test_the_sandbox_prints_a_key_that_opens_everything_once(tmp_path):
    port, data = server.free_port(), tmp_path / "data"
    for is_first in (True, False):
        command = server.command(data, "--port", str(port), "--empty")
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for line in process.stderr:
            if line.startswith("Serving"):
                break
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=server.PATIENCE)
        if is_first:
            key = printed.splitlines()[-1]
            with opened(data) as record:
                found = editors.authenticate(record, key)
                assert found.scopes == {"record", "correct", "redact", "admin"}
                assert record.store.size() == 1
        else:
            assert not KEY.search(printed)

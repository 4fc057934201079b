"""The stand-alone checker, run as an auditor runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.log_places import SQLitePlace
from tests.test_verify import (
    change,
    drop,
    grow,
    leaf_at,
    other_history,
    served,
    swap,
    tamper,
)

SCRIPT = Path(__file__).parents[1] / "docs" / "check_log.py"


@pytest.fixture
def place(tmp_path):
    place = SQLitePlace(tmp_path / "data")
    grow(place, "kent", "essex", "durham")
    return place


def key_of(place):
    with served(place) as url:
        return run_plain(f"{url}/log/key")


def run_plain(address):
    import urllib.request

    with urllib.request.urlopen(address) as answer:
        return answer.read().decode().strip()


def run(place, *words, key=None):
    key = key or key_of(place)
    with served(place) as url:
        done = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), url, key, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_the_checker_is_short_and_knows_nothing_of_ours():
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 150
    assert not any(f"import {name}" in text for name in ("service", "schemas"))


def test_a_good_log_passes_now_and_when_it_has_grown(place, tmp_path):
    saved = tmp_path / "saved"
    good = "PASS: {} events, all of them under the signed root\n"
    assert run(place, saved) == (0, good.format(6))
    grow(place, *(f"force-{number}" for number in range(130)))
    assert run(place, saved) == (0, good.format(266))
    assert saved.read_text().splitlines()[1] == "266"


def withhold(place):
    place.sql("DELETE FROM openings WHERE position = 3")


def reword(place):
    place.sql("UPDATE openings SET value = CAST('\"x\"' AS BLOB) WHERE position = 3")


def pad(place):
    raw = leaf_at(place, 3).replace(b'"by":"system"', b'"by": "system"')
    tamper(place, f"UPDATE stored_events SET state = x'{raw.hex()}' WHERE rowid = 3")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (change, "the events do not give the root"),
        (drop, "cut off"),
        (swap, "position 3: not canonical, or out of order"),
        (withhold, "position 3: note is neither opened nor redacted"),
        (reword, "position 3: note was changed"),
        (pad, "position 3: not canonical"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_log_that_was_tampered_with_fails(place, tamper, says):
    tamper(place)
    status, said = run(place)
    assert status == 1 and said.startswith("FAIL: ") and says in said


def test_a_log_that_was_signed_anew_fails_against_what_was_saved(place, tmp_path):
    run(place, saved := tmp_path / "saved")
    other = other_history(place, tmp_path, "kent", "essex", "gwent", "dorset")
    assert "REWRITE" in run(other, saved)[1]
    saved.unlink()
    run(other, saved)
    assert "ROLLBACK" in run(place, saved)[1]


def test_another_key_and_a_wrong_signature_fail(place, tmp_path):
    own = key_of(place)
    other = SQLitePlace(tmp_path / "third" / "data")
    grow(other)
    assert "not signed by the key" in run(place, key=key_of(other))[1]
    assert "FAIL" in run(place, key=own[:-4])[1]
    [(note,)] = place.sql("SELECT note FROM checkpoints WHERE size = 6")
    forged = bytes(note)[:-20] + b"AAAA" + bytes(note)[-16:]
    tamper(place, f"UPDATE checkpoints SET note = x'{forged.hex()}' WHERE size = 6")
    assert "the signature of the checkpoint is wrong" in run(place, key=own)[1]

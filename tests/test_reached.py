"""The file that tells how far the read model has come, and waiting for it."""

import subprocess
import sys
from threading import Thread

import pytest

from service.reached import SIZE, Point, Reached
from tests.editing import opened
from tests.records import SmallRecord, small

__all__ = ["small"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "head"


def test_a_new_file_tells_no_point(path):
    reached = Reached(path)
    assert (reached.point(), path.stat().st_size) == (None, SIZE)
    reached.close()


def test_what_one_process_tells_another_one_reads(path):
    reached = Reached(path)
    program = (
        "import sys; from pathlib import Path; from service.reached import *; "
        "Reached(Path(sys.argv[1])).raise_to(Point(2, 40, 7))"
    )
    subprocess.run([sys.executable, "-c", program, path], check=True)
    assert reached.point() == Point(2, 40, 7)
    reached.close()


def test_the_later_point_stays_and_a_later_generation_takes_its_place(path):
    reached = Reached(path)
    for point in (Point(1, 5, 0), Point(1, 4, 0), Point(2, 4, 3), Point(1, 9, 0)):
        reached.raise_to(point)
    assert reached.point() == Point(2, 4, 3)
    reached.restart_at(Point(1, 1, 0))
    assert reached.point() == Point(1, 1, 0)
    reached.close()


@pytest.mark.parametrize("at", [0, 8, 20, 33])
def test_a_file_that_is_half_written_tells_nothing(path, at):
    reached = Reached(path)
    reached.raise_to(Point(1, 5, 0))
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert reached.point() is None
    reached.raise_to(Point(1, 2, 0))
    assert reached.point() == Point(1, 2, 0)
    reached.close()


def test_a_point_is_believed_for_two_seconds_after_the_database_was_asked(path):
    now = [100.0]
    reached = Reached(path, lambda: now[0])
    reached.raise_to(Point(1, 5, 0))
    assert reached.heard_point() is None
    reached.hear(Point(1, 5, 0))
    now[0] = 102.0
    assert reached.heard_point() == Point(1, 5, 0)
    now[0] = 102.1
    assert reached.heard_point() is None
    reached.close()


def test_whoever_waits_goes_on_when_the_position_is_reached(path):
    reached, seen = Reached(path), []
    waiting = Thread(target=lambda: seen.append(reached.wait(3, 60)))
    waiting.start()
    reached.raise_to(Point(1, 2, 0))
    reached.raise_to(Point(1, 3, 0))
    waiting.join()
    assert seen == [True]
    reached.close()


def test_whoever_waits_in_vain_is_told_so(path):
    reached = Reached(path)
    reached.raise_to(Point(1, 2, 0))
    assert not reached.wait(3, 0)
    assert reached.wait(2, 0)
    reached.close()


def test_what_is_recorded_and_rebuilt_is_told(small):
    record = small.record
    small.register("someforce")
    assert record.reached.point() == record.look() == Point(1, 1, 0)
    small.rename("someforce", "Some Police")
    record.rebuild()
    assert record.reached.point() == record.look() == Point(2, 2, 0)


@pytest.mark.parametrize("rebuilds", [1, 2, 3])
def test_what_is_recorded_goes_to_the_generation_that_another_has_made(place, rebuilds):
    small = SmallRecord(place.folder, place.url)
    small.register("someforce")
    with opened(place.folder, place.url) as other:
        for _ in range(rebuilds):
            other.rebuild()
        small.register("otherforce")
        assert other.read_model.position == 2
    assert small.record.look() == Point(1 + rebuilds, 2, 0)
    small.record.close()


def test_connections_that_the_server_ended_are_made_anew(place):
    small = SmallRecord(place.folder, place.url)
    small.register("someforce")
    assert small.record.look().position == 1
    if place.url:
        place.sql("""
            SELECT pg_terminate_backend(pid, 10000)
            FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    assert small.record.look().position == 1
    small.register("otherforce")
    assert small.record.look().position == 2
    small.record.close()

"""What is shared in Redis, and that nobody needs it: with a real server."""

import socket
import subprocess
import sys
from contextlib import closing
from threading import Event, Thread

import pytest

from service.config import Settings, SettingsError
from service.shared_redis import REST, SharedRedis
from tests.records import SmallRecord
from tests.redis_server import running
from tests.server import PATIENCE

NAME = "example.org/log+12345678"


@pytest.fixture
def server():
    with running() as server:
        yield server


class Hand:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self):
        return self.now


def sharing(url, name=NAME, clock=None):
    return closing(SharedRedis(url, name, clock or Hand()))


def test_a_process_without_redis_does_not_load_its_library():
    script = """
import sys
from service.app import create_app
from service.shared_redis import SharedRedis
assert SharedRedis(None, "a").state == "absent"
assert "redis" not in sys.modules
SharedRedis("redis://127.0.0.1:1", "a")
assert "redis" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)


def test_what_is_put_is_had_by_others_until_it_is_forgotten(redis_url):
    with sharing(redis_url) as one, sharing(redis_url) as other:
        assert one.put("answers:a", b"\x00bytes", 60)
        assert one.put("limits:a", b"1", 60)
        assert other.get("answers:a") == b"\x00bytes"
        assert other.forget("answers:")
        assert one.get("answers:a") is None
        assert one.get("limits:a") == b"1"
        assert (one.state, one.failures, other.failures) == ("answering", 0, 0)


def test_logs_are_apart_whatever_their_names(redis_url):
    names = ["example.org/*", "example.org/a", "example.org/[a]", "example.org/?"]
    for name in names:
        with sharing(redis_url, name) as one:
            assert one.get("answers:a") is None
            one.put("answers:a", name.encode(), 60)
    with sharing(redis_url, names[0]) as star:
        star.forget("")
        assert star.get("answers:a") is None
    for name in names[1:]:
        with sharing(redis_url, name) as one:
            assert one.get("answers:a") == name.encode()
            one.forget("")


def test_two_records_of_one_origin_have_each_its_own_name(redis_url, tmp_path):
    names = set()
    for folder in ("one", "other"):
        settings = Settings(data=tmp_path / folder, redis_url=redis_url)
        small = SmallRecord(tmp_path / folder, settings=settings)
        with closing(small.record) as record:
            assert record.redis.put("a", b"1", 60)
            names.add(record.redis._prefix)
            assert record.settings.origin in record.redis._prefix
            record.redis.forget("")
    assert len(names) == 2


def test_without_redis_nothing_is_kept_and_nothing_fails():
    with sharing(None) as nobody:
        assert not nobody.put("a", b"1", 60)
        assert nobody.get("a") is None
        assert nobody.run("return 1", [], []) is None
        nobody.ring()
        nobody.listen(lambda: None, Event())
        assert nobody.forget("")
        assert (nobody.state, nobody.failures, nobody.skipped) == ("absent", 0, 0)


def test_a_script_runs_in_one_step_also_after_all_scripts_were_lost(server):
    with sharing(server.url) as one:
        add = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
        assert one.run(add, ["n"], [2]) == 2
        server.ask("SCRIPT", "FLUSH")
        assert one.run(add, ["n"], [3]) == 5
        assert one.failures == 0


@pytest.mark.parametrize("away", ["kill", "pause"])
def test_a_redis_that_is_away_is_left_alone_for_a_second(server, away):
    clock = Hand()
    with sharing(server.url, clock=clock) as one:
        one.put("a", b"1", 60)
        getattr(server, away)()
        assert one.get("a") is None
        assert (one.state, one.failures, one.skipped) == ("resting", 1, 0)
        for _ in range(50):
            assert one.get("a") is None
        assert not one.put("a", b"2", 60)
        assert not one.forget("")
        assert (one.failures, one.skipped) == (1, 52)
        clock.now += REST
        assert one.get("a") is None
        assert (one.failures, one.skipped) == (2, 52)
        if away == "kill":
            server.start()
        else:
            server.resume()
        clock.now += REST
        assert one.put("a", b"3", 60)
        assert one.get("a") == b"3"
        assert one.state == "answering"


def test_a_full_redis_still_gives_what_it_holds():
    with (
        running("--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as server,
        sharing(server.url) as one,
    ):
        assert one.put("a", b"1", 60)
        kept = [one.put(f"b{number}", bytes(100_000), 60) for number in range(40)]
        assert False in kept
        assert one.failures == kept.count(False)
        assert one.get("a") == b"1"
        assert one.state == "answering"
        assert one.forget("")
        assert one.put("b", bytes(100_000), 60)


def test_an_emptied_redis_has_nothing(server):
    with sharing(server.url) as one:
        one.put("a", b"1", 60)
        server.ask("FLUSHALL")
        assert one.get("a") is None
        assert one.failures == 0


def test_something_else_that_listens_there_is_not_believed(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening, sharing(f"unix://{path}") as one:
        listening.bind(str(path))
        listening.listen()

        def answer():
            with listening.accept()[0] as asked:
                asked.recv(1000)
                asked.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()
        assert one.get("a") is None
        assert one.failures == 1
        thread.join()


def test_a_ring_is_heard_by_others_and_after_redis_was_away(server):
    heard, ended = [Event(), Event(), Event()], Event()
    count = iter(heard)

    def hear():
        next(count, Event()).set()

    with sharing(server.url) as one, sharing(server.url) as other:
        thread = Thread(target=one.listen, args=(hear, ended), daemon=True)
        thread.start()
        assert heard[0].wait(PATIENCE)  # It listens now, and has looked once.
        other.ring()
        assert heard[1].wait(PATIENCE)
        server.kill()
        server.start()
        assert heard[2].wait(PATIENCE)  # Something may have been missed.
        ended.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_the_address_is_checked_and_not_repeated():
    def asked(url):
        return Settings.from_environment({"COPPERPLATE_REDIS_URL": url})

    assert asked("redis://127.0.0.1:6379/0").redis_url == "redis://127.0.0.1:6379/0"
    given = asked("unix:///run/redis.sock")
    assert Settings.from_environment(given.to_environment()) == given
    with pytest.raises(SettingsError) as refused:
        asked("http://:secret@127.0.0.1")
    assert "secret" not in str(refused.value)

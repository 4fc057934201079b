"""Hostile requests: whatever is asked for, the answer is short, sound and no 500."""

import base64
import re
from collections import Counter

import orjson
import pytest

from schemas.listing import MOST
from service.app import create_app
from service.http.paging import filters_of
from service.http.problems import PROBLEMS
from tests.records import record
from tests.test_walks import LISTS

__all__ = ["record"]

LARGEST = 20_000  # Bytes of the answer to a request that is refused.
PART = re.compile(r"<(?:\w+:)?(\w+)>")
PARTS = {
    "id": "west-mercia", "position": "5", "version": "1", "level": "0", "n": "000",
    "sha256": "0" * 64, "slug": "not-found", "name": "x", "shape": "grades",
}  # fmt: skip
# As they stand in an address: percent-encoded, or wrongly so.
VALUES = [
    "", "%20", "%00", "a%00b", "%ff", "%c0%af", "%ed%a0%80", "%", "%zz", "a" * 7_000,
    "a" * 120, "%F0%9F%92%A9" * 300, "e%CC%81" * 50, "%E2%80%AE", "%D9%A3", "-1", "0",
    "1", "1.0", "1e9", "0x10", "1_0", "%2b1", "NaN", "1001", "9" * 20, str(2**53 - 1),
    str(2**53), str(-(2**63)), "null", "true", "[]", "%7B%7D", "..%2f..%2fetc%2fpasswd",
    "'%20OR%201=1--", "%22", "%22a%22", "%5c", "*", "%25", "_", "a*", "aa*", "NEAR(a)",
    "2024-02-30", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00%2b23:59", "W10",
    "9999-12-31T23:59:59-00:01", "body-west-mercia", "peel-2023-25", ".", "----",
]  # fmt: skip
LONG = "x" * 9_000
HEADERS = {
    "Accept": ["x", "/", ";;;,,,", "*/*;q=0", "a/b;q=nan", "a/b;q=1e400", "\u00e9",
               ", ".join(f"a{each}/b;q=0.1" for each in range(400)), LONG,
               "a/b;x=" + '"' * 3_000, "a/b;" + "c=d;" * 1_000],
    "Accept-Datetime": ["x", "\u00e9" * 29, LONG, "Thu, 31 May 9999 20:35:00 GMT"],
    "Accept-Encoding": ["gzip;q=nan", "*;q=0", "\u00e9", "a," * 3_000],
    "Authorization": ["", "Bearer", "Bearer x", "Basic \u00e9", f"Bearer {LONG}"],
    "Host": ["", "a b", "\u00e9", "[::1", "a:99999", "a,b", "..", LONG],
    "If-None-Match": ["*", '"', "\u00e9", '"a",' * 1_500, LONG],
    "If-Modified-Since": ["x", "Thu, 99 May 2007 00:00:00 GMT"],
    "Last-Event-ID": ["x", "-1", "9" * 50],
    "Prefer": ["wait=x", "wait=-1", "wait=" + "9" * 400, "respond-async", LONG],
    "Range": ["bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=" + "0-0," * 1_500, LONG],
    "X-Forwarded-For": ["\u00e9", "1.2.3.4," * 900, LONG],
}  # fmt: skip
ADDRESSES = [
    "/", "/v1/bodies?limit=2", "/v1/bodies/west-mercia", "/v1/ratings.csv?limit=2",
    "/v1/events?limit=1", "/v1/corrections.atom", "/v1/bodies/west-mercia/timemap",
    "/v1/status", "/v1/reports", "/v1/imports", "/log/checkpoint", "/docs/times", "/no",
]  # fmt: skip
METHODS = ["TRACE", "CONNECT", "PROPFIND", "PATCH", "DELETE", "X" * 900, "\u00e9"]
QUERIES = [
    "&".join(f"a{each}=1" for each in range(5_000)), "limit=1&" * 5_000, "&" * 90_000,
    "=" * 90_000, "limit=1&limit=1", "q=" + "a" * 10_000, "q=" + "%22" * 2_000,
    "q=" + "aa*%20" * 20, "body=" + "%zz" * 2_000, "a[]=1&a[]=2", ";" * 7_000,
]  # fmt: skip


@pytest.fixture(scope="module")
def app(record):
    return create_app(record)


@pytest.fixture(scope="module")
def ask(app):
    """Give what asks, looks at the answer whatever it is, and returns it."""
    client = app.test_client()

    def ask(address, **how):
        # Nobody waits for a position that never comes.
        headers = {"Prefer": "wait=0", **how.pop("headers", {})}
        answer = client.open(address, headers=headers, **{"method": "GET", **how})
        if answer.mimetype == "text/event-stream":
            answer.close()  # It has no end.
            return answer
        said = (answer.status_code, address[:200], headers, answer.data[:300])
        # What is not there yet, a position or a file, is a problem like others.
        assert answer.status_code < 500 or answer.status_code == 503, said
        assert "API-Version" in answer.headers, said
        if answer.status_code >= 400 and how.get("method") != "HEAD":
            assert answer.mimetype == "application/problem+json", said
            assert "type" in answer.json, said
            assert answer.json["type"].rpartition("/")[2] in PROBLEMS, said
            assert len(answer.data) < LARGEST, said
        return answer

    return ask


def rules(app):
    """Return each address that is read, with the schema of its query, if it has one."""
    for rule in app.url_map.iter_rules():
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        if "GET" in rule.methods:
            yield rule, contract and contract.query


def filled(rule, **parts):
    return PART.sub(lambda part: (PARTS | parts).get(part[1], "x"), rule.rule)


class Values:
    """All hostile values for the first of each kind, a few for each of the others."""

    def __init__(self):
        self.seen = Counter()

    def __call__(self, kind):
        self.seen[kind] += 1
        turn = self.seen[kind] - 1
        return VALUES[turn % 9 :: 9] if turn else VALUES


def test_no_value_of_a_parameter_is_too_much(app, ask):
    values, single = Values(), Values()
    for rule, query in rules(app):
        schema, path = (query() if query else None), filled(rule)
        names = list(schema.fields) if schema else ["x"]
        for value in values(query):
            ask(f"{path}?" + "&".join(f"{name}={value}" for name in names))
        for name in names if schema else ():
            # What the schema takes reaches the query, if it comes alone.
            few = "limit=1&" if "limit" in names and name != "limit" else ""
            for value in single(name):
                if "%" not in value and name not in schema.validate({name: value}):
                    ask(f"{path}?{few}{name}={value}")


def test_no_part_of_a_path_is_too_much(app, ask):
    values = Values()
    for rule, _ in rules(app):
        for part in rule.arguments:
            # What a thing of one noun has, those of others have.
            for value in values(re.sub("^/v1/[a-z]+", "", rule.rule)):
                ask(filled(rule, **{part: value}))


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_is_too_much(ask, header):
    for address in ADDRESSES:
        for value in HEADERS[header]:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = ask(address, headers={header: value}, method=method)
                assert len(value) <= 8_000 or answer.status_code == 400


def test_no_method_is_too_much(app, ask):
    for rule in app.url_map.iter_rules():
        for method in METHODS:
            answer = ask(filled(rule), method=method)
            assert answer.status_code in (401, 404, 405), (rule, method)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_query_is_too_much(ask, address):
    for query in QUERIES:
        ask(f"{address.partition('?')[0]}?{query}")


def test_no_parameter_is_taken_twice_nor_at_any_length(app, ask):
    for rule, query in rules(app):
        if query is None:
            continue
        for name in query().fields:
            twice = ask(f"{filled(rule)}?{name}=1&{name}=2")
            long = ask(f"{filled(rule)}?{name}={'a' * 10_000}")
            if twice.status_code == long.status_code == 401:  # It takes a key first.
                continue
            assert twice.status_code == long.status_code == 400, (rule, name)
            assert any(each["parameter"] == name for each in twice.json["errors"])


def test_no_range_of_a_list_is_other_than_it_says(app, ask):
    for rule, query in rules(app):
        if query is None or "limit" not in query().fields:
            continue
        path = f"{filled(rule)}?limit=2"
        whole = ask(path)
        for given in ("bytes=0-9", "bytes=-1", "bytes=9-1", "bytes=0-0,5-6", "x=0-1"):
            part = ask(path, headers={"Range": given})
            if part.status_code == 206:
                start, end = re.findall("[0-9]+", part.headers["Content-Range"])[:2]
                assert part.data == whole.data[int(start) : int(end) + 1]
            else:
                assert part.status_code in (whole.status_code, 416), (path, given)


# Cursors: whoever knows the code can forge them.
KEYS = [
    [], [""], ["a"], ["0"], ["9" * 15], ["9" * 16], ["-1"], ["1.5"], ["a" * 401], ["A"],
    [1], [None], [["a"]], "abc", {"a": 1}, None, ["a", "b"], ["1", "a"], ["", "", ""],
    ["2024-99-99", "5", "a"], ["x", "5"], ["1"] * 5, ["1"] * 8,
]  # fmt: skip
DAYS = [
    (None, "2024-01-01"), ("2024-99-99", "2024-99-99"), (None, "9999-12-31"),
    ("0001-01-01", "0001-01-01"), (5, "2024-01-01"), (None, None), (None, "2024-1-1"),
]  # fmt: skip
POSITIONS = [-1, True, 1.5, 10**18, "5", None, []]


def encoded(members):
    text = orjson.dumps(members) if not isinstance(members, bytes) else members
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(hash):
    """Return cursors that bear the right hash of the filters and little else right."""
    yield from ([key, 5, *days, hash] for key in KEYS for days in DAYS[:3])
    yield from ([["a"], 1_500, *days, hash] for days in DAYS)
    for position in POSITIONS:
        yield [["a"], position, None, "2024-01-01", hash]
    yield from (5, None, "x", [], [[]] * 5, {}, b"[" * 1_400, b'[["a"],1' + b"0" * 400)


@pytest.mark.parametrize("path", LISTS)
def test_no_forged_cursor_is_too_much(ask, path):
    path, _, query = path.partition("?")
    given = dict(each.split("=") for each in query.split("&") if each)
    address = f"{path}?{query and f'{query}&'}limit=2&cursor="
    for members in forged(filters_of(path, given)):
        answer = ask(address + encoded(members))
        assert answer.status_code in (200, 400, 404)
    sound = encoded([["a"], 5, None, "2024-01-01", filters_of(path, given)])
    for end in range(1, len(sound), 7):
        answer = ask(address + sound[:end])
        assert answer.json["type"] == "/problems/invalid-cursor"


def test_no_list_takes_the_cursor_of_another(ask):
    ends = {}
    for path in LISTS:
        joined = "&" if "?" in path else "?"
        if following := ask(f"{path}{joined}limit=1").json.get("next"):
            ends[f"{path}{joined}"] = following.partition("cursor=")[2].partition("&")[
                0
            ]
    assert len(ends) > 15
    for path in ends:
        for other, cursor in ends.items():
            answer = ask(f"{path}limit=1&cursor={cursor}")
            assert answer.status_code == (200 if path == other else 400), (path, other)


def test_a_cursor_of_a_day_long_ago_or_far_ahead_leads_on(ask):
    for day in ("0001-01-01", "1799-12-31", "2200-01-01", "9999-12-31"):
        first = ask(f"/v1/bodies?as_of={day}&undated=include&limit=1").json
        if first["next"]:
            assert len(ask(first["next"]).json["items"]) == 1


def test_a_page_is_never_larger_than_the_largest(ask):
    assert ask(f"/v1/events?limit={MOST + 1}").status_code == 400
    assert len(ask(f"/v1/events?limit={MOST}").json["items"]) == MOST

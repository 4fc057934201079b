"""Bodies of requests: hostile ones are refused, within bounds, and all faults named."""

import json
from io import BytesIO

import orjson
import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.canonical import MAX_INTEGER, find_faults
from service.http.bodies import LIMIT, MOST_MEMBERS, parse, read_json
from service.http.problems import ProblemError

APP = Flask(__name__)
JSON = "application/json"
KEY = "cpk_0123abcd_" + "A" * 43


def read(raw: bytes = b"{}", limit: int = LIMIT, type: str = JSON, **environ):
    """Read a body as a request with it would be."""
    given = {"data": raw, "content_type": type, "environ_overrides": environ}
    with APP.test_request_context("/", method="POST", **given):
        return read_json(limit)


def chunked(raw: bytes, limit: int = LIMIT):
    """Read a body of which the request does not tell the length."""
    return stream_of(Bounded(raw), limit)


def stream_of(stream, limit: int = LIMIT, *, is_terminated=True):
    given = {"input_stream": stream, "content_type": JSON}
    given["environ_overrides"] = {"wsgi.input_terminated": is_terminated}
    with APP.test_request_context("/", method="POST", **given) as context:
        del context.request.environ["CONTENT_LENGTH"]
        return read_json(limit)


class Bounded(BytesIO):
    """A body of which nobody may ask for all, as the server has it."""

    asked = 0

    def read(self, size=-1):
        assert 0 < size <= 2**16
        self.asked += size
        return super().read(size)


def refused(raw: bytes, status: str = "invalid-body", **more) -> list[tuple[str, str]]:
    with pytest.raises(ProblemError) as caught:
        read(raw, **more)
    assert caught.value.slug == status
    return [
        (each["pointer"], each["detail"]) for each in caught.value.members["errors"]
    ]


def faults(raw: bytes) -> dict[str, str]:
    return {each["pointer"]: each["detail"] for each in parse(raw)[1]}


def test_a_good_body_is_read_as_it_is():
    body = {"a": [1, None, True, "£ é 😀\n\t"], "b": {"c": -MAX_INTEGER}, "d": []}
    assert read(json.dumps(body).encode()) == body
    assert read(orjson.dumps(body), type=f"{JSON}; charset=UTF-8") == body
    assert chunked(orjson.dumps(body)) == body
    assert type(read(b'{"a": {}}')["a"]) is dict


@pytest.mark.parametrize(
    "raw, says",
    [
        (b"", "no body"),
        (b" \n", "no body"),
        (b"{", "Not JSON"),
        (b"{} {}", "Not JSON"),
        (b"{'a': 1}", "Not JSON"),
        (b'{"a": 01}', "Not JSON"),
        (b'{"a": "\n"}', "Not JSON"),
        (b'{"a": "\x00"}', "Not JSON"),
        (b"\xef\xbb\xbf{}", "Not JSON"),
        (b'{"a": "\xff"}', "Not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "Not UTF-8"),
        ("{}".encode("utf-16"), "Not UTF-8"),
        (b'{"a": "\\', "Not JSON"),
        (b'"' * 99, "Not JSON"),
    ],
)
def test_what_is_not_json_in_utf_8_is_refused(raw, says):
    [(pointer, detail)] = refused(raw)
    assert pointer == ""
    assert says in detail


@pytest.mark.parametrize(
    "value, says",
    [
        ("NaN", "not JSON"),
        ("Infinity", "not JSON"),
        ("-Infinity", "not JSON"),
        ("1.5", "whole numbers"),
        ("1.0", "whole numbers"),
        ("1e3", "whole numbers"),
        ("1" * 400_000, "whole number from"),
        (str(MAX_INTEGER + 1), "whole number from"),
        (str(-MAX_INTEGER - 1), "whole number from"),
        (r'"\ud800"', "U+D800"),
        (r'"\u0000"', "U+0000"),
        (r'"\u202e"', "U+202E"),
        ('"\u202e"', "U+202E"),
        ('"\u2066"', "U+2066"),
        (r'"a\r\n"', "U+000D"),
        (r'"\u0085"', "U+0085"),
        (r'"e\u0301"', "NFC"),
        (f'"see {KEY}"', "key of an editor"),
    ],
)
def test_a_value_that_no_event_may_hold_is_named_by_its_pointer(value, says):
    raw = f'{{"good": 1, "a": [0, {{"b": {value}}}]}}'.encode()
    [(pointer, detail)] = refused(raw)
    assert pointer == "/a/1/b"
    assert says in detail


def test_all_faults_are_named_at_once():
    raw = b'{"a": NaN, "a": 1.5, "b/c": "\\u0000", "d": [1e400], "e": {"f": 1, "f": 2}}'
    assert faults(raw) == {
        "/a": "Only whole numbers, without a point or an exponent.",
        "/b~1c": "The character U+0000 is not allowed.",
        "/d/0": "Only whole numbers, without a point or an exponent.",
        "/e/f": "Given more than once.",
    }
    assert parse(raw)[1][0]["detail"] == "Given more than once."


def test_a_fault_never_shows_what_was_sent():
    raw = f'{{"a": "{KEY}", "\\u001b[31m": "\\u0000"}}'.encode()
    with pytest.raises(ProblemError) as caught:
        read(raw)
    said = f"{caught.value.detail} {caught.value.members}"
    assert KEY not in said and "\x1b" not in said


def test_of_very_many_faults_the_first_are_named_and_the_rest_counted():
    with pytest.raises(ProblemError) as caught:
        read(b"[" + b"1.5," * 5000 + b"1]")
    assert len(caught.value.members["errors"]) == 100
    assert caught.value.detail.endswith(" And 4,900 more.")


@pytest.mark.parametrize(
    "raw, says",
    [
        (b"[" * 33 + b"]" * 33, "deeper than 32"),
        (b"[" * 2**20, "deeper than 32"),
        (b'{"a":' * 2**17, "deeper than 32"),
        (b"[" + b"1," * MOST_MEMBERS + b"1]", "More than 10,000"),
        (b"[]" * 2**18, "More than 10,000"),
        (b"{" + b'"a":1,' * 2**17 + b'"a":1}', "More than 10,000"),
        (b'{"a":"' + b'\\"' * 2**18 + b"\\", "Not JSON"),
        (b'"\\' * 2**18, "Not JSON"),
        (b'""' * 2**18, "Not JSON"),
        (b"\\" * 2**20, "Not JSON"),
        (b" " * (2**20 - 1) + b"x", "Not JSON"),
    ],
)
def test_what_would_cost_much_is_refused_before_it_is_parsed(raw, says):
    [(pointer, detail)] = refused(raw)
    assert pointer == ""
    assert says in detail


def test_what_is_just_within_the_bounds_is_read():
    assert read(b"[" * 32 + b"]" * 32)
    assert len(read(b"[" + b"1," * (MOST_MEMBERS - 2) + b"1]")) == MOST_MEMBERS - 1
    assert read(b'{"a": "[[[[{{{{,,,,\\"[[[["}' * 1)
    assert read(b'"' + b"[" * 1000 + b'"') == "[" * 1000


def test_brackets_and_commas_within_text_do_not_count():
    text = ",[" * 20_000
    assert read(json.dumps([text, text]).encode()) == [text, text]


@pytest.mark.parametrize("limit", [10, 100, LIMIT])
def test_a_body_of_more_than_the_limit_is_refused_unread(limit):
    fits = b'"' + b"a" * (limit - 2) + b'"'
    assert read(fits, limit) == chunked(fits, limit) == "a" * (limit - 2)
    for reader in (read, chunked):
        with pytest.raises(ProblemError) as caught:
            reader(fits + b" ", limit)
        assert caught.value.slug == "payload-too-large"
        assert caught.value.members == {"limit": limit}


def test_no_more_is_read_than_is_declared_or_allowed():
    for length, slug in (("2", None), ("99999999", "payload-too-large")):
        stream = Bounded(b"{}" + b"x" * 10_000_000)
        given = {"input_stream": stream, "content_type": JSON}
        given["environ_overrides"] = {"CONTENT_LENGTH": length}
        with APP.test_request_context("/", method="POST", **given):
            if slug is None:
                assert read_json() == {}
                assert stream.tell() == 2
                continue
            with pytest.raises(ProblemError) as caught:
                read_json()
            assert (caught.value.slug, stream.asked) == (slug, 0)
    stream = Bounded(b"[" * 10_000_000)
    with pytest.raises(ProblemError):
        stream_of(stream)
    assert stream.tell() == LIMIT + 1


def test_a_body_of_unknown_length_that_nothing_ends_is_not_waited_for():
    with pytest.raises(ProblemError) as caught:
        stream_of(Bounded(b"{}"), is_terminated=False)
    assert caught.value.slug == "invalid-body"


@pytest.mark.parametrize("length", ["-1", "+2", "2.0", "0x2", "9" * 400, "²"])
def test_a_length_that_is_no_number_is_refused(length):
    [(_, detail)] = refused(b"{}", CONTENT_LENGTH=length)
    assert "Content-Length" in detail


def test_a_body_that_is_cut_off_is_refused():
    [(_, detail)] = refused(b"{}", CONTENT_LENGTH="3")
    assert "ended before" in detail


@pytest.mark.parametrize(
    "type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonl",
        "application/merge-patch+json",
        "text/json",
    ],
)
def test_another_media_type_is_refused(type):
    with pytest.raises(ProblemError) as caught:
        read(type=type)
    assert caught.value.slug == "unsupported-media-type"
    assert caught.value.members == {"accepted": [JSON]}


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, gzip", "x"])
def test_a_compressed_body_is_refused_unread(coding):
    with pytest.raises(ProblemError) as caught:
        read(HTTP_CONTENT_ENCODING=coding)
    assert caught.value.slug == "unsupported-media-type"
    assert read(HTTP_CONTENT_ENCODING="identity") == {}


WORDS = ["\\u", "d800", "null", "NaN", "1e9", '"a"', "9" * 30, KEY]
SCRAPS = st.sampled_from([*'{}[],:"\\-\u202e\0', *WORDS])


@given(st.lists(SCRAPS, max_size=40).map("".join) | st.text() | st.binary())
@example('{"a":1,"a":2}')
@example("\ud800")
def test_whatever_is_sent_is_read_by_the_grammar_or_its_faults_are_named(sent):
    raw = sent if isinstance(sent, bytes) else sent.encode("utf-8", "surrogatepass")
    value, found = parse(raw)
    for each in found:
        assert each["detail"].isprintable() and each["pointer"].isprintable()
        assert KEY not in str(each)
    if not found:
        # Unknown members are for the schemas: in every other way a leaf could hold it.
        assert not [f for f in find_faults(value) if "key" not in f[1]]
        assert value == json.loads(raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_of_any_value_is_read_as_it_is_or_refused_for_a_cause(value):
    raw = json.dumps(value).encode()
    read_value, found = parse(raw)
    if found:
        assert find_faults(value)
    else:
        assert read_value == value

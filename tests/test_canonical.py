import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    GrammarError,
    canonical,
    dump,
    find_faults,
    has_good_text,
    quickly,
    tidy,
)

KEYS = st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text().filter(lambda text: not find_faults(text)),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=30,
)


@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ("a\tb\nc", rb'"a\tb\nc"'),
        ("£ \u2013 \u2028 😀", '"£ \u2013 \u2028 😀"'.encode()),
        (-MAX_INTEGER, b"-9007199254740991"),
        ('"\\/', b'"\\"\\\\/"'),
    ],
)
def test_known_values_have_known_bytes(value, raw):
    assert canonical(value) == raw


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "\r\n",
        "\x1f",
        "\x7f",
        "\x85",
        "\x9f",
        "\ud800",
        "a\udfffb",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2069",
        "e\u0301",
        "\u212b",
    ],
)
def test_forbidden_text_is_refused_as_value_and_key(text):
    for value in (text, [text], {"a": {"b": text}}, {text: 1}):
        with pytest.raises(GrammarError):
            canonical(value)


@pytest.mark.parametrize(
    "key", ["", "A", "1a", "a-b", "a\n", "é", "a\u0660", "_a", 1, None, ("a",)]
)
def test_keys_outside_the_grammar_are_refused(key):
    with pytest.raises(GrammarError):
        canonical({key: 1})


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), 2**53, -(2**53), b"", (1,), {1}, object()]
)
def test_other_kinds_of_value_are_refused(value):
    with pytest.raises(GrammarError):
        canonical({"a": [value]})


def test_every_fault_is_named_by_its_pointer():
    with pytest.raises(GrammarError) as caught:
        canonical({"a": [1, 0.5], "b": {"c": "\0"}, "D/~": None})
    assert [at for at, _ in caught.value.faults] == ["/a/1", "/b/c", "/D~1~0"]
    assert "/a/1: float is not allowed" in str(caught.value)


def test_depth_is_bounded():
    value = "deep"
    for _ in range(MAX_DEPTH):
        value = [value]
    assert canonical(value)
    for _ in range(100_000):
        value = [value]
    with pytest.raises(GrammarError, match="nested deeper"):
        canonical(value)


def test_tidy_gives_text_that_the_grammar_takes():
    assert tidy("a\r\nb\rc e\u0301") == "a\nb\nc é"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(
    st.lists(
        TEXTS | st.sampled_from(["\u0301", "e\u0301", "\u00e9", "\u202e", "=\u0338"])
    )
)
def test_text_that_is_good_as_a_whole_is_good_one_by_one(texts):
    raw = dump({"texts": texts})
    are_good = not any(find_faults(each) for each in texts)
    if has_good_text(raw):
        assert are_good
    if are_good and b"\\" not in raw:
        assert has_good_text(raw)


@pytest.mark.parametrize(
    "raw", [b'"\x7f"', b'"\xc2\x80"', b'"\xe2\x80\xae"', b'"e\xcc\x81"', b'"\xff"']
)
def test_text_that_is_bad_is_not_good_as_a_whole(raw):
    assert not has_good_text(raw)


class Text(str):
    """A string that is no plain one."""


ODD = st.sampled_from(
    [0.5, 1.0, float("nan"), 2**53, -(2**53), 2**70, b"", (), Text("a"), "\0", "\ud800"]
)
ODD_KEYS = st.sampled_from(["", "A", "a-b", "a\n", 1, None, Text("a"), "\x7f"])


@given(
    st.recursive(
        VALUES | ODD,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(KEYS | ODD_KEYS, inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_what_is_quickly_found_good_has_no_fault_and_the_same_bytes(value):
    raw = quickly(value)
    if raw is not None:
        assert not find_faults(value)
        assert raw == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_good_is_found_so_quickly_unless_something_is_escaped(value):
    assert (quickly(value) is None) == (b"\\" in dump(value))

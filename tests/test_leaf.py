import copy
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.log.leaf import (
    MAX_BYTES,
    LeafError,
    decode,
    encode,
    signing_input,
    stamp,
    title_faults,
)
from service.log.notes import encode_base64
from service.log.sealing import seal

SOURCE = {
    "url": "https://hmicfrs.justiceinspectorates.gov.uk/west-mercia",
    "publisher": "HMICFRS",
    "published_on": "2024-05-14",
    "accessed_on": "2025-01-02",
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
}
AWARDED = {
    "v": 1,
    "type": "rating.awarded",
    "stream": "rating-peel-2023-25.west-mercia.investigating-crime",
    "version": 1,
    "recorded_at": "2025-01-02T03:04:05.000006Z",
    "by": "founding",
    "change": "backfill",
    "data": {"grade": "inadequate", "published_on": None, "rank": 5},
    "sealed": {},
    "sources": [SOURCE],
}
SEALED = {
    **AWARDED,
    "type": "statement.published",
    "stream": "statement-pcc-west-mercia.2024-05.1",
    "by": "ed-0123abcd",
    "change": "new",
    "data": {"section_55": True, "about": ["rating-a.b"]},
    "sealed": seal(
        {"text": "Deeply disappointing \u2013 £1m", "source_titles": ["Statement"]},
        {"text": bytes(range(32)), "source_titles": bytes(32)},
    )[0],
    "sources": [{**SOURCE, "url": None, "sha256": "0" * 64, "published_on": "2024-05"}],
}
SIGNED = {
    **AWARDED,
    "type": "rating.corrected.v2",
    "version": 2,
    "change": "correction",
    "data": {"corrects": 1},
    "sources": [],
}
SIGNED["signature"] = {
    "key": "k-0123abcd",
    "sig": encode_base64(
        Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(signing_input(SIGNED))
    ),
}
BYTES = {
    "plain": (
        AWARDED,
        b'{"by":"founding","change":"backfill","data":{"grade":"inadequate","p'
        b'ublished_on":null,"rank":5},"recorded_at":"2025-01-02T03:04:05.00000'
        b'6Z","sealed":{},"sources":[{"accessed_on":"2025-01-02","archived_url'
        b'":null,"confidence":"high","published_on":"2024-05-14","publisher":"'
        b'HMICFRS","sha256":null,"url":"https://hmicfrs.justiceinspectorates.g'
        b'ov.uk/west-mercia"}],"stream":"rating-peel-2023-25.west-mercia.inves'
        b'tigating-crime","type":"rating.awarded","v":1,"version":1}',
    ),
    "sealed": (
        SEALED,
        b'{"by":"ed-0123abcd","change":"new","data":{"about":["rating-a.b"],"s'
        b'ection_55":true},"recorded_at":"2025-01-02T03:04:05.000006Z","sealed'
        b'":{"source_titles":"cJ0O3Os+szHKcYYbd55Tbh6Th4k5I1iS9BaJ0gxo70U=","t'
        b'ext":"R+Mu7FG/bB/7dKPtPNdsaKsLKGNAIV33zYuLx5le3tY="},"sources":[{"ac'
        b'cessed_on":"2025-01-02","archived_url":null,"confidence":"high","pub'
        b'lished_on":"2024-05","publisher":"HMICFRS","sha256":"000000000000000'
        b'0000000000000000000000000000000000000000000000000","url":null}],"str'
        b'eam":"statement-pcc-west-mercia.2024-05.1","type":"statement.publish'
        b'ed","v":1,"version":1}',
    ),
    "signed": (
        SIGNED,
        b'{"by":"founding","change":"correction","data":{"corrects":1},"record'
        b'ed_at":"2025-01-02T03:04:05.000006Z","sealed":{},"signature":{"key":'
        b'"k-0123abcd","sig":"mfbACzpAF96GuO30DaaBxtJ1q23oehYre7vXz4D1aefNvnDJ'
        b'zgjpueiF/Rq+1lycUUly1+pGyu8C9dZEESojCQ=="},"sources":[],"stream":"ra'
        b'ting-peel-2023-25.west-mercia.investigating-crime","type":"rating.co'
        b'rrected.v2","v":1,"version":2}',
    ),
}


@pytest.mark.parametrize(("leaf", "raw"), BYTES.values(), ids=BYTES)
def test_whole_leaves_have_these_exact_bytes(leaf, raw):
    assert encode(leaf) == raw
    assert decode(raw) == leaf


def test_what_an_editor_signs_is_fixed():
    assert signing_input(AWARDED).startswith(
        b'copperplate/event/v1\n{"change":"backfill","data":{"grade":"inadequate"'
    )
    digest = hashlib.sha256(signing_input(AWARDED)).hexdigest()
    assert digest == "6608053e6e94f580fa6fee699e882259803227a369643025727af80021a55e90"


def test_a_stamped_leaf_is_the_leaf_with_its_instant():
    later = "2030-01-01T00:00:00.000000Z"
    assert decode(stamp(AWARDED, later)) == {**AWARDED, "recorded_at": later}


GOOD_32 = encode_base64(bytes(32))
BAD = {
    "v": [2, "1", True, None],
    "type": ["", "rating", "Rating.awarded", "rating.awarded.v1", "a.b\n", "a.b.c", 1],
    "stream": ["", "rating", "rating-", "rating-A", "rating-a\n", "rating-a..b", None],
    "version": [0, -1, True, "1", None],
    "recorded_at": [
        "",
        None,
        "2025-02-30T00:00:00.000000Z",
        "2025-01-01T24:00:00.000000Z",
        "2025-01-01T00:00:60.000000Z",
        "2025-01-01T00:00:00.000Z",
        "2025-01-01T00:00:00.000000+",
        "2025-01-01 00:00:00.000000Z",
        "2025-01-01T00:00:00.00000\u0660Z",
        "2025-01-01T00:00:00.000000Z\n",
    ],
    "by": ["", None, "Ed", "ed 1", "a" * 121],
    "change": ["", None, "edit", ["new"]],
    "data": [None, [], "x", {"a": 0.5}, {"A": 1}, {"a": "\0"}],
    "sealed": [
        None,
        [],
        {"note": None},
        {"note": ""},
        {"note": GOOD_32[:-1]},
        {"note": "A" * 42 + "B="},
        {"note": encode_base64(bytes(31))},
        {"note": encode_base64(bytes(33))},
        {"note": GOOD_32 + "\n"},
        {"Note": GOOD_32},
    ],
    "sources": [None, {}, [], [None], [{}]],
    "signature": [
        None,
        {},
        {"key": "k-1"},
        {"key": "k-1", "sig": GOOD_32},
        {"key": "k-1", "sig": "A" * 85 + "B=="},
        {"key": "", "sig": encode_base64(bytes(64))},
        {"key": "k-1", "sig": encode_base64(bytes(64)), "more": 1},
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in BAD for value in BAD[name]]
)
def test_every_malformed_member_is_refused(name, value):
    with pytest.raises(LeafError, match=name):
        encode({**AWARDED, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", ""),
        ("url", 1),
        ("publisher", []),
        ("published_on", "2024-5"),
        ("published_on", "14 May 2024"),
        ("accessed_on", "2024-05-14\n"),
        ("archived_url", False),
        ("sha256", "A" * 64),
        ("sha256", "0" * 63),
        ("confidence", None),
        ("confidence", "low"),
        ("title", "A person"),
    ],
)
def test_every_malformed_source_is_refused(name, value):
    with pytest.raises(LeafError, match=f"/sources/0/{name}"):
        encode({**AWARDED, "sources": [{**SOURCE, name: value}]})


@pytest.mark.parametrize("name", SOURCE)
def test_a_source_lacks_no_member(name):
    source = {key: value for key, value in SOURCE.items() if key != name}
    with pytest.raises(LeafError, match=f"/sources/0/{name}: missing"):
        encode({**AWARDED, "sources": [source]})


@pytest.mark.parametrize("name", AWARDED)
def test_a_leaf_lacks_no_member(name):
    leaf = {key: value for key, value in AWARDED.items() if key != name}
    with pytest.raises(LeafError, match=f"/{name}: missing"):
        encode(leaf)


def test_all_faults_are_named_at_once():
    leaf = {**AWARDED, "version": 0, "by": "", "change": "x", "more": 1}
    with pytest.raises(LeafError) as caught:
        encode(leaf)
    assert caught.value.faults == [
        "/version: malformed",
        "/by: malformed",
        "/change: malformed",
        "/more: not a member",
    ]


@pytest.mark.parametrize(
    ("kind", "is_allowed"),
    [
        ("key.added", True),
        ("log-key.retired", True),
        ("editor.named", True),
        ("source.checked", True),
        ("field.redacted", True),
        ("gap.declared", True),
        ("report.received", True),
        ("plan.corrected", True),
        ("plan.retracted", True),
        ("plan.dispute-settled", True),
        ("programme.question-alias-added", True),
        ("programme.question-added", False),
        ("plan.disputed", False),
        ("plan.opened", False),
        ("field.opened", False),
    ],
)
def test_only_some_types_need_no_source(kind, is_allowed):
    leaf = {**AWARDED, "type": kind, "sources": []}
    if is_allowed:
        assert decode(encode(leaf)) == leaf
    else:
        with pytest.raises(LeafError, match="needs a source"):
            encode(leaf)


def test_a_source_is_located_or_titled():
    leaf = {**AWARDED, "sources": [{**SOURCE, "url": None}]}
    with pytest.raises(LeafError, match="/sources/0: neither"):
        encode(leaf)
    assert encode({**leaf, "sealed": {"source_titles": GOOD_32}})


@pytest.mark.parametrize(
    ("titles", "is_good"),
    [
        (None, True),
        (["A title", None], True),
        ([None, None], False),
        (["A title"], False),
        (["", None], False),
        ("A title", False),
        ([1, None], False),
    ],
)
def test_titles_are_as_many_as_sources(titles, is_good):
    sources = [{**SOURCE, "url": None}, SOURCE]
    assert (title_faults(sources, titles) == []) is is_good


def test_a_leaf_is_at_most_65535_bytes():
    leaf = copy.deepcopy(AWARDED)
    leaf["data"]["text"] = ""
    leaf["data"]["text"] = "x" * (MAX_BYTES - len(encode(leaf)))
    raw = encode(leaf)
    assert len(raw) == MAX_BYTES
    assert decode(raw) == leaf
    leaf["data"]["text"] += "x"
    with pytest.raises(LeafError, match="65536 bytes"):
        encode(leaf)
    with pytest.raises(LeafError, match="65536 bytes"):
        decode(raw + b" ")


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b" " + raw,
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b'"rank":5', b'"rank":5.0'),
        lambda raw: raw.replace(b'"rank":5', b'"rank":5,"rank":5'),
        lambda raw: raw.replace(b'"rank":5', b'"rank": 5'),
        lambda raw: raw.replace(b"HMICFRS", b"\\u0048MICFRS"),
        lambda raw: raw[:-1],
        lambda raw: b"[]",
        lambda raw: b"",
        lambda raw: b"\xff",
        lambda raw: b"[" * 2000,
    ],
)
def test_bytes_that_are_not_canonical_are_refused(change):
    with pytest.raises(LeafError):
        decode(change(encode(AWARDED)))

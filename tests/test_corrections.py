"""Corrections, retractions and disputes, as readers and feed readers see them."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

import pytest

from projections import corrections
from projections.facts import advance
from schemas import dates
from service.domain.base import Retracted
from service.domain.catalogue import NOUNS
from tests.examples import (
    ANNOUNCED,
    ASKED,
    AWARDED,
    HISTORIES,
    INSPECTION,
    PROGRAMME,
    PUBLISHED,
    RATING,
    SAID,
    STATEMENT,
)
from tests.records import NOON, SOURCE, SmallRecord, small
from tests.redacting import redact
from tests.test_every_noun import correct, dispute

__all__ = ["small"]

URL = "/v1/corrections"
ATOM = "{http://www.w3.org/2005/Atom}"
ASKED_FOR = {"reason": "entry-error", "asked_by": "publisher"}
TEXT = "A slip of the pen, says <the publisher> & “others”"


@pytest.fixture(params=["sqlite", "postgresql"])
def graded(request, tmp_path):
    """Give a record with a rating and a statement, in either database."""
    url = request.getfixturevalue("database_url") if "p" in request.param else None
    made = SmallRecord(tmp_path / "data", url)
    made.oversee("west-mercia", "pcc-west-mercia", "West Mercia PCC")
    made.put(PROGRAMME, ANNOUNCED, ASKED)
    made.put(INSPECTION, PUBLISHED)
    made.put(RATING, AWARDED)
    made.put(STATEMENT, SAID)
    yield made
    made.record.close()


def later(small, days=1):
    small.clock.now += timedelta(days=days)


def regrade(small, grade, **why):
    rating = small.record.load(type(RATING), RATING.id)
    return correction(small, rating, {**AWARDED.data, "grade": grade}, **why)


def correction(small, thing, data, words=None, **why):
    more = {"reason_text": TEXT, **ASKED_FOR, **why}
    if thing.noun == "rating":
        more["programme"] = small.record.load(type(PROGRAMME), PROGRAMME.id)
    event = thing.correct(corrects=1, data=data, words=words, **more)
    return small.record.record(thing, event, by="ed-quillfeather")


def disputed(small, grade):
    rating = small.record.load(type(RATING), RATING.id)
    programme = small.record.load(type(PROGRAMME), PROGRAMME.id)
    data = {**AWARDED.data, "grade": grade}
    event = rating.dispute(disputes=1, data=data, programme=programme, sources=[SOURCE])
    return small.record.record(rating, event, by="system")


def settled(small, settles, prevails):
    rating = small.record.load(type(RATING), RATING.id)
    event = rating.settle_dispute(
        settles=settles, prevails=prevails, reason="better-source"
    )
    return small.record.record(rating, event, by="system")


def items(small, query=""):
    return small.client().get(f"{URL}{query}").json["items"]


def test_the_nouns_are_those_of_the_domain():
    assert sorted(NOUNS) == corrections.NOUNS


def test_a_correction_says_what_was_wrong_since_when_and_who_asked(graded):
    awarded_at = dates.instant(graded.clock.now.isoformat())
    position = graded.record.store.size() - 1
    later(graded, 3)
    done = regrade(graded, "good")
    [item] = items(graded)
    assert item["id"] == str(done.position)
    assert (item["noun"], item["thing"], item["body"]) == (
        "rating",
        RATING.id,
        "west-mercia",
    )
    assert item["label"] == "Someforce: Investigating crime (PEEL 2023-25)"
    assert (item["of_version"], item["of_position"]) == (1, position)
    assert item["of_recorded_at"] == item["stood_from"] == awarded_at
    assert item["stood_to"] == item["recorded_at"] == done.recorded_at
    assert (item["by"], item["change"]) == ("ed-quillfeather", "correction")
    assert item["changes"] == [
        {
            "member": "grade",
            "label": "grade",
            "was": "inadequate",
            "now": "good",
            "was_text": "Inadequate",
            "now_text": "Good",
            "was_redacted": None,
            "now_redacted": None,
        }
    ]
    assert item["changes_text"] == "grade “Inadequate” → “Good”"
    assert (item["reason"], item["asked_by"]) == ("entry-error", "publisher")
    assert item["reason_text"] == TEXT
    assert item["sentence"] == (
        "Our mistake, corrected: Someforce was graded good for investigating crime "
        "(PEEL 2023-25). The record had it otherwise from 2 March 2026 to 5 March "
        "2026: grade “Inadequate”, now “Good”. Reason: entry error, asked for by its "
        f"publisher: “{TEXT}”."
    )


def test_a_second_correction_tells_of_what_the_first_one_said(graded):
    first = regrade(graded, "good")
    later(graded)
    second = regrade(graded, "adequate", reason="source-corrected", asked_by="subject")
    one, two = items(graded)
    assert one["stood_to"] == first.recorded_at
    assert (two["changes"][0]["was"], two["changes"][0]["now"]) == ("good", "adequate")
    assert two["stood_from_position"] == first.position
    assert two["stood_from"] == first.recorded_at != second.recorded_at
    assert two["of_position"] == one["of_position"]
    assert two["sentence"].startswith("Corrected: ")


def test_words_and_plain_members_are_both_shown_as_they_were_and_are(graded):
    statement = graded.record.load(type(STATEMENT), STATEMENT.id)
    data = {**SAID.data, "published_on": "2024-08-01", "published_on_basis": "stated"}
    correction(graded, statement, data, {"text": "We have not read it.", "title": None})
    [item] = items(graded)
    told = {
        each["label"]: (each["was_text"], each["now_text"]) for each in item["changes"]
    }
    assert told == {
        "published on": ("July 2024", "1 August 2024"),
        "published on basis": ("Inferred", "Stated"),
        "text": ("We have read the report.", "We have not read it."),
        "title": ("Response to the report", None),
    }
    assert "otherwise on 2 March 2026: published on “July 2024”" in item["sentence"]
    assert "basis" not in item["sentence"]


def test_words_that_are_stated_anew_and_are_the_same_are_no_change(graded):
    statement = graded.record.load(type(STATEMENT), STATEMENT.id)
    correction(
        graded, statement, {**SAID.data, "section_55": False}, {"text": SAID.text}
    )
    [item] = items(graded)
    assert [each["member"] for each in item["changes"]] == ["section_55"]


def test_redacted_words_of_either_version_and_of_the_reason_show_as_such(graded):
    said = graded.record.store.size()
    statement = graded.record.load(type(STATEMENT), STATEMENT.id)
    done = correction(graded, statement, SAID.data, {"text": "Never said before"})
    gone = redact(graded.record, said, "text")
    [item] = items(graded)
    [change] = item["changes"]
    assert (change["was"], change["now"]) == (None, "Never said before")
    assert change["was_redacted"]["position"] == gone.position
    assert change["now_redacted"] is None
    assert "text [redacted], now “Never said before”" in item["sentence"]
    assert SAID.text not in graded.client().get(URL).text
    redact(graded.record, done.position, "text", "reason_text")
    [item] = items(graded)
    assert item["changes"][0]["now_redacted"]["basis"] == "court-order"
    assert item["reason_text"] is None
    assert [each["member"] for each in item["redacted"]] == ["reason_text"]
    assert item["sentence"].endswith("asked for by its publisher: [redacted].")


def test_a_retraction_of_the_whole_thing_tells_what_was_taken_back(graded):
    later(graded)
    graded.record.record(
        rating := graded.record.load(type(RATING), RATING.id),
        rating.retract(reason="not-a-fact", asked_by="subject"),
        by="system",
    )
    [item] = items(graded)
    assert (item["kind"], item["is_whole"]) == ("retraction", True)
    grade = next(each for each in item["changes"] if each["member"] == "grade")
    assert (grade["was_text"], grade["now"]) == ("Inadequate", None)
    assert grade["now_text"] == "taken back"
    assert item["sentence"] == (
        "Taken back: Someforce was graded inadequate for investigating crime (PEEL "
        "2023-25). It had stood on record since 2 March 2026. Reason: not a fact, "
        "asked for by those whom it is about."
    )


def test_a_dispute_shows_both_sides_and_stands_until_it_is_settled(graded):
    later(graded)
    regrade(graded, "good")
    against = disputed(graded, "adequate")
    settled(graded, against.version, against.version)
    _, dispute, settlement = items(graded)
    assert (dispute["kind"], dispute["stood_to"]) == ("dispute", None)
    assert "The two say: grade “Good” against “Adequate”." in dispute["sentence"]
    assert dispute["reason"] is dispute["asked_by"] is None
    assert settlement["kind"] == "settlement"
    change = settlement["changes"][0]
    assert (change["was"], change["now"]) == ("good", "adequate")
    assert settlement["stood_from_position"] == against.position - 1
    regrade(graded, "inadequate")
    assert items(graded)[3]["stood_from_position"] == settlement["position"]


def test_a_dispute_that_is_lost_had_stood_since_it_was_recorded(graded):
    against = disputed(graded, "good")
    settled(graded, against.version, 1)
    regrade(graded, "adequate")
    _, settlement, corrected = items(graded)
    change = settlement["changes"][0]
    assert (change["was"], change["now"]) == ("good", "inadequate")
    assert settlement["stood_from_position"] == against.position
    assert corrected["stood_from_position"] == corrected["of_position"]


def test_filters_keep_what_they_name(graded):
    regrade(graded, "good")
    later(graded)
    disputed(graded, "adequate")
    graded.retract("pcc-west-mercia")
    for query, expected in {
        "?kind=dispute": ["10"],
        "?noun=rating": ["9", "10"],
        "?body=pcc-west-mercia": ["11"],
        f"?about=rating-{RATING.id}": ["9", "10"],
        "?reason=not-a-fact": ["11"],
        "?asked_by=publisher": ["9"],
        "?since=2026-03-03": ["10", "11"],
        "?at_position=10": ["9", "10"],
        "?known_at=2026-03-02": ["9"],
        "?at_position=8": [],
        "?since=2026-03-03&noun=body&kind=retraction": ["11"],
    }.items():
        assert [each["id"] for each in items(graded, query)] == expected, query
        feed = entries(graded, f".atom{query}")
        assert len(feed) == len(expected), query


def test_filters_that_mean_nothing_are_refused(small):
    for query in ("noun=bodies", "reason=typo", "since=yesterday", "kind=x", "body=É"):
        for path in (URL, f"{URL}.atom"):
            answer = small.client().get(f"{path}?{query}")
            assert answer.status_code == 400, (path, query)
            assert answer.json["errors"][0]["parameter"] == query.partition("=")[0]
    answer = small.client().get(f"{URL}.atom?nuon=body")
    assert answer.json["did_you_mean"] == ["noun"]


def test_pages_give_each_correction_once_while_others_arrive(graded):
    for number in range(5):
        regrade(graded, ("good", "adequate")[number % 2])
    client, seen = graded.client(), []
    address = f"{URL}?limit=2"
    while address:
        answer = client.get(address).json
        seen += [each["position"] for each in answer["items"]]
        address = answer["next"]
        regrade(graded, "inadequate" if len(seen) % 4 else "good")
    assert answer["total"] == 5
    assert seen == [9, 10, 11, 12, 13]


def test_the_csv_has_all_of_it_in_a_line_each(graded):
    regrade(graded, "good")
    disputed(graded, "adequate")
    answer = graded.client().get(f"{URL}.csv").text
    rows = list(csv.DictReader(io.StringIO(answer)))
    assert [row["changes_text"] for row in rows] == [
        "grade “Inadequate” → “Good”",
        "grade “Good” → “Adequate”",
    ]
    assert [row["reason_text"] for row in rows] == [TEXT, ""]


def test_versions_show_both_versions_with_their_words(graded):
    statement = graded.record.load(type(STATEMENT), STATEMENT.id)
    correction(graded, statement, {**SAID.data, "section_55": False}, {"text": "Other"})
    path = f"/v1/statements/{STATEMENT.id}/versions"
    was, now = graded.client().get(path).json["items"]
    assert was["data"]["section_55"] and not now["data"]["data"]["section_55"]
    assert (was["opened"]["text"], now["opened"]["text"]) == (SAID.text, "Other")
    assert (was["change"], now["change"]) == ("new", "correction")


@pytest.mark.parametrize("noun", HISTORIES)
def test_things_of_every_noun_are_told_of(small, noun):
    thing, *events = HISTORIES[noun]
    small.put(thing, *events)
    found = small.record.load(type(thing), thing.id)
    small.put(thing, correct(found))
    found = small.record.load(type(thing), thing.id)
    small.put(thing, dispute(found))
    if len(events) > 1:
        version = small.record.load(type(thing), thing.id).facts[len(events)].version
        small.put(thing, retracting(noun, version))
    small.put(thing, retracting(noun, None))
    told = items(small)
    assert [each["kind"] for each in told][:2] == ["correction", "dispute"]
    assert {each["noun"] for each in told} == {noun}
    for each in told:
        assert each["label"] and each["changes"] and each["sentence"].endswith(".")
    assert "None" not in small.client().get(f"{URL}.csv").text
    assert len(entries(small)) == len(told)


def retracting(noun, version):
    return Retracted(noun=noun, retracts=version, **ASKED_FOR)


# The feed.


def feed(small, query=".atom"):
    answer = small.client().get(f"{URL}{query}")
    assert answer.mimetype == "application/atom+xml"
    root = Xml.fromstring(answer.data)
    must_be_atom(root)
    return root


def entries(small, query=".atom"):
    return feed(small, query).findall(f"{ATOM}entry")


def text_of(element, name):
    return element.findtext(f"{ATOM}{name}")


def links(element):
    return {each.get("rel"): each.get("href") for each in element.iter(f"{ATOM}link")}


ONCE = {"id", "title", "updated"}
AT_MOST_ONCE = {"subtitle", "rights", "published", "summary", "content"}
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
OF_FEEDS = {*ONCE, "subtitle", "rights", "author", "link", "entry", ARCHIVE}
OF_ENTRIES = {*ONCE, "published", "summary", "category", "link"}
RELATIONS = {
    "self", "first", "next", "alternate", "related", "current", "prev-archive",
}  # fmt: skip


def must_be_atom(root):
    """Hold a feed against the rules of RFC 4287, sections 3 and 4."""
    assert root.tag == f"{ATOM}feed"
    must_have(root, OF_FEEDS)
    assert text_of(root.find(f"{ATOM}author"), "name")
    assert links(root)["self"].startswith("http://localhost/v1/corrections.atom")
    found = root.findall(f"{ATOM}entry")
    for entry in found:
        must_have(entry, OF_ENTRIES)
        assert text_of(entry, "summary")
        assert entry.find(f"{ATOM}link[@rel='alternate']") is not None
        must_be_instant(text_of(entry, "published"))
    ids = [text_of(each, "id") for each in (root, *found)]
    assert len(set(ids)) == len(ids)


def must_have(element, names):
    tags = [each.tag.removeprefix(ATOM) for each in element]
    assert set(tags) <= names
    assert all(tags.count(name) == 1 for name in ONCE)
    assert all(tags.count(name) <= 1 for name in AT_MOST_ONCE)
    assert text_of(element, "id").startswith("urn:uuid:")
    assert text_of(element, "title")
    must_be_instant(text_of(element, "updated"))
    for each in element.findall(f"{ATOM}link"):
        assert each.get("rel") in RELATIONS
        assert each.get("href").startswith("http://localhost/")
    for each in element.findall(f"{ATOM}category"):
        assert each.get("term")


def must_be_instant(text):
    assert datetime.fromisoformat(text).tzinfo is UTC and "T" in text
    assert text.endswith("Z")


def test_a_feed_without_entries_is_a_feed(small):
    assert entries(small) == []


def test_titles_begin_with_what_was_done_and_the_newest_comes_first(graded):
    regrade(graded, "good")
    later(graded)
    against = disputed(graded, "adequate")
    settled(graded, against.version, 1)
    graded.retract("pcc-west-mercia")
    titles = [text_of(each, "title") for each in entries(graded)]
    rating = "Someforce: Investigating crime (PEEL 2023-25)"
    assert titles == [
        "Retraction: West Mercia PCC",
        f"Dispute: settled, {rating}",
        f"Dispute: {rating}",
        f"Correction: {rating}",
    ]


def test_an_entry_leads_to_the_event_and_says_what_the_list_says(graded):
    done = regrade(graded, "good")
    [entry] = entries(graded)
    [item] = items(graded)
    where = f"(Position {item['position']} of the log.)"
    assert text_of(entry, "summary") == f"{item['sentence']} {where}"
    assert "<the publisher> & " in text_of(entry, "summary")
    assert text_of(entry, "published") == done.recorded_at
    event = f"http://localhost/v1/events/{done.position}"
    assert links(entry)["alternate"] == event
    assert graded.client().get(links(entry)["related"]).json["type"] == "rating.awarded"
    terms = [each.get("term") for each in entry.iter(f"{ATOM}category")]
    assert terms == ["correction", "rating", "west-mercia"]


def test_an_id_is_the_same_under_every_address_and_filter(graded):
    regrade(graded, "good")
    [one] = entries(graded)
    [other] = entries(graded, ".atom?noun=rating")
    elsewhere = graded.client().get(f"{URL}.atom", base_url="http://localhost/x/")
    [third] = Xml.fromstring(elsewhere.data).iter(f"{ATOM}entry")
    ids = {text_of(each, "id") for each in (one, other, third)}
    assert len(ids) == 1
    assert text_of(feed(graded), "id") != text_of(feed(graded, ".atom?noun=body"), "id")


def test_a_redaction_updates_the_entry(graded):
    done = regrade(graded, "good")
    later(graded)
    gone = redact(graded.record, done.position, "reason_text")
    root = feed(graded)
    [entry] = root.iter(f"{ATOM}entry")
    assert text_of(entry, "updated") == gone.recorded_at == text_of(root, "updated")
    assert text_of(entry, "published") == done.recorded_at
    assert "slip of the pen" not in Xml.tostring(root, "unicode")


def test_markup_and_what_xml_cannot_say_do_no_harm(graded):
    evil = "</title><script>alert(1)</script>]]>&amp;\ufffe\uffff"
    statement = graded.record.load(type(STATEMENT), STATEMENT.id)
    correction(graded, statement, SAID.data, {"title": evil})
    [entry] = entries(graded)
    assert text_of(entry, "title") == (
        "Correction: </title><script>alert(1)</script>]]>&amp;\ufffd\ufffd"
    )


def test_older_pages_of_the_feed_are_linked_and_give_each_entry_once(
    graded, monkeypatch
):
    monkeypatch.setattr("service.api.corrections.PAGE", 2)
    for number in range(5):
        regrade(graded, ("good", "adequate")[number % 2])
    seen, address = [], f"{URL}.atom?noun=rating"
    while address:
        root = Xml.fromstring(graded.client().get(address).data)
        must_be_atom(root)
        found = root.findall(f"{ATOM}entry")
        seen += [links(each)["alternate"].rpartition("/")[2] for each in found]
        own = {
            each.get("rel"): each.get("href") for each in root.findall(f"{ATOM}link")
        }
        assert own["first"] == f"http://localhost{URL}.atom?noun=rating"
        address = own.get("next")
    assert seen == ["13", "12", "11", "10", "9"]


def test_a_feed_reader_may_say_what_it_likes_to_be_given(small):
    likes = {"Accept": "application/atom+xml, application/xml;q=0.9, */*;q=0.8"}
    answer = small.client().get(f"{URL}.atom", headers=likes)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"


def test_reasons_and_bodies_of_many_corrections_are_kept_apart(small):
    small.register("kent")
    for number in range(3):
        small.clock.now = NOON + timedelta(days=number)
        body = small.record.load(type(HISTORIES["body"][0]), "kent")
        data = {**body.facts[1].event.data, "name": f"Kent {number}"}
        small.put(body, replace(body.correct(corrects=1, data=data, **ASKED_FOR)))
    was = [each["changes"][0]["was"] for each in items(small)]
    assert was == ["Someforce", "Kent 0", "Kent 1"]
    assert [each["label"] for each in items(small)] == ["Kent 0", "Kent 1", "Kent 2"]


def test_since_when_it_stood_rests_on_no_order_of_rows(small):
    small.oversee("west-mercia", "pcc-west-mercia", "West Mercia PCC")
    small.put(PROGRAMME, ANNOUNCED, ASKED)
    small.put(INSPECTION, PUBLISHED)
    small.put(RATING, AWARDED)
    for grade in ("good", "adequate", "good"):
        later(small)
        regrade(small, grade)
    *events, last = small.record.store.read_stream(RATING.stream)
    thing, rows = None, []
    for event in events:
        before, thing = thing, advance(thing, event)
        if before:
            rows.append(corrections.correction_row(before, thing, event, rows))
    after = advance(thing, last)
    row = corrections.correction_row(thing, after, last, rows)
    assert row["stood_from_position"] == events[-1].position
    assert row == corrections.correction_row(thing, after, last, rows[::-1])

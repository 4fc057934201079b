"""Search: the same things are found on both databases, as of any moment."""

import json
import random
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete, select, update

from projections.texts import texts
from schemas.tokens import tokens
from service.domain.bodies import Body
from service.domain.statements import Statement
from tests.examples import (
    ANNOUNCED,
    ASKED,
    CLAIMED,
    CLOSED,
    COMMENTED,
    FINDING,
    INSPECTION,
    OPENED,
    PLAN,
    PROGRAMME,
    PROMISED,
    PUBLISHED,
    RAISED,
    REOPENED,
    SAID,
    STATEMENT,
    UNLINKED,
    WITHDRAWN,
)
from tests.records import SmallRecord
from tests.redacting import erase, redact

WORDS = ("crime", "report", "force", "victims", "plan", "vetting", "response")


def record_at(folder, url):
    small = SmallRecord(folder, url)
    small.oversee("west-mercia", "pcc-west-mercia", "Commissioner for West Mercia")
    return small


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request, tmp_path):
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("database_url")
    small = record_at(tmp_path / "data", url)
    yield small
    small.record.close()


def say(small, number, text, **words):
    """Put a statement of these words on record; return its position."""
    given = {"title": None, "speaker": None, **words}
    statement = Statement(f"pcc-west-mercia.2024-07-09.{number}")
    small.put(statement, replace(SAID, text=text, **given))
    return small.record.store.size()


def ask(small, q, path="/v1/search", **parameters):
    answer = small.client().get(f"{path}?{urlencode({'q': q, **parameters})}")
    assert answer.status_code == 200, answer.text
    return answer.json


def found(small, q, **parameters):
    return [each["id"] for each in ask(small, q, **parameters)["items"]]


def statement(number):
    return f"statement-pcc-west-mercia.2024-07-09.{number}"


def test_words_are_found_in_any_order_case_and_accent(small):
    say(small, 1, "Yr Heddlu: the force\u2019s café, Ynys Môn & Co.")
    for q in ("cafe FORCE", "ynys mon and co", '"ynys môn" heddlu', "caf* her* hedd*"):
        expected = [] if "her*" in q else [statement(1)]
        assert found(small, q, noun="statement") == expected, q
    assert found(small, "cafe missing") == []
    assert found(small, '"mon ynys"') == []


def test_the_nearest_comes_first(small):
    say(small, 1, "Vetting is one of very many things that were said on that day.")
    say(small, 2, "Vetting, vetting and vetting again.")
    say(small, 3, "Other words.", title="Vetting of officers")
    say(small, 4, "Other words.", title="Vetting")
    assert found(small, "vetting") == [statement(n) for n in (4, 3, 2, 1)]


def test_what_is_found_shows_where_the_words_stand(small):
    said = "The <b>force\u2019s</b> plan & more plans."
    text = f"{'Before. ' * 40}{said} {'After. ' * 90}"
    say(small, 1, text, title="A statement")
    [item] = ask(small, "force plan")["items"]
    assert item["title"] == "A statement" and item["member"] == "text"
    assert item["address"] == "/v1/statements/pcc-west-mercia.2024-07-09.1"
    assert item["excerpt"] in text and len(item["excerpt"]) <= 240
    marked = [item["excerpt"][start:end] for start, end in item["highlights"]]
    assert marked == ["force\u2019s", "plan"]
    assert small.client().get(item["address"]).status_code == 200


def test_former_names_and_variants_find_a_body(small):
    small.register("greater-manchester", "Manchester City Police")
    small.rename("greater-manchester", "Greater Manchester Police")
    for q in ("manchester city", "GMP", '"greater manchester police"'):
        assert found(small, q) == ["body-greater-manchester"], q
        assert ask(small, q, "/v1/bodies")["items"][0]["id"] == "greater-manchester"
    [item] = ask(small, "GMP")["items"]
    assert (item["member"], item["excerpt"]) == ("spelling", "GMP")
    [item] = ask(small, "manchester city")["items"]
    assert (item["title"], item["excerpt"]) == (
        "Greater Manchester Police",
        "Manchester City Police",
    )


def test_only_what_stood_and_was_known_then_is_found(small):
    first = say(small, 1, "Something about burglary.")
    aggregate = small.record.load(Statement, "pcc-west-mercia.2024-07-09.1")
    right = aggregate.correct(
        corrects=1,
        data=SAID.data,
        words={"text": "Something about robbery."},
        reason="entry-error",
        asked_by="editor",
    )
    small.record.record(aggregate, right, by="system")
    assert found(small, "burglary") == []
    assert found(small, "robbery") == [statement(1)]
    assert found(small, "burglary", at_position=first) == [statement(1)]
    assert found(small, "robbery", at_position=first) == []
    assert found(small, "burglary", at_position=first - 1) == []
    assert found(small, "something", known_at="2026-03-01") == []


def test_only_what_held_and_was_said_by_the_day_is_found(small):
    small.put(STATEMENT, SAID, WITHDRAWN)
    assert found(small, "read report", as_of="2024-07-15") == [f"{STATEMENT.stream}"]
    assert found(small, "read report", as_of="2024-09-01") == []
    assert found(small, "read report", as_of="2024-06-01") == []
    small.put(PROGRAMME, ANNOUNCED, ASKED)
    small.put(INSPECTION, PUBLISHED)
    small.put(PLAN, OPENED, PROMISED, CLAIMED)
    assert found(small, "everybody trained", as_of="2024-07-16") == [PLAN.stream]
    assert found(small, "everybody trained", as_of="2024-07-15") == []
    small.put(FINDING, RAISED, COMMENTED, CLOSED, REOPENED)
    q = "serious organised"
    for day, count in (("2024-06-01", 1), ("2025-07-01", 0), ("2025-12-01", 1)):
        assert len(found(small, q, as_of=day, noun="finding")) == count, day
        assert ask(small, q, "/v1/findings", as_of=day)["total"] == count, day
    assert found(small, "plan was shared") == [FINDING.stream]
    assert found(small, "plan was shared", as_of="2024-06-01") == []


def test_noun_and_body_choose_among_what_is_found(small):
    small.register("durham", "Durham West")
    say(small, 1, "Of the west.")
    assert found(small, "west", body="durham") == ["body-durham"]
    assert found(small, "west", noun="statement") == [statement(1)]
    assert found(small, "west", body="pcc-west-mercia") == [
        "body-pcc-west-mercia",
        statement(1),
    ]
    assert found(small, "west", body="west-mercia", noun="plan") == []


def test_a_list_keeps_its_order_and_finds_what_the_search_does(small):
    for number, text in enumerate(("vetting", "a word of vetting", "nothing"), 1):
        say(small, number, text)
    listed = ask(small, "vetting", "/v1/statements")
    assert [each["id"][-1] for each in listed["items"]] == ["1", "2"]
    assert ask(small, "vetting", noun="statement")["total"] == listed["total"] == 2


def test_pages_give_each_thing_once_while_events_arrive(small):
    for number in range(1, 26):
        say(small, number, f"Vetting {'and so on ' * (number % 4)}")
    whole = found(small, "vetting")
    client, seen = small.client(), []
    address = "/v1/search?q=vetting&limit=4"
    while address:
        page = client.get(address).json
        assert page["total"] == 25
        seen += [each["id"] for each in page["items"]]
        say(small, 100 + len(seen), "More of vetting")
        address = page["next"]
    assert seen == whole
    cells = client.get("/v1/search.csv?q=vetting").text.splitlines()
    assert len(cells) == 1 + ask(small, "vetting")["total"]


def test_what_was_redacted_is_found_at_no_time(small):
    before = say(small, 1, "The name of Featherstonehaugh", speaker="Quillfeather")
    redact(small.record, before)
    assert erase(small.record) == []
    for q in ("featherstonehaugh", "feather*", "quillfeather", '"the name of"'):
        for moment in ({}, {"at_position": before}, {"as_of": "2024-07-15"}):
            assert found(small, q, **moment) == [], (q, moment)
            assert ask(small, q, "/v1/statements", **moment)["items"] == []
    small.record.rebuild()
    assert found(small, "feather*", at_position=before) == []


def test_digests_are_the_same_whatever_is_kept_to_be_searched(small):
    say(small, 1, "The name of Featherstonehaugh")
    model = small.record.read_model
    names = model.names()
    assert "texts" not in names
    before = [model.digest(name, model.position) for name in names]
    with model.engine.begin() as connection:
        connection.execute(update(texts).values(folded="otherwise"))
        connection.execute(delete(texts).where(texts.c.noun == "body"))
    assert [model.digest(name, model.position) for name in names] == before


HOSTILE = [
    ('"unbalanced', "pairs"),
    ("\0", "is not allowed"),
    ("a\u202eb", "is not allowed"),
    ("x" * 10_000, None),
    ("x" * 201, "Longer than 200"),
    ("é" * 201, "Longer than 200"),
    ("", "Nothing in it is a word"),
    ('"" *', "Nothing in it is a word"),
    ("a*", "2 letters"),
    (" ".join("abcdefghijklmnopqrstuvw"), "More than 20 words"),
]
HARMLESS = [
    "text: NEAR(force report)", "force' OR '1'='1", "force') --", "force:*", "^force",
    "{folded} : force", "force & !report | (plan)", "-force +report", "<-> <2>", "%_",
    "force\\", "rank MATCH force", "a AND", "NOT", "(((", "force* *", "'", "$1 %s :x",
]  # fmt: skip


@pytest.mark.parametrize(("q", "says"), HOSTILE)
def test_what_cannot_be_read_is_refused_in_plain_words(small, q, says):
    for path in ("/v1/search", "/v1/statements"):
        answer = small.client().get(f"{path}?{urlencode({'q': q})}")
        assert answer.status_code == 400
        assert answer.json["type"] == "/problems/invalid-parameter"
        assert says is None or says in answer.json["detail"]


@pytest.mark.parametrize("q", HARMLESS)
def test_signs_of_a_query_language_are_signs_like_others(small, q):
    say(small, 1, "The force has read the report.")
    answer = small.client().get(f"/v1/search?{urlencode({'q': q})}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert "word" in answer.json["detail"]


def test_a_search_without_words_to_search_for_is_refused(small):
    answer = small.client().get("/v1/search")
    assert answer.status_code == 400 and "q" in answer.json["detail"]
    answer = small.client().get("/v1/search?q=force&noun=redaction")
    assert answer.status_code == 400


def test_a_forged_cursor_is_refused(small):
    say(small, 1, "vetting")
    say(small, 2, "vetting")
    page = small.client().get("/v1/search?q=vetting&limit=1").json
    other = small.client().get("/v1/search?q=force&limit=1").json
    assert other["next"] is None
    cursor = page["next"].partition("cursor=")[2]
    answer = small.client().get(f"/v1/search?q=force&limit=1&cursor={cursor}")
    assert answer.json["type"] == "/problems/cursor-mismatch"


# On a shared corpus both databases give the same answers, those of a plain search.


def corpus(choice):
    for number in range(1, 61):
        words = choice.choices(WORDS, k=choice.randint(1, 40))
        ends = choice.choices(["", "s", ",", "-", "."], k=len(words))
        text = " ".join(map("".join, zip(words, ends, strict=True)))
        title = " ".join(choice.choices(WORDS, k=3)) if choice.random() < 0.3 else None
        yield number, text, title


def queries(choice):
    for _ in range(60):
        some = choice.sample(WORDS, choice.randint(1, 2))
        kind = choice.random()
        if kind < 0.3:
            yield f'"{" ".join(some)}"'
        elif kind < 0.6:
            yield " ".join(f"{word[:4]}*" for word in some)
        else:
            yield " ".join(some)


def is_met(text, q):
    """Whether a text has what is sought, seen plainly."""
    words = [each.word for each in tokens(text or "")]
    if q.startswith('"'):
        return f" {q[1:-1]} " in f" {' '.join(words)} "
    terms = q.split()
    return all(
        any(w.startswith(t[:-1]) if t.endswith("*") else w == t for w in words)
        for t in terms
    )


def test_both_databases_find_the_same_in_the_same_order(tmp_path, database_url):
    choice = random.Random(20261126)
    said = list(corpus(choice))
    asked = list(queries(choice))
    given = []
    for name, url in (("sqlite", None), ("postgresql", database_url)):
        small = record_at(tmp_path / name, url)
        for number, text, title in said:
            say(small, number, text, title=title)
        answers = [ask(small, q, limit=1000)["items"] for q in asked]
        given.append(json.dumps(answers))
        small.record.close()
    assert given[0] == given[1]
    for q, items in zip(asked, json.loads(given[0]), strict=True):
        expected = {
            statement(n) for n, *both in said if any(is_met(t, q) for t in both)
        }
        assert {each["id"] for each in items if each["noun"] == "statement"} == expected
    assert any(json.loads(given[0]))


def test_a_phrase_is_found_deep_in_a_long_text(small):
    say(small, 1, f"{'of the force ' * 2500}and of a last word")
    assert found(small, '"last word"') == [statement(1)]
    assert found(small, '"the force and of"') == [statement(1)]
    [item] = ask(small, '"last word"')["items"]
    assert item["excerpt"].endswith("last word")


def test_what_a_retracted_body_said_of_itself_is_not_found(small):
    small.register("durham", "Durham Constabulary")
    position = small.record.store.size()
    small.retract("durham")
    assert found(small, "durham") == []
    assert found(small, "durham", at_position=position) == ["body-durham"]
    small.put(Body("west-mercia"), replace(UNLINKED, note="Ended by statute"))
    assert found(small, "statute") == ["body-west-mercia"]


def test_the_words_of_editors_and_reasons_are_not_searched(small):
    with small.record.read_model.engine.connect() as connection:
        members = set(connection.execute(select(texts.c.member)).scalars())
    assert members <= {"name", "note", "spelling", "text", "title", "speaker"}

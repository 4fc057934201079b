"""Stories: hand-written commands, recorded once, through the rules of all imports."""

import json
from datetime import date, timedelta

import pytest

from service.domain.inspections import Inspection, InspectionFieldworkStated
from service.domain.plans import Plan
from service.founding import founding_files
from service.imports.importer import Importer
from service.imports.shapes.statements import LAST_DAY
from service.imports.work import Options
from tests.importing import desk, statuses

__all__ = ["desk"]

[STORY] = [path for path in founding_files() if path.suffix == ".jsonl"]
SOC = "regional-soc-2022.west-midlands"
# The rows of the timeline of West Mercia, and the event that puts each on record.
TIMELINE = """
2018-03-22 inspection.published published_on peel-2017.west-mercia.effectiveness
2018-03-22 statement.published dated_on pcc-west-mercia.2018-03-22.2
2018-04-09 finding.status-reported reported_on hmicfrs.8929
2019-09-27 inspection.published published_on peel-2018-19.west-mercia
2023-06 inspection.fieldwork-stated fieldwork_to regional-soc-2022.west-midlands
2023-12-11 plan.opened opened_on west-mercia.soc-delivery
2024-05-02 term.started elected_on pcc-west-mercia.commissioner.2024
2024-05-14 inspection.published published_on regional-soc-2022.west-midlands
2024-05-14 statement.published dated_on west-mercia.2024-05-14.1
2024-05 statement.published dated_on pcc-west-mercia.2024-05.3
2024-07-09 statement.published dated_on pcc-west-mercia.2024-07-09.1
2024-07-16 session.held held_on west-mercia.2024-07-16.1
2025-05-14 inspection.published published_on peel-2023-25.west-mercia
2025-06-11 statement.published dated_on telford-and-wrekin-council.2025-06-11.1
2025-06-15 statement.published dated_on pcc-west-mercia.2025-06-15.1
2025-09-26 finding.raised raised_on accelerated.west-mercia.2025.c1
"""
WHY = {"url": "https://example.org/kent", "publisher": "Kent", "confidence": "high"}
KENT = [
    {
        "do": "plan.opened",
        "id": "kent.call-handling",
        "data": {"body": "kent", "opened_on": "2024-03"},
        "words": {"title": "Call handling plan"},
    },
    {
        "do": "plan.action-added",
        "id": "kent.call-handling",
        "data": {"action": "a1"},
        "words": {"text": "Answer sooner."},
    },
    {
        "do": "plan.progress-reported",
        "id": "kent.call-handling",
        "data": {"action": "a1", "reported_on": "2024-06-01", "reported_by": "kent"},
        "words": {"status_word": "well on the way"},
    },
]


def tell(desk, commands):
    """Import a story; a command may be any text."""
    lines = [
        each if isinstance(each, str) else json.dumps({"sources": [WHY], **each})
        for each in commands
    ]
    path = desk.write("\n".join(lines), "story-kent.jsonl")
    [file] = Importer(desk.record, Options()).run([path]).files
    return file


def told():
    return [json.loads(line) for line in STORY.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", TIMELINE.strip().splitlines())
def test_each_row_of_the_timeline_is_on_record(desk, row):
    day, type, member, id = row.split()
    events = desk.record.store.read_stream(f"{type.partition('.')[0]}-{id}")
    assert day in [e.data[member] for e in events if e.type == type]


def test_the_deadline_of_the_timeline_follows_from_the_publication(desk):
    published = desk.record.load(Inspection, SOC).publication.published_on
    last = date.fromisoformat(published) + timedelta(days=LAST_DAY)
    assert last.isoformat() == "2024-07-08"


def test_the_plan_is_older_than_the_rating_that_it_answers(desk):
    inspection = desk.record.load(Inspection, SOC)
    plan = desk.record.load(Plan, "west-mercia.soc-delivery").facts[1].event
    assert plan.opened_on < inspection.publication.published_on
    [worked, *_] = inspection.live(InspectionFieldworkStated)
    assert worked.fieldwork_to == "2023-06"
    improving = desk.record.load(Plan, "west-mercia.soc-improvement").facts[1].event
    assert {*plan.addresses} < {*improving.addresses}


def test_what_the_report_does_not_itemise_is_a_gap(desk):
    named = [each["id"] for each in told() if each["do"] == "finding.raised"]
    assert sum(each.startswith(f"{SOC}.west-mercia.r") for each in named) == 5
    gaps = [each for each in told() if each["do"] == "gap.declared"]
    assert {each["data"]["kind"] for each in gaps} == {"not-itemised"}
    assert [each["data"]["about"]["body"] for each in gaps] == ["west-mercia", None]


def test_a_second_story_is_put_on_record_and_known_the_second_time(desk):
    before = desk.size
    assert statuses(tell(desk, KENT)) == ["recorded"] * 3
    assert desk.size == before + 3
    assert desk.types("plan-kent.call-handling") == [each["do"] for each in KENT]
    assert statuses(tell(desk, KENT)) == ["already known"] * 3
    assert desk.size == before + 3


def test_a_row_of_a_file_finds_what_the_story_has_told(desk):
    tell(desk, KENT)
    text = (
        "force_id,plan_name,event,on,by,source_url\n"
        f"kent,Call handling plan,opened,2024-03,force,{WHY['url']}\n"
    )
    assert statuses(desk.run(text)) == ["already known"]


@pytest.mark.parametrize(
    "command, says",
    [
        ("{", "Not JSON"),
        ("[" * 100_000, "Not JSON"),
        ("[]", "Not a command"),
        ('{"do": 1, "id": "x"}', "do and id: missing, or not text."),
        ('{"do": "plan.opened", "id": "x", "data": []}', "data: not an object."),
        ('{"do": "plan.opened", "id": "x", "why": 1}', "Unknown members: 'why'."),
        ({"do": "plan.burnt", "id": "x"}, "'plan.burnt' is no event that a story"),
        ({"do": "plan.opened", "id": "x", "data": {"x": 1}}, "x: Unknown field."),
        ({"do": "plan.closed", "id": "kent.none"}, "is not on record"),
        (KENT[0] | {"data": {"body": "kent", "opened_on": "May"}}, "is not a date"),
        (KENT[0] | {"id": "Not an id"}, "stream"),
    ],
)
def test_a_command_that_cannot_be_done_is_refused_in_words(desk, command, says):
    before = desk.size
    [line] = tell(desk, [command]).lines
    assert line.status == "refused" and says in line.why
    assert desk.size == before

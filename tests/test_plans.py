"""Plans: their rules, and claims and assessments apart, as they are read."""

from dataclasses import replace

import pytest

from service.domain.plans import Plan, PlanActionAdded, PlanOpened, PlanProgressReported
from tests.examples import (
    ASSESSED,
    CLAIMED,
    OPENED,
    PLAN,
    PLAN_CLOSED,
    PROMISED,
    breaks,
    but,
    given,
)
from tests.records import small

__all__ = ["small"]

WHY = {"reason": "entry-error", "asked_by": "editor"}
PATH = f"/v1/plans/{PLAN.id}"
UNOPENED = PlanOpened(**but(OPENED, opened_on=None, opened_on_basis=None))
OF_PLAN = PlanProgressReported(**but(CLAIMED, action=None))
ORDINARY = {
    "add_action": replace(PROMISED, action="a2"),
    "report_progress": OF_PLAN,
    "assess_progress": ASSESSED,
    "close": PLAN_CLOSED,
}
each_command = pytest.mark.parametrize("command", ORDINARY)


def test_a_plan_is_opened_once():
    assert given(PLAN).open(**but(OPENED)) == OPENED
    with breaks("already-recorded"):
        given(PLAN, OPENED).open(**but(OPENED))


@each_command
def test_what_may_happen_to_an_open_plan(command):
    event = ORDINARY[command]
    assert getattr(given(PLAN, OPENED), command)(**but(event)) == event


@each_command
def test_nothing_happens_to_a_plan_that_is_not_on_record(command):
    with breaks("not-on-record"):
        getattr(given(PLAN), command)(**but(ORDINARY[command]))


@each_command
def test_a_closed_plan_takes_no_more_ordinary_events(command):
    with breaks("plan-closed"):
        getattr(given(PLAN, OPENED, PLAN_CLOSED), command)(**but(ORDINARY[command]))


def test_complete_is_a_status_and_closes_nothing():
    done = replace(OF_PLAN, status="complete")
    plan = given(PLAN, OPENED, PROMISED, done)
    back = but(CLAIMED, status="stalled")
    assert plan.report_progress(**back).status == "stalled"


def test_an_action_is_added_once():
    with breaks("already-recorded"):
        given(PLAN, OPENED, PROMISED).add_action(**but(PROMISED))


@pytest.mark.parametrize("command", ["report_progress", "assess_progress"])
def test_no_progress_is_told_of_an_unknown_action(command):
    plan = given(PLAN, OPENED, PROMISED)
    with breaks("unknown-action"):
        getattr(plan, command)(**but(ORDINARY[command], action="a9"))


@pytest.mark.parametrize(
    "command, name",
    [
        ("report_progress", "reported_on"),
        ("assess_progress", "assessed_on"),
        ("close", "closed_on"),
    ],
)
def test_nothing_happens_before_a_plan_was_opened(command, name):
    early = but(ORDINARY[command], **{name: "2023-12-10"})
    with breaks("before-its-cause"):
        getattr(given(PLAN, OPENED), command)(**early)
    assert getattr(given(PLAN, UNOPENED), command)(**early)


@pytest.mark.parametrize(
    "rule, version, wrong",
    [
        ("before-its-cause", 1, {"opened_on": "2024-07-17"}),
        ("before-its-cause", 1, {"opened_on": "2026"}),
        ("before-its-cause", 3, {"reported_on": "2023-12-10"}),
        ("before-its-cause", 4, {"assessed_on": "2022"}),
        ("before-its-cause", 5, {"closed_on": "2023-11"}),
        ("unknown-action", 3, {"action": "a2"}),
        ("unknown-action", 4, {"action": "a2"}),
        ("part-of-the-id", 1, {"body": "cleveland"}),
    ],
)
def test_a_correction_may_not_break_a_rule(rule, version, wrong):
    plan = given(PLAN, OPENED, PROMISED, CLAIMED, ASSESSED, PLAN_CLOSED)
    with breaks(rule):
        data = plan.facts[version].event.data | wrong
        plan.correct(corrects=version, data=data, **WHY)


def test_a_closed_plan_may_be_corrected():
    plan = given(PLAN, OPENED, PROMISED, CLAIMED, ASSESSED, PLAN_CLOSED)
    right = CLAIMED.data | {"status": "in-progress"}
    assert plan.correct(corrects=3, data=right, **WHY).data_ == right


# Read.


def claim(day, status, **more):
    basis = "stated" if day else None
    dated = {"reported_on": day, "reported_on_basis": basis}
    return replace(OF_PLAN, status=status, **dated, **more)


def get(small, path="", query=""):
    return small.client().get(f"{PATH}{path}?{query}").json


def test_what_is_claimed_stays_apart_from_what_is_assessed(small):
    small.register("hmicfrs", "The inspectorate", kind="inspectorate")
    small.put(PLAN, OPENED, claim("2025-02", "complete"), ASSESSED)
    item = get(small)
    claimed = ("complete", "Complete", "Done", "February 2025", "west-mercia")
    assert (
        tuple(
            item[f"claimed_{name}"]
            for name in ("status", "status_label", "word", "on_text", "by")
        )
        == claimed
    )
    assessed = ("partly-improved", "Some progress", "2025", "peel-2025-27.west-mercia")
    assert (
        tuple(item[f"assessed_{name}"] for name in ("status", "word", "on", "in"))
        == assessed
    )
    assert (item["actions"], item["updates"]) == (0, 2)


def test_a_plan_without_updates_claims_nothing_and_is_assessed_by_nobody(small):
    small.put(PLAN, OPENED)
    item = get(small)
    members = [name for name in item if name.startswith(("claimed_", "assessed_"))]
    assert len(members) == 14
    assert {item[name] for name in members} == {None}


@pytest.mark.parametrize(
    "claims, expected",
    [
        ([("2024-07-16", "complete"), ("2024-07-16", "stalled")], "stalled"),
        ([("2024-08", "complete"), ("2024-07-31", "stalled")], "complete"),
        ([("2024-01", "complete"), (None, "stalled")], "stalled"),
        ([(None, "stalled"), ("2024-01", "complete")], "complete"),
        ([(None, "complete"), (None, "stalled")], "stalled"),
    ],
)
def test_the_latest_claim_is_the_last_by_day_and_then_by_the_log(
    small, claims, expected
):
    small.put(PLAN, OPENED, *(claim(*each) for each in claims))
    assert get(small)["claimed_status"] == expected


def test_as_of_a_day_a_later_claim_is_not_yet_made(small):
    small.put(PLAN, OPENED, claim("2024-07", "in-progress"), claim("2025", "complete"))
    assert get(small)["claimed_status"] == "complete"
    then = get(small, query="as_of=2024-12-31")
    assert (then["claimed_status"], then["updates"]) == ("in-progress", 1)
    assert get(small, query="as_of=2024-06-30")["claimed_status"] is None


def test_as_of_a_day_an_undated_claim_is_not_taken_for_the_latest(small):
    small.put(PLAN, OPENED, claim("2024-07", "in-progress"), claim(None, "stalled"))
    assert get(small)["claimed_status"] == "stalled"
    assert get(small, query="as_of=2024-12-31")["claimed_status"] == "in-progress"


def test_an_update_has_its_own_place_in_the_log_and_its_plan_that_of_the_last(small):
    small.put(PLAN, OPENED, claim("2024-07", "in-progress"))
    small.register("west-mercia")
    small.put(PLAN, claim("2024-06", "stalled"))
    positions = [each["position"] for each in get(small, "/updates")["items"]]
    assert (positions, get(small)["position"]) == ([4, 2], 4)


def test_at_a_position_a_claim_that_was_recorded_later_is_not_known(small):
    small.put(PLAN, OPENED, claim("2024-07", "in-progress"))
    small.put(PLAN, claim("2024-08", "complete"))
    assert get(small, query="at_position=2")["claimed_status"] == "in-progress"
    assert get(small, query="at_position=1")["claimed_status"] is None


def test_an_action_shows_what_is_claimed_and_assessed_of_it_alone(small):
    second = replace(PROMISED, action="a10", due_on=None, due_on_basis=None)
    third = replace(PROMISED, action="a2")
    seen = replace(ASSESSED, action="a1", status="not-improved")
    small.put(PLAN, OPENED, PROMISED, second, third, CLAIMED, ASSESSED, seen)
    first, *others = get(small, "/actions")["items"]
    assert (first["text"], first["due_on_text"]) == (PROMISED.text, "December 2024")
    assert first["claimed_status"] == "complete"
    assert first["assessed_status"] == "not-improved"
    assert [each["action"] for each in others] == ["a10", "a2"]
    assert [each["assessed_status"] for each in others] == [None, None]
    assert get(small)["assessed_status"] == "partly-improved"


def test_updates_say_whose_word_they_are_and_of_what(small):
    small.register("west-mercia", "West Mercia Police")
    small.register("hmicfrs", "The inspectorate", kind="inspectorate")
    small.put(PLAN, OPENED, PROMISED, ASSESSED, CLAIMED)
    names = ("version", "kind", "action", "status", "by", "by_name", "inspection")
    rows = [
        tuple(each[name] for name in names) for each in get(small, "/updates")["items"]
    ]
    claimed = ("claim", "a1", "complete", "west-mercia", "West Mercia Police", None)
    seen = ("hmicfrs", "The inspectorate", "peel-2025-27.west-mercia")
    assessed = ("assessment", None, "partly-improved", *seen)
    assert rows == [(4, *claimed), (3, *assessed)]


def test_updates_and_actions_are_had_as_csv_and_in_pages(small):
    actions = (PlanActionAdded(**but(PROMISED, action=f"a{n}")) for n in (1, 2, 3))
    claims = (claim("2024-07-16", "stalled", text=f"No {n}") for n in range(3))
    small.put(PLAN, OPENED, *actions, *claims)
    client = small.client()
    for part in ("actions", "updates"):
        whole = client.get(f"{PATH}/{part}").json["items"]
        assert len(client.get(f"{PATH}/{part}.csv").text.splitlines()) == 4
        page = client.get(f"{PATH}/{part}?limit=2").json
        rest = client.get(page["next"]).json
        assert ([*page["items"], *rest["items"]], rest["next"]) == (whole, None)
    assert [each["text"] for each in whole] == ["No 0", "No 1", "No 2"]


def test_undated_updates_are_counted_as_of_a_day(small):
    small.put(PLAN, OPENED, claim(None, "stalled"), claim("2024-07", "complete"))
    answer = get(small, "/updates", "as_of=2024-12-31")
    assert (answer["total"], answer["meta"]["undated"]) == (1, 1)
    shown = get(small, "/updates", "as_of=2024-12-31&undated=include")
    assert (shown["total"], shown["meta"]["undated"]) == (2, None)


@pytest.mark.parametrize("part", ["actions", "updates"])
def test_there_are_no_parts_of_a_plan_that_is_not_known(small, part):
    small.register("west-mercia")
    small.put(PLAN, OPENED)
    assert get(small, f"/{part}")["items"] == []
    answer = small.client().get(f"{PATH}/{part}?at_position=1")
    assert (answer.status_code, answer.json["known_since"]) == (404, 2)


def test_a_plan_may_be_known_without_its_opening_and_older_than_what_it_answers(small):
    small.put(PLAN, UNOPENED, claim("2023", "in-progress"))
    item = get(small)
    assert (item["opened_on"], item["in_force"]) == (None, "unknown")
    assert item["claimed_on"] == "2023"


def test_a_closed_plan_shows_how_it_ended(small):
    small.put(PLAN, OPENED, replace(PLAN_CLOSED, note="Replaced by another"))
    item = get(small)
    assert (item["outcome"], item["closed_on_text"]) == ("replaced", "June 2025")
    assert item["closing_note"] == "Replaced by another"
    assert (item["valid_from"], item["valid_to"]) == ("2023-12-11", "2025-06-30")


@pytest.fixture
def several(small):
    finding = "finding-peel-2023-25.west-mercia.c1"
    both = replace(OPENED, addresses=sorted([finding, *OPENED.addresses]))
    small.put(PLAN, OPENED)
    small.put(Plan("west-mercia.soc-improvement"), both)
    small.put(Plan("west-mercia.other"), replace(OPENED, addresses=[finding]))
    small.put(Plan("west-mercia.nothing"), replace(OPENED, addresses=[]))
    small.put(Plan("cleveland.soc"), replace(OPENED, body="cleveland"))
    return small


def test_plans_of_a_body_that_address_the_same_are_related(several):
    rows = several.client().get("/v1/plans").json["items"]
    assert {row["id"]: row["related_plans"] for row in rows} == {
        "cleveland.soc": [],
        "west-mercia.nothing": [],
        "west-mercia.other": ["west-mercia.soc-improvement"],
        "west-mercia.soc-delivery": ["west-mercia.soc-improvement"],
        "west-mercia.soc-improvement": ["west-mercia.other", PLAN.id],
    }


def test_plans_are_found_by_body_and_by_what_they_address(several):
    client = several.client()
    own = client.get("/v1/plans?body=cleveland").json["items"]
    assert [row["id"] for row in own] == ["cleveland.soc"]
    query = f"addresses={OPENED.addresses[0]}&body=west-mercia"
    found = client.get(f"/v1/plans?{query}").json["items"]
    assert [row["id"] for row in found] == [PLAN.id, "west-mercia.soc-improvement"]

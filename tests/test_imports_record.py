"""The rest of the founding data: each row recorded, known, checked or refused."""

import csv

import pytest

from service.domain.findings import Finding, FindingStatusReported
from service.domain.monitoring import Monitoring
from service.domain.plans import Plan, PlanProgressAssessed, PlanProgressReported
from service.domain.sessions import Session
from service.domain.statements import Statement
from service.domain.terms import Term
from service.editors import revoke
from service.founding import founding_files
from service.imports.importer import Importer, count_rows
from service.imports.work import Options
from service.log.errors import RevokedError
from tests.editing import editor, opened
from tests.importing import STREAM, URL, desk, grades, held, statuses

__all__ = ["desk", "held"]

FILES = {path.stem: path for path in founding_files()}


def rows(name):
    with FILES[name].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first(desk, kind, id):
    return desk.record.load(kind, id).facts[1].event


# Every file.


@pytest.mark.parametrize("path", founding_files(), ids=lambda path: path.stem)
def test_no_row_of_the_founding_data_is_refused_or_new_a_second_time(held, path):
    options = Options(disputes=True, fills=True, by="founding")
    [file] = Importer(held.record, options, is_dry_run=True).run([path]).files
    assert len(file.lines) == count_rows([path])
    assert {*statuses(file)} <= {"already known", "checked"}, file.lines


def test_the_founding_record_holds_a_thousand_events_of_every_noun(held):
    assert held.size >= 1_000
    found = {event.noun for event in held.record.store.read(limit=10_000)}
    assert found >= {"term", "finding", "statement", "plan", "monitoring", "session"}
    assert found >= {"commitment", "gap", "inspection", "rating", "body", "programme"}


def test_there_is_one_statement_for_each_row_and_each_response_beside_them(held):
    things = {
        event.stream
        for event in held.record.store.read(limit=10_000)
        if event.type == "statement.published"
    }
    assert len(things) == len(rows("statements")) + 7


# The hazards.


def test_a_status_goes_back_within_a_day_and_a_comment_follows_complete(held):
    finding = held.record.load(Finding, "hmicfrs.7319")
    told = [
        (each.status, each.reported_on) for each in finding.live(FindingStatusReported)
    ]
    assert told == [
        ("awaiting-review", "2017-02-09"),
        ("being-progressed", "2017-12-28"),
        ("awaiting-review", "2017-12-28"),
        ("complete", "2018-05-17"),
    ]
    last = list(finding.facts.values())[-1].event
    assert (last.type, last.commented_on) == ("finding.commented", "2018-05-17")


def test_a_finding_may_have_no_body_and_no_date(held):
    raised = first(held, Finding, "hmicfrs.4822")
    assert (list(raised.bodies), raised.raised_on) == ([], None)


def test_an_accelerated_cause_of_concern_is_a_cause_of_concern(held):
    raised = first(held, Finding, "accelerated.west-mercia.2025.c1")
    assert (raised.kind, raised.accelerated) == ("cause-of-concern", True)


def test_a_council_speaks_and_the_commissioner_replies(held):
    council = "telford-and-wrekin-council"
    assert first(held, Statement, f"{council}.2025-06-11.1").body == council
    reply = first(held, Statement, "pcc-west-mercia.2025-06-15.1")
    assert list(reply.responds_to) == [f"statement-{council}.2025-06-11.1"]
    assert reply.dated_on_basis == "article"


def test_a_statement_of_a_body_that_nobody_names_is_refused(held):
    text = (
        "force_id,speaker_office,speaker_name,kind,dated_on,stance_paraphrase,"
        f"source_url\nkent,other,,letter,2024,X,{URL}\n"
        f"kent,other,Narnia Council,letter,2024,X,{URL}\n"
        f"British Transport Police,commissioner,,letter,2024,X,{URL}\n"
    )
    unnamed, unknown, overseen = held.run(text, dry_run=True).lines
    assert "no body that speaks is named" in unnamed.why
    # Who spoke may be a person: the report does not repeat the name.
    assert "speaker_name: No body '…' is on record" in unknown.why
    assert "who oversees btp is not on record" in overseen.why


def test_a_spell_without_dates_is_filled_and_not_doubled(held):
    spell = held.record.load(Monitoring, "gloucestershire.engage.1")
    entered, observed, left = (fact.event for fact in spell.facts.values())
    assert (entered.entered_on, left.left_on) == ("2021-12", "2023-09")
    assert observed.observed_on == "2022-06-30"
    assert not held.record.store.read_stream("monitoring-gloucestershire.engage.2")


def test_sources_that_conflict_on_a_spell_stand_side_by_side(held):
    spell = held.record.load(Monitoring, "staffordshire.engage.1")
    assert spell.facts[1].event.entered_on == "2022-06"
    [other] = spell.facts[1].disputes.values()
    assert (other.entered_on, other.entered_on_basis) == ("2022-07-06", "letter")
    assert spell.facts[2].event.left_on == "2024-05-21"


def test_an_announcement_and_minutes_are_one_session_with_two_sources(held):
    session = held.record.load(Session, "west-mercia.2024-02-26.1")
    assert len(session.facts[1].event.sources) == 2 and len(session.facts) == 1


def test_claims_and_assessments_of_a_plan_stay_apart(held):
    plan = held.record.load(
        Plan, "west-mercia.safeguarding-referrals-vulnerability-hub"
    )
    [claim] = plan.live(PlanProgressReported)
    [seen] = plan.live(PlanProgressAssessed)
    assert (claim.reported_by, claim.status) == ("west-mercia", "in-progress")
    assert seen.status == "not-improved"


def test_an_import_does_not_take_a_claim_for_an_assessment(held):
    head = "force_id,plan_name,event,on,by,source_url\n"
    cells = [
        f"kent,Plan A,progress-assessed,2024,force,{URL}",
        f"kent,Plan A,progress-reported,2024,inspectorate,{URL}",
    ]
    seen, claimed = held.run(head + "\n".join(cells), dry_run=True).lines
    assert "a claim" in seen.why and "is progress-assessed" in claimed.why


def test_an_election_and_a_day_of_taking_office_are_one_term(held):
    term = first(held, Term, "pcc-cleveland.commissioner.2024")
    assert (term.elected_on, term.started_on) == ("2024", "2024-05-09")


def test_a_deadline_that_is_not_the_56th_day_is_refused(held):
    text = (
        "force_id,report,report_published_on,s55_due_by,response_dated,source_url\n"
        "west-mercia,An inspection of the West Midlands regional response to serious "
        f"and organised crime,2024-05-14,2024-07-09,2024-07-09,{URL}\n"
    )
    [line] = held.run(text, dry_run=True).lines
    assert "s55_due_by: says '2024-07-09', but it is 2024-07-08." in line.why


def test_an_amount_that_is_not_stated_is_null_and_pounds_become_pence(desk):
    text = (
        "force_id,by_office,made_on,kind,amount_gbp,paraphrase,source_url\n"
        f"kent,commissioner,2031,funding,12.50,X,{URL}\n"
        f"kent,commissioner,2032,funding,,X,{URL}\n"
        f"kent,commissioner,2033,funding,much,X,{URL}\n"
    )
    *made, refused = desk.run(text).lines
    amounts = [desk.record.store.read_stream(line.things[0])[0].data for line in made]
    assert [each["amount_pence"] for each in amounts] == [1250, None]
    assert [each["currency"] for each in amounts] == ["GBP", None]
    assert "amount_gbp: 'much' is no amount" in refused.why


def test_a_grade_without_a_basis_is_known_as_that_of_a_revisit(held):
    plain = [name for name in rows("peel_grades")[0] if name != "basis"]
    for row in (each for each in rows("peel_grades") if each["basis"]):
        text = grades(row, columns=plain)
        assert statuses(held.run(text, dry_run=True)) == ["already known"], row


def test_nothing_of_a_batch_follows_the_revocation_of_its_key(desk):
    key = editor(desk.record)
    size = desk.size

    def may(action, noun):
        # As another process would: this one reads one state of the log for a batch.
        with opened(desk.folder) as other:
            if other.store.size() == size:
                revoke(other, key.key_id, "leaked")
        return True

    with pytest.raises(RevokedError):
        desk.run(grades(), by=key.editor, key_id=key.key_id, may=may)
    assert desk.size == size + 1, "the revocation alone"
    assert desk.types(STREAM) == []

"""The rules of programmes: scales, questions, and the labels they are met under."""

import pytest

from service.domain.programmes import ProgrammeAnnounced, ProgrammeQuestionAdded
from tests.examples import (
    ALIASED,
    ANNOUNCED,
    ASKED,
    PROGRAMME,
    SCALE,
    UNGRADED,
    breaks,
    but,
    given,
    peel,
)

GRADE = {
    "question": "investigating-crime",
    "level": "question",
    "scale": "scale-3",
    "grade": "good",
}
OTHER = but(
    ASKED, question="preventing-crime", label="Preventing crime", text=None, aliases=[]
)


def test_a_new_programme_is_announced():
    assert given(PROGRAMME).announce(**but(ANNOUNCED)) == ANNOUNCED


def test_a_programme_is_announced_once():
    with breaks("already-recorded"):
        given(PROGRAMME, ANNOUNCED).announce(**but(ANNOUNCED))


def test_a_programme_may_have_an_unknown_scale():
    unknown = but(ANNOUNCED, scale=None)
    assert given(PROGRAMME).announce(**unknown) == ProgrammeAnnounced(**unknown)


def test_a_programme_does_not_follow_itself():
    with breaks("follows-itself"):
        given(PROGRAMME).announce(**but(ANNOUNCED, follows="peel-2023-25"))


@pytest.mark.parametrize("member", ["grade", "rank"])
def test_a_scale_has_each_grade_and_each_rank_once(member):
    good, adequate, _ = SCALE["grades"]
    twice = {"id": "scale-2", "grades": [good, adequate | {member: good[member]}]}
    with breaks("ambiguous-scale"):
        given(PROGRAMME).announce(**but(ANNOUNCED, scale=twice))


def test_a_question_is_added():
    assert given(PROGRAMME, ANNOUNCED).add_question(**but(ASKED)) == ASKED


def test_a_question_is_added_once():
    with breaks("already-recorded"):
        given(PROGRAMME, ANNOUNCED, ASKED).add_question(**but(ASKED))


def test_nothing_is_asked_by_a_programme_that_is_not_on_record():
    with breaks("not-on-record"):
        given(PROGRAMME).add_question(**but(ASKED))


@pytest.mark.parametrize(
    "taken",
    [
        {"label": "Investigating crime"},
        {"aliases": ["Investigating"]},
        {"label": "How good is the force at investigating crime?"},
        {"text": "How good is the force at investigating crime?"},
        {"label": "investigating-crime"},
    ],
)
def test_a_label_means_one_question(taken):
    with breaks("label-is-taken"):
        given(PROGRAMME, ANNOUNCED, ASKED).add_question(**OTHER | taken)


def test_another_question_may_share_a_concept():
    asked = given(PROGRAMME, ANNOUNCED, ASKED).add_question(**OTHER)
    assert asked == ProgrammeQuestionAdded(**OTHER)


def test_a_question_is_met_under_another_label():
    programme = given(PROGRAMME, ANNOUNCED, ASKED)
    assert programme.add_question_alias(**but(ALIASED)) == ALIASED
    assert programme.evolve(ALIASED).aliases()["Crime"] == "investigating-crime"


def test_an_unknown_question_takes_no_alias():
    with breaks("unknown-question"):
        given(PROGRAMME, ANNOUNCED).add_question_alias(**but(ALIASED))


def test_an_alias_of_one_question_is_not_given_to_another():
    programme = given(PROGRAMME, ANNOUNCED, ASKED, ProgrammeQuestionAdded(**OTHER))
    with breaks("label-is-taken"):
        programme.add_question_alias(question="preventing-crime", alias="Investigating")


def test_a_grade_of_the_scale_is_given_on_a_graded_question():
    assert peel().must_grade(**GRADE) is None


@pytest.mark.parametrize(
    "rule, wrong",
    [
        ("unknown-question", {"question": "leadership"}),
        ("ungraded-question", {"question": "service-for-victims"}),
        ("other-level", {"level": "pillar"}),
        ("not-on-the-scale", {"grade": "outstanding"}),
        ("not-on-the-scale", {"scale": "scale-5-2021"}),
    ],
)
def test_no_other_grade_is_given(rule, wrong):
    with breaks(rule):
        peel().must_grade(**GRADE | wrong)


@pytest.mark.parametrize("graded", ["some", "unknown"])
def test_a_question_that_may_be_graded_takes_a_grade(graded):
    asked = ProgrammeQuestionAdded(**but(ASKED, graded=graded))
    assert given(PROGRAMME, ANNOUNCED, asked).must_grade(**GRADE) is None


def test_a_programme_of_which_the_scale_is_unknown_takes_no_grade():
    unknown = ProgrammeAnnounced(**but(ANNOUNCED, scale=None))
    with breaks("unknown-scale"):
        given(PROGRAMME, unknown, ASKED).must_grade(**GRADE)


def test_a_correction_may_not_take_the_label_of_another_question():
    taken = UNGRADED.data | {"label": "Investigating crime"}
    with breaks("label-is-taken"):
        peel().correct(corrects=3, data=taken, reason="entry-error", asked_by="editor")


def test_a_correction_may_reword_a_question():
    right = ASKED.data | {"label": "Investigations"}
    event = peel().correct(
        corrects=2, data=right, reason="entry-error", asked_by="editor"
    )
    assert (
        peel().evolve(event).question("investigating-crime").label == "Investigations"
    )


def test_a_correction_may_not_make_a_scale_ambiguous():
    wrong = ANNOUNCED.data | {"scale": SCALE | {"grades": SCALE["grades"][:1] * 2}}
    with breaks("ambiguous-scale"):
        peel().correct(corrects=1, data=wrong, reason="other", asked_by="editor")


def test_a_retracted_question_is_not_asked():
    programme = peel().evolve(
        peel().retract(retracts=2, reason="not-a-fact", asked_by="editor")
    )
    with breaks("unknown-question"):
        programme.must_grade(**GRADE)

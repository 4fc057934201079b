"""The rules of ratings: a grade of the programme, of a subject, in an inspection."""

import pytest

from service.domain.inspections import InspectionPublished
from service.domain.programmes import Programme, ProgrammeAnnounced
from service.domain.ratings import RatingAwarded, rating_id
from tests.examples import (
    ANNOUNCED,
    AWARDED,
    INSPECTION,
    PROGRAMME,
    PUBLISHED,
    RATING,
    TO_COME,
    breaks,
    but,
    given,
    peel,
)

WHY = {"reason": "entry-error", "asked_by": "editor"}
INSPECTED = given(INSPECTION, PUBLISHED)


def test_a_grade_is_awarded():
    assert given(RATING).award(peel(), INSPECTED, **but(AWARDED)) == AWARDED


def test_a_grade_is_awarded_once():
    with breaks("already-recorded"):
        given(RATING, AWARDED).award(peel(), INSPECTED, **but(AWARDED))


def test_a_retracted_rating_is_not_awarded_again_under_its_id():
    rating = given(RATING, AWARDED)
    rating = rating.evolve(rating.retract(**WHY))
    with breaks("id-is-taken", "takes a new id"):
        rating.award(peel(), INSPECTED, **but(AWARDED))


@pytest.mark.parametrize("events", [[], [TO_COME]])
def test_no_grade_is_awarded_in_an_inspection_that_is_not_published(events):
    with breaks("not-published"):
        given(RATING).award(peel(), given(INSPECTION, *events), **but(AWARDED))


def test_no_grade_is_awarded_in_another_programme():
    with breaks("other-programme"):
        given(RATING).award(peel(), INSPECTED, **but(AWARDED, programme="peel-2025-27"))


def test_no_grade_is_awarded_by_the_scale_of_another_programme():
    other = given(Programme("peel-2025-27"), ANNOUNCED)
    with breaks("other-programme"):
        given(RATING).award(other, INSPECTED, **but(AWARDED))


@pytest.mark.parametrize(
    "rule, wrong",
    [
        ("not-a-subject", {"body": "cleveland"}),
        ("unknown-question", {"question": "leadership"}),
        ("ungraded-question", {"question": "service-for-victims"}),
        ("other-level", {"level": "overall"}),
        ("not-on-the-scale", {"grade": "outstanding"}),
        ("not-on-the-scale", {"scale": "scale-4-2014"}),
        ("before-its-cause", {"published_on": "2024-05-13"}),
        ("not-carried", {"carried_from": "peel-2021-22.west-mercia.x"}),
        (
            "carried-from-itself",
            {"carried_from": RATING.id, "basis": "carried-forward"},
        ),
    ],
)
def test_no_grade_is_awarded_against_the_rules(rule, wrong):
    with breaks(rule):
        given(RATING).award(peel(), INSPECTED, **but(AWARDED, **wrong))


def test_a_programme_of_which_the_scale_is_unknown_takes_no_grade():
    unknown = ProgrammeAnnounced(**but(ANNOUNCED, scale=None))
    programme = given(PROGRAMME, unknown, *peel().live(object)[1:])
    with breaks("unknown-scale"):
        given(RATING).award(programme, INSPECTED, **but(AWARDED))


def test_a_grade_may_be_published_after_the_report():
    later = but(AWARDED, published_on="2024-06", published_on_basis="article")
    event = given(RATING).award(peel(), INSPECTED, **later)
    assert event == RatingAwarded(**later)


def test_a_grade_in_an_undated_inspection_may_have_any_date():
    undated = InspectionPublished(
        **but(PUBLISHED, published_on=None, published_on_basis=None)
    )
    dated = but(AWARDED, published_on="2015", published_on_basis="stated")
    event = given(RATING).award(peel(), given(INSPECTION, undated), **dated)
    assert event == RatingAwarded(**dated)


@pytest.mark.parametrize("before", ["peel-2021-22.west-mercia.crime", None])
def test_a_grade_may_be_carried_forward_from_a_known_rating_or_from_none(before):
    carried = but(AWARDED, basis="carried-forward", carried_from=before)
    event = given(RATING).award(peel(), INSPECTED, **carried)
    assert event == RatingAwarded(**carried)


@pytest.mark.parametrize("command, names", [("correct", WHY), ("dispute", {})])
def test_a_grade_is_changed_within_the_scale_alone(command, names):
    rating, which = given(RATING, AWARDED), f"{command}s"
    change = getattr(rating, command)
    good, great = (AWARDED.data | {"grade": g} for g in ("good", "outstanding"))
    changed = change(programme=peel(), data=good, **{which: 1}, **names)
    assert changed.data_["grade"] == "good"
    with breaks("not-on-the-scale"):
        change(programme=peel(), data=great, **{which: 1}, **names)


def test_a_grade_is_not_corrected_by_another_programme():
    rating, other = given(RATING, AWARDED), given(Programme("peel-2025-27"), ANNOUNCED)
    for programme in (None, other):
        with pytest.raises(TypeError, match="the programme that gave it"):
            rating.correct(programme=programme, corrects=1, data=AWARDED.data, **WHY)


def test_a_correction_may_not_carry_a_grade_from_itself():
    wrong = AWARDED.data | {"basis": "carried-forward", "carried_from": RATING.id}
    with breaks("carried-from-itself"):
        given(RATING, AWARDED).correct(programme=peel(), corrects=1, data=wrong, **WHY)


def test_the_id_of_a_rating_names_the_body_where_there_are_several():
    alone = rating_id("peel-2023-25.kent", "kent", "leadership", has_several=False)
    assert alone == "peel-2023-25.kent.leadership"
    among = rating_id("regional-soc-2022.eastern", "kent", "overall", has_several=True)
    assert among == "regional-soc-2022.eastern.kent.overall"

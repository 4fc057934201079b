"""The rules of inspections: announced, published, with fieldwork and totals."""

import pytest

from service.domain.inspections import (
    InspectionFieldworkStated,
    InspectionPublished,
    InspectionTotalsStated,
    inspection_id,
)
from tests.examples import (
    FIELDWORK,
    INSPECTION,
    PUBLISHED,
    TO_COME,
    TOTALS,
    breaks,
    but,
    given,
    peel,
)

WHY = {"reason": "entry-error", "asked_by": "editor"}


def test_an_inspection_to_come_is_announced():
    assert given(INSPECTION).announce(**but(TO_COME)) == TO_COME


@pytest.mark.parametrize("before", [TO_COME, PUBLISHED])
def test_an_inspection_is_announced_once_and_not_after_it_is_published(before):
    with breaks("already-recorded"):
        given(INSPECTION, before).announce(**but(TO_COME))


@pytest.mark.parametrize("before", [[], [TO_COME]])
def test_an_inspection_is_published_whether_or_not_it_was_announced(before):
    assert given(INSPECTION, *before).publish(**but(PUBLISHED)) == PUBLISHED


def test_an_inspection_is_published_once():
    with breaks("already-recorded"):
        given(INSPECTION, PUBLISHED).publish(**but(PUBLISHED))


def test_a_retracted_inspection_is_not_published():
    retracted = given(INSPECTION, TO_COME)
    retracted = retracted.evolve(retracted.retract(**WHY))
    with breaks("is-retracted"):
        retracted.publish(**but(PUBLISHED))


def test_an_inspection_is_not_published_before_it_was_announced():
    with breaks("before-its-cause"):
        given(INSPECTION, TO_COME).publish(**but(PUBLISHED, published_on="2022"))


def test_an_inspection_is_published_in_the_programme_it_was_announced_for():
    with breaks("part-of-the-id"):
        given(INSPECTION, TO_COME).publish(**but(PUBLISHED, programme="peel-2025-27"))


def test_a_publication_may_have_no_date():
    undated = but(PUBLISHED, published_on=None, published_on_basis=None)
    event = given(INSPECTION, TO_COME).publish(**undated)
    assert event == InspectionPublished(**undated)


def test_fieldwork_is_stated():
    assert given(INSPECTION, PUBLISHED).state_fieldwork(**but(FIELDWORK)) == FIELDWORK


def test_fieldwork_is_stated_of_subjects_alone():
    with breaks("not-a-subject"):
        given(INSPECTION, PUBLISHED).state_fieldwork(
            **but(FIELDWORK, subjects=["cleveland"])
        )


def test_fieldwork_does_not_end_before_it_starts():
    with breaks("before-its-cause"):
        given(INSPECTION, PUBLISHED).state_fieldwork(
            **but(FIELDWORK, fieldwork_to="2023-05-31")
        )


def test_fieldwork_is_not_certainly_after_the_publication():
    late = but(FIELDWORK, fieldwork_from="2024-05-15", fieldwork_to="2024-06")
    with breaks("before-its-cause"):
        given(INSPECTION, PUBLISHED).state_fieldwork(**late)


def test_fieldwork_may_end_in_the_month_of_the_publication():
    close = but(FIELDWORK, fieldwork_to="2024-05")
    event = given(INSPECTION, PUBLISHED).state_fieldwork(**close)
    assert event == InspectionFieldworkStated(**close)


def test_an_inspection_is_not_published_before_its_fieldwork():
    with breaks("before-its-cause"):
        given(INSPECTION, TO_COME, FIELDWORK).publish(
            **but(PUBLISHED, published_on="2023-05")
        )


def test_totals_are_stated():
    inspection = given(INSPECTION, PUBLISHED)
    assert inspection.state_totals(peel(), **but(TOTALS)) == TOTALS


def test_conflicting_totals_may_stand_beside_each_other():
    other = but(TOTALS, areas=9)
    event = given(INSPECTION, PUBLISHED, TOTALS).state_totals(peel(), **other)
    assert event == InspectionTotalsStated(**other)


@pytest.mark.parametrize(
    "rule, wrong",
    [
        ("not-a-subject", {"body": "cleveland"}),
        ("more-than-all", {"areas": 2}),
        ("grade-twice", {"grades": [{"grade": "good", "count": 1}] * 2}),
        ("not-on-the-scale", {"grades": [{"grade": "outstanding", "count": 1}]}),
    ],
)
def test_totals_that_cannot_be_are_not_stated(rule, wrong):
    with breaks(rule):
        given(INSPECTION, PUBLISHED).state_totals(peel(), **but(TOTALS, **wrong))


@pytest.mark.parametrize("command", ["state_fieldwork", "state_totals"])
def test_nothing_is_stated_of_an_inspection_that_is_not_on_record(command):
    with breaks("not-on-record"):
        if command == "state_totals":
            given(INSPECTION).state_totals(peel(), **but(TOTALS))
        given(INSPECTION).state_fieldwork(**but(FIELDWORK))


@pytest.mark.parametrize(
    "rule, version, wrong",
    [
        ("before-its-cause", 2, PUBLISHED.data | {"published_on": "2022-12"}),
        ("before-its-cause", 2, PUBLISHED.data | {"published_on": "2023-05"}),
        ("before-its-cause", 1, TO_COME.data | {"announced_on": "2024-06"}),
        ("before-its-cause", 3, FIELDWORK.data | {"fieldwork_to": "2025"}),
        ("not-a-subject", 2, PUBLISHED.data | {"subjects": ["cleveland"]}),
        ("more-than-all", 4, TOTALS.data | {"areas": 1}),
    ],
)
def test_a_correction_may_not_break_a_rule(rule, version, wrong):
    inspection = given(INSPECTION, TO_COME, PUBLISHED, FIELDWORK, TOTALS)
    with breaks(rule):
        inspection.correct(corrects=version, data=wrong, **WHY)


def test_a_corrected_date_is_what_later_rules_rest_on():
    inspection = given(INSPECTION, PUBLISHED)
    right = PUBLISHED.data | {"published_on": "2023-01"}
    inspection = inspection.evolve(inspection.correct(corrects=1, data=right, **WHY))
    with breaks("before-its-cause"):
        inspection.state_fieldwork(**but(FIELDWORK))


@pytest.mark.parametrize(
    "parts, more, expected",
    [
        (("peel-2023-25", "durham"), {}, "peel-2023-25.durham"),
        (
            ("peel-2016", "durham"),
            {"pillar": "efficiency"},
            "peel-2016.durham.efficiency",
        ),
        (("peel-2018-19", "durham"), {"pillar": "efficiency"}, "peel-2018-19.durham"),
        (("peel-2021-22", "kent"), {"is_revisit": True}, "peel-2021-22.kent.revisit"),
        (
            ("regional-soc-2022", "region-west-midlands"),
            {},
            "regional-soc-2022.west-midlands",
        ),
    ],
)
def test_the_id_of_an_inspection_follows_the_rule(parts, more, expected):
    assert inspection_id(*parts, **more) == expected

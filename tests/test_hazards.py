"""What the real data has in store: hazards that were met once, from file to answer."""

from projections.listing import Page
from projections.moment import Moment
from projections.ratings import get_rating, list_ratings
from projections.responses import list_responses
from service.domain.bodies import Body
from service.domain.ratings import Rating
from tests.importing import ROW, STREAM, desk, grades, statuses

__all__ = ["desk"]

TODAY = "2026-11-22"
REVISITED = "peel-2023-25.kent.revisit.leadership-and-force-management"


def moment(desk, as_of=None):
    head = desk.record.read_model.position
    return Moment(head, head, TODAY, as_of=as_of)


def grades_of(desk, as_of, **filters):
    listing = list_ratings(
        desk.record.read_model, moment(desk, as_of), Page(), **filters
    )
    return {row["id"]: (row["grade"], row["in_force"]) for row in listing.rows}


def test_a_revisit_takes_the_place_of_what_was_assessed_before(desk):
    columns = (*ROW, "basis")
    revisit = {"basis": "revisit", "published_on": "2024-11-05", "grade": "adequate"}
    first = {"grade": "inadequate", "basis": "assessed"}
    assert statuses(desk.run(grades(first, revisit, columns=columns))) == [
        "recorded",
        "recorded",
    ]
    asked = {"body": "kent", "concept": "leadership", "programme": "peel-2023-25"}
    first_id = STREAM.removeprefix("rating-")
    assert grades_of(desk, "2024-06-01", **asked) == {
        first_id: ("inadequate", "certain")
    }
    assert grades_of(desk, "2025-01-01", **asked) == {
        REVISITED: ("adequate", "certain")
    }


def test_two_sources_a_day_apart_stand_side_by_side_when_that_is_wanted(desk):
    desk.run(grades({"published_on": "2024-03-12"}))
    other = {"published_on": "2024-03-13", "source_url": "https://example.org/other"}
    refused = desk.line(grades(other))
    assert refused.status == "refused"
    assert "published_on is 2024-03-12 there, 2024-03-13 here" in refused.why
    assert desk.line(grades(other), disputes=True).status == "recorded"
    rating = get_rating(
        desk.record.read_model, moment(desk), STREAM.removeprefix("rating-")
    )
    assert rating["published_on"] == "2024-03-12"


def test_the_british_transport_police_is_graded_and_owes_no_response(desk):
    btp = desk.record.load(Body, "btp")
    assert btp.facts[1].event.kind == "special-force"
    id = "regional-soc-2022.london.btp.overall"
    assert desk.record.load(Rating, id).facts[1].event.grade == "adequate"
    listing = list_responses(desk.record.read_model, moment(desk), Page(), body="btp")
    assert {row["status"] for row in listing.rows} == {"not-applicable"}


def test_a_body_that_is_named_anew_between_two_files_stays_one_body(desk):
    names = ("Hampshire Constabulary", "Hampshire and Isle of Wight Constabulary")
    before = desk.size
    for name, question in zip(names, ("Vetting", "Preventing crime"), strict=True):
        row = {"force_id": name, "question_or_pillar": question}
        line = desk.line(grades(row))
        assert "No body" not in (line.why or "")
    assert desk.size > before
    asked = {"body": "hampshire", "programme": "peel-2023-25"}
    assert [*grades_of(desk, None, **asked)] == [
        "peel-2023-25.hampshire.preventing-crime"
    ]

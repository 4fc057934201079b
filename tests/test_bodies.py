"""The rules of bodies."""

from service.domain.bodies import (
    BodyDissolved,
    BodyLinked,
    BodyRegistered,
    BodyRenamed,
    BodyUnlinked,
)
from tests.examples import (
    BODY,
    DISSOLVED,
    LINKED,
    REGISTERED,
    RENAMED,
    UNLINKED,
    breaks,
    but,
    given,
)

COMMANDS = {
    "rename": RENAMED,
    "link": LINKED,
    "unlink": UNLINKED,
    "dissolve": DISSOLVED,
}


def test_a_new_body_is_registered():
    assert given(BODY).register(**but(REGISTERED)) == REGISTERED


def test_a_body_is_registered_once():
    with breaks("already-recorded"):
        given(BODY, REGISTERED).register(**but(REGISTERED))


def test_nothing_happens_to_a_body_that_is_not_on_record():
    for command, event in COMMANDS.items():
        with breaks("not-on-record", "body-west-mercia is not on record"):
            getattr(given(BODY), command)(**but(event))


def test_a_body_takes_another_name():
    assert given(BODY, REGISTERED).rename(**but(RENAMED)) == RENAMED


def test_a_body_is_not_renamed_to_the_name_it_has():
    with breaks("same-name"):
        given(BODY, REGISTERED, RENAMED).rename(**but(RENAMED))


def test_a_body_may_take_back_a_former_name():
    again = but(RENAMED, name="West Mercia Police")
    assert given(BODY, REGISTERED, RENAMED).rename(**again) == BodyRenamed(**again)


def test_a_body_is_not_renamed_before_it_began():
    with breaks("before-its-cause"):
        given(BODY, REGISTERED).rename(**but(RENAMED, started_on="1967-09-30"))


def test_a_body_may_be_renamed_on_a_day_within_the_doubt_about_its_start():
    early = but(RENAMED, started_on="1967")
    assert given(BODY, REGISTERED).rename(**early) == BodyRenamed(**early)


def test_a_body_is_linked_to_another():
    assert given(BODY, REGISTERED).link(**but(LINKED)) == LINKED


def test_a_body_is_not_linked_to_itself():
    with breaks("linked-to-itself"):
        given(BODY, REGISTERED).link(**but(LINKED, to="west-mercia"))


def test_an_open_link_is_not_made_twice():
    with breaks("already-linked"):
        given(BODY, REGISTERED, LINKED).link(**but(LINKED))


def test_a_body_may_be_linked_again_after_the_link_has_ended():
    body = given(BODY, REGISTERED, LINKED, UNLINKED)
    again = but(LINKED, started_on="2029")
    assert body.link(**again) == BodyLinked(**again)


def test_a_body_may_be_in_several_relations():
    member = but(LINKED, relation="member-of", to="region-west-midlands")
    assert given(BODY, REGISTERED, LINKED).link(**member) == BodyLinked(**member)


def test_a_link_does_not_end_before_it_starts():
    with breaks("before-its-cause"):
        given(BODY, REGISTERED).link(**but(LINKED, ended_on="2012-11-21"))


def test_an_open_link_is_ended():
    assert given(BODY, REGISTERED, LINKED).unlink(**but(UNLINKED)) == UNLINKED


def test_a_link_that_does_not_exist_is_not_ended():
    with breaks("not-linked"):
        given(BODY, REGISTERED).unlink(**but(UNLINKED))


def test_a_link_is_ended_once():
    with breaks("not-linked"):
        given(BODY, REGISTERED, LINKED, UNLINKED).unlink(**but(UNLINKED))


def test_a_link_is_not_ended_before_it_started():
    with breaks("before-its-cause"):
        given(BODY, REGISTERED, LINKED).unlink(**but(UNLINKED, ended_on="2012-10"))


def test_a_link_that_was_made_anew_ends_after_its_own_start():
    anew = BodyLinked(**but(LINKED, started_on="2029"))
    body = given(BODY, REGISTERED, LINKED, UNLINKED, anew)
    with breaks("before-its-cause"):
        body.unlink(**but(UNLINKED, ended_on="2027"))
    last = but(UNLINKED, ended_on="2030")
    assert body.unlink(**last) == BodyUnlinked(**last)


def test_a_body_is_dissolved():
    assert given(BODY, REGISTERED).dissolve(**but(DISSOLVED)) == DISSOLVED


def test_a_body_does_not_end_before_it_began():
    with breaks("before-its-cause"):
        given(BODY, REGISTERED).dissolve(**but(DISSOLVED, ended_on="1966"))


def test_an_undated_end_is_before_nothing():
    undated = but(DISSOLVED, ended_on=None, ended_on_basis=None)
    assert given(BODY, REGISTERED).dissolve(**undated) == BodyDissolved(**undated)


def test_a_dissolved_body_takes_no_more_ordinary_events():
    for command, event in COMMANDS.items():
        with breaks("body-dissolved"):
            body = given(BODY, REGISTERED, LINKED, DISSOLVED)
            getattr(body, command)(**but(event))


def test_a_dissolved_body_may_be_corrected():
    right = REGISTERED.data | {"name": "West Mercia"}
    body = given(BODY, REGISTERED, DISSOLVED)
    event = body.correct(corrects=1, data=right, reason="other", asked_by="editor")
    assert body.evolve(event).live(BodyRegistered)[0].name == "West Mercia"


def test_a_correction_may_not_date_a_renaming_before_the_start():
    wrong = RENAMED.data | {"started_on": "1960"}
    with breaks("before-its-cause"):
        given(BODY, REGISTERED, RENAMED).correct(
            corrects=2, data=wrong, reason="entry-error", asked_by="editor"
        )


def test_a_correction_may_not_date_the_start_after_what_followed():
    late = REGISTERED.data | {"started_on": "2020"}
    with breaks("before-its-cause"):
        given(BODY, REGISTERED, RENAMED).correct(
            corrects=1, data=late, reason="entry-error", asked_by="editor"
        )


def test_a_correction_may_not_date_the_end_of_a_link_before_its_start():
    wrong = UNLINKED.data | {"ended_on": "2011"}
    with breaks("before-its-cause"):
        given(BODY, REGISTERED, LINKED, UNLINKED).correct(
            corrects=3, data=wrong, reason="entry-error", asked_by="editor"
        )

"""World dates of reduced precision, and instants."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import dates

DAYS = st.dates(date(1800, 1, 1), date(2199, 12, 31))


def written(day, precision):
    return day.isoformat()[:precision]


SINGLE = st.builds(written, DAYS, st.sampled_from([4, 7, 10]))
INTERVALS = st.builds(
    lambda one, other: "/".join(sorted((one, other), key=dates.first_day)),
    SINGLE,
    SINGLE,
).filter(lambda text: is_date(text))
WORLD_DATES = st.one_of(SINGLE, INTERVALS)


def is_date(text):
    try:
        return bool(dates.window(text))
    except dates.InvalidDateError:
        return False


@pytest.mark.parametrize(
    "text, first, last",
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-06-14", "2024-06-14", "2024-06-14"),
        ("2023-06/2023-07", "2023-06-01", "2023-07-31"),
        ("2023/2024-02-03", "2023-01-01", "2024-02-03"),
    ],
)
def test_a_date_stands_for_a_window_of_days(text, first, last):
    assert dates.window(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-02-30",
        "30/02/2023",
        "2023-13",
        "2023-00",
        "2023-01-00",
        "0000",
        "0001-01-01",
        "1799",
        "2200",
        "2024\n",
        "٢٠٢٤",
        " 2024",
        "24",
        "2024-6",
        "2024-06-14T00:00:00Z",
        "2023-07/2023-06",
        "2023/",
        "/2023",
        "2023/2024/2025",
        "2023-W04",
    ],
)
def test_what_is_no_possible_date_is_refused(text):
    with pytest.raises(dates.InvalidDateError):
        dates.window(text)


@given(WORLD_DATES)
def test_a_window_begins_before_it_ends_and_is_within_itself(text):
    first, last = dates.window(text)
    assert first <= last
    assert dates.agrees(text, text) and not dates.is_finer(text, text)
    assert not dates.is_before(text, text)


@given(WORLD_DATES, WORLD_DATES)
def test_before_means_certainly_before(one, other):
    assert dates.is_before(one, other) == (dates.last_day(one) < dates.first_day(other))


@given(WORLD_DATES, WORLD_DATES)
def test_finer_dates_lie_within_coarser_ones(one, other):
    if dates.is_finer(one, other):
        assert dates.agrees(other, one) and not dates.is_finer(other, one)


@given(WORLD_DATES)
def test_any_date_is_finer_than_none_and_none_is_before_nothing(text):
    assert dates.is_finer(text, None) and not dates.is_finer(None, text)
    assert dates.agrees(None, text) and not dates.agrees(text, None)
    assert not dates.is_before(None, text) and not dates.is_before(text, None)


@given(st.lists(st.none() | WORLD_DATES))
def test_the_earliest_has_the_first_possible_day(texts):
    known = [each for each in texts if each]
    found = dates.earliest(texts)
    assert found == (min(known, key=dates.first_day) if known else None)


@given(DAYS)
def test_the_day_after_is_a_day_later(day):
    assert dates.day_after(day.isoformat()) == (day + timedelta(days=1)).isoformat()


@given(WORLD_DATES)
def test_a_day_is_a_date_of_full_precision(text):
    assert dates.is_day(text) == (len(text) == 10)


@pytest.mark.parametrize(
    "text, words",
    [
        ("2024", "2024"),
        ("2024-05", "May 2024"),
        ("2024-05-04", "4 May 2024"),
        ("2023-06/2023-07", "between June 2023 and July 2023"),
        (None, None),
    ],
)
def test_a_date_is_written_for_people(text, words):
    assert dates.in_words(text) == words


@pytest.mark.parametrize(
    "moment, day",
    [
        (datetime(2024, 6, 30, 23, 30, tzinfo=UTC), "2024-07-01"),
        (datetime(2024, 1, 30, 23, 30, tzinfo=UTC), "2024-01-30"),
    ],
)
def test_world_days_are_those_of_london(moment, day):
    assert dates.london_day(moment) == day


@pytest.mark.parametrize(
    "name, is_world",
    [
        ("published_on", True),
        ("on", True),
        ("since", True),
        ("fieldwork_from", True),
        ("recorded_at", False),
        ("published_on_basis", False),
        ("section", False),
    ],
)
def test_world_dates_are_known_by_their_names(name, is_world):
    assert dates.is_world_date(name) == is_world


@given(st.datetimes(datetime(1800, 1, 1), datetime(2199, 12, 31)))
def test_an_instant_has_one_form(moment):
    text = moment.isoformat(timespec="microseconds") + "Z"
    assert dates.instant(text) == text and len(text) == 27
    assert dates.instant(text[:19] + "Z") == text[:19] + ".000000Z"


@pytest.mark.parametrize(
    "text", ["2024-01-01", "2024-01-01T00:00:00", "2024-02-30T00:00:00Z", "x"]
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(dates.InvalidDateError):
        dates.instant(text)

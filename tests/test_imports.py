"""Rows become facts: recorded once, held against the record, or refused in words."""

import csv

import pytest

from service.domain.bodies import Body
from service.domain.programmes import Programme
from service.domain.ratings import Rating
from service.founding import founding_files
from service.imports.importer import Importer
from service.imports.work import Options
from tests.importing import INSPECTION, STREAM, URL, Desk, desk, grades, statuses

__all__ = ["desk"]

RATING = STREAM.removeprefix("rating-")
WHY = {"reason": "entry-error", "asked_by": "editor"}
# Bodies that have no dated inspection in PEEL 2023-25 in the founding data.
ALIASES = {
    "London, City of": "city-of-london",
    "Avon and Somerset Police": "avon-and-somerset",
    "Hampshire Constabulary": "hampshire",
    "Hampshire and Isle of Wight Constabulary": "hampshire",
    "Dyfed Powys Police": "dyfed-powys",
    "KENT": "kent",
    "The Kent Police": "kent",
    "Devon & Cornwall": "devon-and-cornwall",
    "Met Police": "metropolitan",
    "West Midlands": "west-midlands",
}


@pytest.fixture(scope="module")
def held(founded, tmp_path_factory):
    """Give a desk for tests that record nothing."""
    desk = Desk(founded, tmp_path_factory.mktemp("held"))
    yield desk
    desk.record.close()


def import_founding(desk):
    options = Options(disputes=True, fills=True, by="founding")
    return Importer(desk.record, options).run(founding_files())


# The founding data.


def test_importing_the_founding_data_twice_records_nothing(desk):
    before = desk.record.store.checkpoint()
    report = import_founding(desk)
    assert (report.events, report.is_clean) == (0, True)
    assert desk.record.store.checkpoint() == before


@pytest.mark.parametrize("name, count", [("peel_grades", 323), ("soc_grades", 26)])
def test_every_grade_of_the_founding_data_is_on_record(desk, name, count):
    [path] = [each for each in founding_files() if each.stem == name]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    report = Importer(desk.record, Options(disputes=True)).run([path])
    lines = report.files[0].lines
    assert len(rows) == len(lines) == count
    for row, line in zip(rows, lines, strict=True):
        [stream] = [each for each in line.things if each.startswith("rating-")]
        rating = desk.record.load(Rating, stream.removeprefix("rating-"))
        assert rating.facts[1].event.grade == row["grade"].replace("_", "-")


def test_the_report_names_every_line_of_the_founding_data(desk):
    for path, file in zip(founding_files(), import_founding(desk).files, strict=True):
        if path.suffix == ".jsonl":
            assert len(file.lines) == len(path.read_text().splitlines())
            continue
        with path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened)
            next(reader)
            starts = [reader.line_num + 1 for _ in [0]]
            starts += [reader.line_num + 1 for _ in reader][:-1]
        assert [line.line for line in file.lines] == starts


# What is recorded.


def test_a_row_records_its_inspection_and_its_rating(desk):
    line = desk.line(grades())
    assert line.things == [INSPECTION, STREAM]
    assert line.events == ["inspection.published", "rating.awarded"]
    published, awarded = desk.record.store.read(desk.size - 2)
    assert published.data["published_on"] == "2024-03"
    assert published.data["published_on_basis"] == "stated"
    assert awarded.data["grade"] == "good" and awarded.change == "backfill"
    assert awarded.sources[0]["url"] == URL


def test_what_a_date_rests_on_is_said_in_its_own_column(desk):
    columns = (*grades().partition("\n")[0].split(","), "published_on_basis")
    desk.run(grades({"published_on_basis": "article"}, columns=columns))
    [published] = desk.record.store.read_stream(INSPECTION)
    assert published.data["published_on_basis"] == "article"


@pytest.mark.parametrize("name, id", ALIASES.items())
def test_a_body_is_met_under_its_common_names(held, name, id):
    text = grades({"force_id": name, "published_on": ""})
    [line] = held.run(text, disputes=True, dry_run=True).lines
    assert f"inspection-peel-2023-25.{id}" in line.things


def test_a_unit_is_met_under_its_abbreviation(desk):
    text = (
        "soc_region_id,body_id,body_type,grade,published_on,source_url\n"
        f"west-midlands-region,ROCUWM,rocu,adequate,2024-05-14,{URL}\n"
        f"west-midlands-region,West Midlands,force,adequate,2024-05-14,{URL}\n"
        f"west-midlands-region,ERSOU,rocu,adequate,2024-05-14,{URL}\n"
    )
    unit, force, other = desk.run(text, disputes=True).lines
    assert unit.things[1] == "rating-regional-soc-2022.west-midlands." + (
        "rocu-west-midlands.overall"
    )
    assert force.things[1].endswith(".west-midlands.overall")
    assert "is rocu-eastern, but the region has rocu-west-midlands" in other.why


@pytest.mark.parametrize(
    "grade",
    ["Requires Improvement", "requires_improvement", "requires-improvement", "RI"],
)
def test_a_grade_is_met_in_its_common_writings(desk, grade):
    desk.run(grades({"grade": grade}))
    [awarded] = desk.record.store.read_stream(STREAM)
    assert awarded.data["grade"] == "requires-improvement"


# What is refused.


@pytest.mark.parametrize(
    "cells, says",
    [
        ({"force_id": "Kentt"}, "No body 'Kentt' is on record; the nearest is 'Kent P"),
        ({"force_id": "PCC Kent"}, "'PCC Kent' is a local-policing-body, not a police"),
        ({"programme": "PEEL 2026"}, "No programme 'PEEL 2026' is on record; the near"),
        (
            {"question_or_pillar": "Leadersip and force management"},
            "the nearest is 'Leadership and force management'",
        ),
        ({"question_or_pillar": "Service for victims"}, "gives no grade on service"),
        (
            {"grade": "goood"},
            "'goood' is no grade of peel-2023-25; the nearest is 'goo",
        ),
        ({"grade": ""}, "grade: missing."),
        ({"scale": "4-tier"}, "scale: '4-tier', but peel-2023-25 grades on scale-5"),
        ({"level": "pillar"}, "is a question of peel-2023-25"),
        ({"level": "x"}, "level: 'x' is none of pillar, question, overall, section."),
        ({"published_on": "2023-02-30"}, "'2023-02-30' is not a possible date."),
        ({"published_on": "30/02/2023"}, "'30/02/2023' is not a date: write 2024"),
        ({"published_on": "14/05/2024"}, "Is 2024-05-14 meant?"),
        ({"published_on": "May 2024"}, "Is 2024-05 meant?"),
        ({"published_on": "2023-13"}, "'2023-13' is not a possible date."),
        ({"published_on": "0"}, "'0' is not a date"),
        ({"published_on": "0000"}, "'0000' is not a possible date."),
        ({"confidence": "certain"}, "'certain' is none of high, medium, inferred."),
        ({"source_url": "www.example.org"}, "is not a web address: write https://"),
        ({"source_url": "javascript:x"}, "is not a web address"),
        ({"note": "a\x07b"}, "note: holds U+0007, a control character"),
        ({"note": "a\u202eb"}, "note: holds U+202E, which turns text around"),
        ({"note": "x" * 50_001}, "note: has 50,001 characters; at most 50,000"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_is_allowed(held, cells, says):
    before = held.size
    line = held.line(grades(cells))
    assert line.status == "refused" and says in line.why
    assert held.size == before


def test_a_refusal_names_every_fault_of_the_row(held):
    wrong = dict.fromkeys(["force_id", "question_or_pillar", "grade"], "no such thing")
    wrong |= {"published_on": "2023-13", "confidence": "x", "source_url": "y"}
    line = held.line(grades(wrong))
    for column in wrong:
        assert line.why.count(f"{column}: ") == 1


def test_a_refusal_shows_no_more_of_a_cell_than_helps(held):
    line = held.line(grades({"force_id": "\x1b[31m" + "x" * 2_500}))
    assert len(line.why) < 400 and "\x1b" not in line.why


def test_no_event_of_a_refused_row_is_on_record_and_its_neighbours_are(desk):
    text = grades(
        {"grade": "good"},
        {"question_or_pillar": "Service for victims", "force_id": "gwent"},
        {"force_id": "essex"},
    )
    assert statuses(desk.run(text)) == ["recorded", "refused", "recorded"]
    assert desk.types(STREAM) == ["rating.awarded"]
    assert desk.types("inspection-peel-2023-25.gwent") == []
    assert desk.types("inspection-peel-2023-25.essex") == ["inspection.published"]


def test_a_name_that_a_refused_row_would_add_is_not_met_by_later_rows(desk, tmp_path):
    forces = desk.write(
        "force_id,name,local_policing_body_type_may_2024\n"
        "ruritania,Ruritania Police,king\n",
        "forces.csv",
    )
    rows = desk.write(grades({"force_id": "Ruritania Police"}))
    report = Importer(desk.record, Options()).run([forces, rows])
    first, second = (file.lines[0] for file in report.files)
    assert "'king' is none of" in first.why and "No body" in second.why
    assert desk.types("body-ruritania") == []


# What is on record already.


def test_the_same_row_twice_is_recorded_once(desk):
    assert statuses(desk.run(grades({}, {}))) == ["recorded", "already known"]


def test_a_new_source_is_added_once(desk):
    desk.run(grades())
    other = grades({"source_url": "https://example.org/other"})
    assert desk.line(other).events == ["inspection.sourced", "rating.sourced"]
    assert desk.line(other).events == []


def test_another_grade_is_refused_and_where_it_stands_is_said(desk):
    desk.run(grades())
    line = desk.line(grades({"grade": "inadequate"}))
    assert f"Differs from position {desk.size}: grade is good there" in line.why
    assert "inadequate here" in line.why and "--disputed" in line.why


def test_another_grade_in_the_same_file_is_refused(desk):
    _, second = desk.run(grades({}, {"grade": "inadequate"})).lines
    assert f"Differs from {STREAM} of this import" in second.why


def test_each_row_is_held_against_what_the_rows_before_it_have_changed(desk):
    other = {"source_url": "https://example.org/other"}
    later = {"published_on": "2024-04"}
    lines = desk.run(grades({}, {}, other, {}, other, later, {})).lines
    assert [each.events for each in lines] == [
        ["inspection.published", "rating.awarded"],
        [],
        ["inspection.sourced", "rating.sourced"],
        [],
        [],
        [],
        [],
    ]
    assert [bool(each.why) for each in lines] == [*[False] * 5, True, False]


def test_a_disputed_grade_stands_beside_the_other_and_is_recorded_once(desk):
    desk.run(grades())
    other = grades({"grade": "inadequate"})
    assert desk.line(other, disputes=True).events == ["rating.disputed"]
    assert desk.line(other, disputes=True).status == "already known"
    [fact] = desk.record.load(Rating, RATING).facts.values()
    assert fact.event.grade == "good"
    assert [each.grade for each in fact.disputes.values()] == ["inadequate"]


def test_a_coarser_date_says_nothing_new(desk):
    desk.run(grades({"published_on": "2024-03-04"}))
    assert desk.line(grades({"published_on": "2024"})).status == "already known"


@pytest.mark.parametrize("before", ["2024", "2024-01/2024-04", ""])
def test_a_finer_date_is_recorded_as_a_correction_if_asked(desk, before):
    desk.run(grades({"published_on": before}))
    finer = {"published_on": "2024-03-04", "source_url": "https://example.org/finer"}
    refused = desk.line(grades(finer))
    assert "It is finer: --fill lets it be recorded." in refused.why
    assert "inspection.corrected" in desk.line(grades(finer), fills=True).events
    [*_, corrected] = [
        each
        for each in desk.record.store.read_stream(INSPECTION)
        if each.verb == "corrected"
    ]
    assert corrected.change == "source-correction"
    assert corrected.data["reason"] == "source-found"
    assert desk.line(grades(finer), fills=True).events == []


def test_filling_does_not_replace_a_date_that_says_otherwise(desk):
    desk.run(grades({"published_on": "2024-03"}))
    line = desk.line(grades({"published_on": "2024-04-01"}), fills=True)
    assert "published_on is 2024-03 there, 2024-04-01 here" in line.why


def test_a_retracted_rating_is_not_brought_back(desk):
    desk.run(grades())
    rating = desk.record.load(Rating, RATING)
    desk.record.record(rating, rating.retract(**WHY), by="system")
    line = desk.line(grades(), disputes=True, fills=True)
    assert "an import does not bring it back" in line.why
    assert desk.types(STREAM) == ["rating.awarded", "rating.retracted"]


def test_a_retracted_event_is_not_brought_back(desk):
    kent = desk.record.load(Body, "kent")
    [version] = [
        v for v, f in kent.facts.items() if "region" in f.event.data.get("to", "")
    ]
    event = kent.retract(retracts=version, **WHY)
    desk.record.record(kent, event, by="system")
    [_, forces, *_] = founding_files()
    report = Importer(desk.record, Options()).run([forces])
    [refused] = [line for line in report.files[0].lines if line.status == "refused"]
    assert f"version {version} of body-kent was taken back" in refused.why


def test_a_corrected_grade_is_what_rows_are_held_against(desk):
    desk.run(grades({"grade": "adequate"}))
    rating = desk.record.load(Rating, RATING)
    event = rating.correct(
        programme=desk.record.load(Programme, "peel-2023-25"),
        corrects=1,
        data=rating.facts[1].event.data | {"grade": "good"},
        **WHY,
    )
    desk.record.record(rating, event, by="system")
    assert desk.line(grades({"grade": "good"})).status == "already known"
    assert desk.line(grades({"grade": "adequate"})).status == "refused"


def test_a_renamed_force_is_met_under_both_names(desk):
    kent = desk.record.load(Body, "kent")
    rename = kent.rename(
        name="Kent Constabulary of Old",
        started_on="2024",
        started_on_basis="stated",
        sources=[{"url": URL, "confidence": "high"}],
    )
    desk.record.record(kent, rename, by="system")
    for name in ("Kent Constabulary of Old", "Kent Police"):
        assert desk.line(grades({"force_id": name})).status != "refused"
        named = f"force_id,name,source_url\nkent,{name},{URL}\n"
        assert desk.line(named).status == "already known"
    other = desk.line(f"force_id,name,source_url\nkent,Kentish Police,{URL}\n")
    assert "name is Kent Police there, Kentish Police here" in other.why


# How it goes about it.


def test_a_dry_run_records_nothing_and_reports_the_same(desk):
    text = grades(
        {}, {}, {"grade": "x"}, {"grade": "inadequate"}, {"force_id": "essex"}
    )
    before = desk.record.store.checkpoint()
    tried = desk.run(text, dry_run=True)
    assert desk.record.store.checkpoint() == before
    assert desk.run(text) == tried


def test_a_batch_rests_on_what_its_own_rows_have_read(desk, monkeypatch):
    rested, append = [], desk.record.store.append
    monkeypatch.setattr(
        desk.record.store,
        "append",
        lambda *args, **more: rested.append(more["read_set"]) or append(*args, **more),
    )
    path = desk.write(grades({}, {"force_id": "dyfed-powys"}))
    assert Importer(desk.record, Options(), batch=1).run([path]).is_clean
    bodies = [{each for each in streams if each[:5] == "body-"} for streams in rested]
    assert bodies == [{"body-kent"}, {"body-dyfed-powys"}]


def test_what_another_records_meanwhile_is_known_at_the_next_row(desk):
    header = "body_id,kind,name,source_url\n"
    one, two = (f"new-{n},police-force,New {n},{URL}\n" for n in ("one", "two"))
    [path, other] = desk.write(header + one + two, "a.csv"), desk.write(header + two)
    others = []

    def meanwhile(_file, _lines):
        if not others:
            others.append(Importer(desk.record, Options()).run([other]))

    importer = Importer(desk.record, Options(), batch=1, on_lines=meanwhile)
    [file] = importer.run([path]).files
    assert statuses(file) == ["recorded", "already known"]
    assert desk.types("body-new-two") == ["body.registered"]

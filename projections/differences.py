"""Differences: what two versions of one fact say, member by member, for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projections.read_model import Row, to_json
from projections.sentences import BODIES, GONE, LISTS, Teller, shortened
from schemas import dates
from schemas.codelists import label

NOTHING, TAKEN_BACK = "not given", "taken back"
# Members whose values are words of code lists.
CODED = (
    "kind",
    "status",
    "reason",
    "outcome",
    "basis",
    "phase",
    "to_phase",
    "office",
    "relation",
    "level",
    "graded",
    "pillar",
)


@dataclass(frozen=True, slots=True)
class Version:
    """What one version of a fact says; `sealed` holds commitments."""

    data: Mapping[str, Any]
    sealed: Mapping[str, str]


def differences(teller: Teller, was: Version | None, now: Version | None) -> list[Row]:
    """Return the members of which the versions say other things, with what they say.

    Without a version now, every member that had a value is listed as taken back.
    """
    found = [*_of_facts(teller, was, now), *_of_words(teller, was, now)]
    return found if now else [{**each, "now_text": TAKEN_BACK} for each in found]


def in_words(changes: Sequence[Row], joint: str) -> str:
    """Write differences in a line; `joint` stands between the two sayings."""
    return "; ".join(
        f"{each['label']} {_shown(each, 'was')}{joint}{_shown(each, 'now')}"
        for each in changes
    )


def _of_facts(
    teller: Teller, was: Version | None, now: Version | None
) -> Iterator[Row]:
    old, new = _flat(was), _flat(now)
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield {
                **_named(name),
                "was": old.get(name),
                "now": new.get(name),
                "was_text": was and _text(teller, was, name, old.get(name)),
                "now_text": now and _text(teller, now, name, new.get(name)),
                "was_redacted": None,
                "now_redacted": None,
            }


def _of_words(
    teller: Teller, was: Version | None, now: Version | None
) -> Iterator[Row]:
    old, new = (each.sealed if each else {} for each in (was, now))
    for name in sorted({*old, *new}):
        if old.get(name) == new.get(name):
            continue
        before, after = (teller.opened.get(each.get(name, "")) for each in (old, new))
        gone = [teller.opened.erased.get(each.get(name, "")) for each in (old, new)]
        if before == after and gone == [None, None]:
            continue  # The same words, sealed anew.
        yield {
            **_named(name),
            "was": before,
            "now": after,
            "was_text": _joined(before),
            "now_text": _joined(after),
            "was_redacted": gone[0],
            "now_redacted": gone[1],
        }


def _flat(version: Version | None) -> dict[str, Any]:
    """Return the members; those of an object stand beside the others."""
    found: dict[str, Any] = {}
    for name, value in (version.data if version else {}).items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            found[name] = value
    return found


def _named(name: str) -> Row:
    return {"member": name, "label": name.replace("_", " ").replace(".", ": ")}


def _text(teller: Teller, version: Version, name: str, value: Any) -> str | None:
    """Return a value as people would write it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in LISTS:
        return ", ".join(teller.bodies.name(each) or each for each in value)
    if isinstance(value, str):
        return _text_of_code(teller, version.data, name, value)
    if name == "amount_pence":
        return f"{value / 100:,.2f}"
    return _joined(value)


def _text_of_code(
    teller: Teller, data: Mapping[str, Any], name: str, value: str
) -> str | None:
    if dates.is_world_date(name):
        return dates.in_words(value)
    if name in CODED or name.endswith("_basis"):
        return label(value)
    if name in BODIES:
        return teller.bodies.name(value) or value
    if name == "programme":
        return teller.programmes.title(value) or value
    if name == "grade" and data.get("programme"):
        return teller.programmes.grade_label(data["programme"], value)
    return value


def _joined(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(v, dict | list) for v in value):
        return ", ".join(map(str, filter(None, value)))
    return to_json(value)


def _shown(change: Row, side: str) -> str:
    if change[f"{side}_redacted"]:
        return GONE
    text = change[f"{side}_text"]
    if text is None or text == TAKEN_BACK:
        return text or NOTHING
    return f"“{shortened(text)}”"

"""Sentences: what an event says, in plain English.

A template names members of the event, `{body}`; a part in brackets falls away where
one of its members is unknown. Of several templates the first is taken that can be
filled. Sealed words are shown as far as they are still held.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from projections import bodies, programmes
from projections.listing import open_words
from projections.moment import Moment
from projections.read_model import ReadModel
from schemas import dates
from schemas.codelists import Level

FINDING = "the {finding}[ with {bodies}][ ({title})]"
PLAN = "the plan {plan}[ of {body}]"
TEMPLATES: dict[str, tuple[str, ...]] = {
    "body.registered": ("{name} came on record as a body: {kind}.",),
    "body.renamed": ("{former} took the name {name}.",),
    "body.linked": ("{self} {relation} {to}.",),
    "body.unlinked": ("It came to an end that {self} {relation} {to}.",),
    "body.dissolved": ("{self} was dissolved[; {succeeded_by} took its place].",),
    "term.started": (
        "{person_name} took office as {office}[ ({body})].",
        "A new {office} took office[ ({body})].",
    ),
    "term.ended": (
        "{person_name} left office as {office}[ ({body})][: {reason}].",
        "A term as {office}[ ({body})] ended[: {reason}].",
    ),
    "inspection.announced": ("The inspection {title} was announced: {subjects}.",),
    "inspection.published": ("The {publication} {title} was published: {subjects}.",),
    "inspection.fieldwork-stated": (
        "Fieldwork in {subjects}[ began {fieldwork_from}][, and ended {fieldwork_to}].",
    ),
    "inspection.totals-stated": (
        "A source counts {areas} graded areas of {body}.",
        "A source counts the grades of {body}.",
    ),
    "rating.awarded": (
        "{body} was graded {grade} {question}[ ({programme})][, {basis}].",
    ),
    "finding.raised": (
        "The inspectorate raised {a_finding} with {bodies}[: {title}].",
    ),
    "finding.status-reported": (
        f"The status of {FINDING} was given[ by {{reported_by}}] as {{status}}.",
        f"The status of {FINDING} was given[ by {{reported_by}}] as {{status_word}}.",
        f"The status of {FINDING} was given in other words.",
    ),
    "finding.commented": (f"A comment was made on {FINDING}[: {{text}}].",),
    "finding.closed": (f"It was decided[ by {{decided_by}}] to close {FINDING}.",),
    "finding.reopened": (f"It was decided[ by {{decided_by}}] to reopen {FINDING}.",),
    "finding.superseded": (f"Other findings took the place of {FINDING}.",),
    "statement.published": ("{body} {said}[ ({speaker})][: {title}].",),
    "statement.withdrawn": ("{body} withdrew a statement[: {title}].",),
    "plan.opened": ("{body} had a plan: {plan}.",),
    "plan.action-added": (
        f"To {PLAN} action {{action}} was added[: {{text}}][, due {{due_on}}].",
    ),
    "plan.progress-reported": (
        f"Progress was claimed[ by {{reported_by}}] on {PLAN}[, action {{action}}]"
        "[: {progress}].",
    ),
    "plan.progress-assessed": (
        f"Progress was assessed on {PLAN}[, action {{action}}][: {{progress}}].",
    ),
    "plan.closed": (f"The end came of {PLAN}[: {{outcome}}].",),
    "monitoring.entered": ("{body} entered the phase {phase} of monitoring.",),
    "monitoring.observed": ("{body} was in the phase {phase} of monitoring.",),
    "monitoring.left": (
        "{body} left the phase {phase} of monitoring[ for the phase {to_phase}].",
    ),
    "session.held": ("{convened_by} held {bodies} to account[: {title}].",),
    "commitment.made": ("{body} promised[ {amount}][: {text}].",),
    "commitment.reported": (
        "Of a promise of {body} it was reported[ by {reported_by}]: {progress}.",
        "A promise of {body} was reported on[ by {reported_by}].",
    ),
    "gap.declared": (
        "This record lacks something[ of {body}][ in {programme}] ({kind})[: {note}].",
    ),
    "gap.closed": ("Something that this record lacked[ of {body}] was filled in.",),
}
BODIES = ("body", "to", "reported_by", "decided_by", "convened_by")
LISTS = ("bodies", "subjects", "succeeded_by")
QUOTED = ("title", "text", "status_word", "note")
RELATIONS = {
    "overseen-by": "is overseen by",
    "member-of": "is a member of",
    "succeeds": "succeeds",
}
SAID = {
    "press-statement": "made a press statement",
    "section-55-response": "responded under section 55 of the Police Act 1996",
    "letter": "wrote a letter",
    "minutes": "published minutes",
    "interview": "gave an interview",
}
MOST, LONGEST = 4, 240
GONE = "[redacted]"
_PART = re.compile(r"\[([^\]]*)\]|([^\[]+)")
_NAME = re.compile(r"\{(\w+)\}")


Special: TypeAlias = Callable[["Teller", "Told"], str | None]


@dataclass(frozen=True)
class Told:
    """One event, and the first event of its thing: their data and commitments."""

    type: str
    id: str
    data: Mapping[str, Any]
    sealed: Mapping[str, str]
    first: Mapping[str, Any]
    first_sealed: Mapping[str, str]

    def commitments(self) -> list[str]:
        """Return the commitments of all words that the sentence may show."""
        return [*self.sealed.values(), *self.first_sealed.values()]


class Teller:
    """What sentences show of other nouns, and their opened words, at one moment."""

    def __init__(self, db: ReadModel, moment: Moment, told: Iterable[Told]) -> None:
        told = list(told)
        self.bodies = bodies.labels(db, moment)
        self.programmes = programmes.labels(db, moment)
        self.opened = open_words(db, [c for each in told for c in each.commitments()])

    def sentence(self, told: Told) -> str:
        """Return what an event says."""
        for template in TEMPLATES[told.type]:
            if (text := self._fill(template, told)) is not None:
                return text[:1].upper() + text[1:]
        return f"{told.type.replace('.', ' ').capitalize()}: {told.id}."

    def _fill(self, template: str, told: Told) -> str | None:
        text = ""
        for optional, fixed in _PART.findall(template):
            part = self._part(optional or fixed, told)
            if part is None and fixed:
                return None
            text += part or ""
        return text

    def _part(self, part: str, told: Told) -> str | None:
        values = {name: self._value(name, told) for name in _NAME.findall(part)}
        if None in values.values():
            return None
        return _NAME.sub(lambda found: str(values[found[1]]), part)

    def _value(self, name: str, told: Told) -> str | None:
        """Return a member in words: of the event, or of the first of its thing."""
        if name in SPECIAL:
            return SPECIAL[name](self, told)
        if name in (*QUOTED, "person_name", "speaker"):
            return self._words(name, told)
        value = told.data.get(name, told.first.get(name))
        if name in LISTS:
            return self._list(value or [], name)
        return None if value is None else self._plain(name, value, told)

    def _plain(self, name: str, value: Any, told: Told) -> str | None:
        if name in BODIES:
            return self.bodies.name(value) or str(value)
        if name == "programme":
            return self.programmes.title(value) or str(value)
        if dates.is_world_date(name) or name.startswith("fieldwork"):
            return dates.in_words(value)
        is_free = name in ("name", "action", "areas")
        return str(value) if is_free else str(value).replace("-", " ")

    def _words(self, name: str, told: Told) -> str | None:
        is_plain = told.type.startswith("inspection.") and name == "title"
        sealed = told.sealed.get(name) or told.first_sealed.get(name)
        value = told.data[name] if is_plain else self.opened.get(sealed or "")
        if value is None:
            return self.gone(sealed)
        return f"“{shortened(value)}”" if name in QUOTED else str(value)

    def gone(self, commitment: str | None) -> str | None:
        """Return what stands in the place of words that were erased, if they were."""
        return GONE if commitment in self.opened.erased else None

    def _list(self, ids: list[str], name: str) -> str | None:
        if not ids:
            return "all forces" if name == "bodies" else None
        names = [self.bodies.name(id) or id for id in ids]
        if len(names) > MOST:
            return f"{', '.join(names[: MOST - 1])} and {len(names) - MOST + 1} others"
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def shortened(text: str) -> str:
    """Return words on one line, and of long ones the beginning."""
    words = " ".join(str(text).split()).rstrip(".")
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rstrip()} …"


def _finding(told: Told) -> str:
    kind = str(told.first.get("kind", "finding")).replace("-", " ")
    return f"accelerated {kind}" if told.first.get("accelerated") else kind


def _a_finding(teller: Teller, told: Told) -> str:
    finding = _finding(told)
    return f"{'an' if finding[0] in 'aeiou' else 'a'} {finding}"


def _grade(teller: Teller, told: Told) -> str:
    data = told.data
    return teller.programmes.grade_label(data["programme"], data["grade"]).lower()


def _question(teller: Teller, told: Told) -> str:
    data = told.data
    if data["level"] == Level.OVERALL:
        return "overall"
    asked = teller.programmes.question(data["programme"], data["question"])
    return f"for {asked['label'] if asked else data['question']}".lower()


def _basis(teller: Teller, told: Told) -> str | None:
    basis = str(told.data["basis"])
    return None if basis == "assessed" else basis.replace("-", " ")


def _amount(teller: Teller, told: Told) -> str | None:
    pence, currency = told.data["amount_pence"], told.data["currency"]
    if pence is None:
        return None
    sign = "£" if currency == "GBP" else f"{currency} "
    return f"{sign}{pence / 100:,.2f}".removesuffix(".00")


def _progress(teller: Teller, told: Told) -> str | None:
    status = told.data.get("status")
    words = teller.opened.get(told.sealed.get("status_word", ""))
    said = teller.opened.get(told.sealed.get("text", ""))
    shown = words or said
    if status:
        return str(status).replace("-", " ")
    if shown is None:
        sealed = told.sealed
        return teller.gone(sealed.get("status_word")) or teller.gone(sealed.get("text"))
    return f"“{shortened(shown)}”"


def _plan(teller: Teller, told: Told) -> str:
    commitment = told.first_sealed.get("title", "")
    title = teller.opened.get(commitment)
    return f"“{shortened(title)}”" if title else teller.gone(commitment) or told.id


SPECIAL: dict[str, Special] = {
    "self": lambda teller, told: teller.bodies.name(told.id) or told.id,
    "former": lambda teller, told: str(told.first["name"]),
    "relation": lambda teller, told: RELATIONS[told.data["relation"]],
    "said": lambda teller, told: SAID[told.data["kind"]],
    "publication": lambda teller, told: (
        "letter" if told.data["kind"] == "letter" else "report"
    ),
    "finding": lambda teller, told: _finding(told),
    "a_finding": _a_finding,
    "grade": _grade,
    "question": _question,
    "basis": _basis,
    "amount": _amount,
    "progress": _progress,
    "plan": _plan,
}

"""Redacting: sealed words of an event are erased for good, and the log says so."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from schemas.events import RecordedEvent
from schemas.redactions import FieldRedactedSchema
from service.domain.redactions import Redaction, must_be_open
from service.erasure import HOLDERS, files_with
from service.log.erasing import needles_of
from service.naming import random_text
from service.record import Record, draft_of

SHOWN = 60  # Characters by which an editor recognises words.
Place = tuple[int, str | None]  # Position and field; None: the event's plain data.


class NotRedactableError(Exception):
    """What was named cannot be redacted; the message says why."""


@dataclass(frozen=True)
class Plan:
    """What a redaction would erase.

    `redacted` are fields of the event that were redacted before, by position;
    `elsewhere` tells where the same words stand too, `reports` in which of the reports
    that editors were sent.
    """

    event: RecordedEvent
    fields: list[str]
    redacted: dict[str, int]
    elsewhere: list[Place]
    reports: Sequence[str] = ()

    @property
    def is_done(self) -> bool:
        """Whether all of it is on record already."""
        return all(name in self.redacted for name in self.fields)

    @property
    def words(self) -> dict[str, Any]:
        """The words that it would erase, by field."""
        opened = self.event.opened
        return {name: opened[name] for name in self.fields if name in opened}

    @property
    def needles(self) -> list[bytes]:
        """The bytes by which copies of the words can be found."""
        return [each for value in self.words.values() for each in needles_of(value)]


def plan(
    record: Record,
    position: int,
    fields: Sequence[str],
    on_position: Callable[[int], None] = lambda position: None,
    *,
    looks_elsewhere: bool = True,
) -> Plan:
    """Return what redacting these fields would erase, and where else it stands.

    To look elsewhere takes as long as the log is. Raises NotRedactableError or
    RuleBrokenError, unless all of it is done already.
    """
    found = record.store.read(after=position - 1, limit=1)
    if not found:
        last = record.store.size()
        raise NotRedactableError(
            f"There is no position {position:,}: the last is {last:,}."
        )
    [event] = found
    redacted = {
        name: each.position
        for each in record.store.redactions()
        if each.target == position
        for name in each.sealed
    }
    chosen = Plan(event, sorted(set(fields)), redacted, [])
    if not chosen.is_done:
        must_be_open(chosen.fields, sorted(event.sealed), redacted)
    own = {(position, name) for name in chosen.fields}
    needles = chosen.needles if looks_elsewhere else []
    places = record.store.standing_in(needles, on_position) if needles else []
    elsewhere = [each for each in dict.fromkeys(places) if each not in own]
    told = record.report_texts.holding(needles) if needles else []
    return Plan(event, chosen.fields, redacted, elsewhere, told)


def redact(
    record: Record,
    planned: Plan,
    *,
    basis: str,
    reference: str | None,
    by: str,
    idempotency: tuple[str, bytes] | None = None,
    key_id: str | None = None,
) -> RecordedEvent:
    """Record the redaction, and delete the openings that it names, at once.

    Raises NotRedactableError, and RevokedError if the key that is used does not stand.
    What is left of the words is for `service.erasure`.
    """
    event = planned.event
    said = _checked(
        target={"stream": event.stream, "version": event.version},
        fields=planned.fields,
        basis=basis,
        reference=reference and unicodedata.normalize("NFC", reference),
    )
    redaction = record.find(Redaction, random_text())
    done = redaction.redact(
        sealed=sorted(event.sealed), redacted=planned.redacted, **said
    )
    [recorded] = record.store.append(
        [draft_of(redaction, done, by=by)],
        erase=[(event.position, name) for name in done.fields],
        idempotency=idempotency,
        key_id=key_id,
    )
    record.kept_redactions.keep(record.store.redactions())
    record.try_to_catch_up()
    return recorded


def remains(record: Record, planned: Plan) -> list[str]:
    """Return the files of the data folder in which bytes of the words still stand."""
    if not planned.needles:
        return []
    folder = record.settings.data
    return [
        str(each.relative_to(folder)) for each in files_with(folder, planned.needles)
    ]


def describe(planned: Plan) -> str:
    """Return what would be erased, by the beginnings of the words, and where else."""
    event = planned.event
    lines = [
        f"{event.type} of {event.stream}, recorded {event.recorded_at[:10]}, "
        f"position {event.position:,}:"
    ]
    for name in planned.fields:
        lines.append(f"  {name}: {_state(planned, name)}")
    for position, field in planned.elsewhere:
        where = (
            f"its field {field}" if field else "its plain data, which stays for ever"
        )
        lines.append(f"The same words stand at position {position:,} too, in {where}.")
    for id in planned.reports:
        lines.append(
            f"The same words stand in what was told in the report {id}: "
            f"`copperplate reports forget {id}` deletes it."
        )
    return "\n".join([*lines, ""])


def outcome(record: Record, left: Sequence[str]) -> str:
    """Return how far each holder of words is, and which files still hold them."""
    done = record.erasures.done()
    known = [each.position for each in record.store.redactions()]
    lines = []
    for holder in HOLDERS:
        waiting = [p for p in known if holder.name not in done.get(p, set())]
        state = f"pending for {len(waiting)}: it is in use" if waiting else "done"
        lines.append(f"  {holder.name}: {state}")
    if left:
        lines.append(f"The words still stand in {', '.join(left)}.")
    return "\n".join([*lines, ""])


def _checked(**data: Any) -> dict[str, Any]:
    """Return the data as the wire contract has it."""
    try:
        return dict(FieldRedactedSchema().load(data))
    except ValidationError as error:
        faults = [f"{k}: {' '.join(v)}" for k, v in error.messages_dict.items()]
        raise NotRedactableError("; ".join(faults)) from error


def _state(planned: Plan, name: str) -> str:
    if name in planned.redacted:
        return f"redacted already, at position {planned.redacted[name]:,}"
    text = planned.words[name]
    shown = text if isinstance(text, str) else "; ".join(filter(None, text))
    printable = "".join(c if c.isprintable() else " " for c in shown)
    return f"“{printable[:SHOWN]}{'…' if len(printable) > SHOWN else ''}”"

"""Redactions: words that were erased, of which event, and on what basis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.base import Aggregate, Event, RuleBrokenError

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class FieldRedacted(Event, type="field.redacted"):
    """Sealed words of an earlier event were erased for good.

    `target` is `{stream, version}`, `fields` are the names of the sealed fields.
    """

    target: Mapping[str, Any]
    fields: Sequence[str]
    basis: str
    reference: str | None


# Rules: what may happen next.


@dataclass(frozen=True)
class Redaction(Aggregate):
    """One erasure of words; nothing happens to it later, for they are gone."""

    noun = "redaction"

    def redact(
        self,
        *,
        target: Mapping[str, Any],
        sealed: Sequence[str],
        redacted: Mapping[str, int],
        fields: Sequence[str],
        **why: Any,
    ) -> FieldRedacted:
        """Erase sealed fields of an event.

        `sealed` are those that it has; `redacted` those that were erased already, each
        with the position of the redaction.
        """
        self._must_be_new()
        must_be_open(fields, sealed, redacted)
        return FieldRedacted(target=target, fields=sorted(set(fields)), **why)

    def _must_exist(self) -> None:
        """Refuse what may happen to other things: corrections and so on."""
        raise RuleBrokenError(
            "redaction-is-final", "A redaction stands: what it erased is gone."
        )


def must_be_open(
    fields: Sequence[str], sealed: Sequence[str], redacted: Mapping[str, int]
) -> None:
    """Break a rule unless an event has all these fields, and none was redacted."""
    if not fields:
        raise RuleBrokenError("no-fields", "No field is named.")
    for name in fields:
        if name not in sealed:
            known = ", ".join(sealed) or "none"
            raise RuleBrokenError(
                "no-such-field",
                f"The event has no sealed field {name!r}; those it has: {known}.",
            )
        if name in redacted:
            raise RuleBrokenError(
                "already-redacted",
                f"{name} was redacted already, at position {redacted[name]}.",
            )

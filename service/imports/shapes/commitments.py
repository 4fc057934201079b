"""The shape of commitments: promises that can be checked."""

from typing import Any

from service.domain.commitments import Commitment, CommitmentMade
from service.imports.names import slug
from service.imports.shapes.cells import Cells, in_pence, need, ordinal, when
from service.imports.shapes.lookup import (
    body_in_office,
    first_of,
    force_of,
    id_in_series,
)
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import Wanted
from service.naming import dated_stem


def put_commitment(reader: Reader, cells: Cells) -> None:
    """Put a promise on record; an amount that is not stated is unknown, not zero."""
    body = body_in_office(reader, force_of(reader, cells), cells, "by_office")
    made = when(cells, "made_on", "made_on")
    kind = slug(need(cells, "kind"))
    text = cells.get("paraphrase") or None
    data = {
        "kind": kind,
        "body": body,
        **made,
        **in_pence(cells, "amount_gbp"),
        **when(cells, "due_on", "due_on"),
        "text": text,
    }

    def is_same(commitment: Commitment) -> bool:
        known: Any = first_of(commitment)
        return (known.kind, known.made_on) == (kind, made["made_on"])

    stem = dated_stem(body, made["made_on"])
    id = id_in_series(reader, Commitment, stem, is_same, nth=ordinal(cells))
    reader.work.want(
        Wanted(
            Commitment,
            id,
            CommitmentMade.type_name,
            data,
            lambda thing, members: thing.make(**members),
            stated=("kind", "amount_pence", "currency"),
            source=reader.source(cells),
            context={"words": {"text": text} if text else {}},
        )
    )


SHAPES = [
    Shape(
        "commitments",
        ("force_id", "by_office", "kind"),
        ("amount_gbp", "due_on"),
        put_commitment,
        "promises, and decisions on funding",
        key=("force_id", "by_office", "made_on", "kind"),
        may_be_blank=("made_on", "paraphrase"),
    )
]

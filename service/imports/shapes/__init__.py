"""Shapes: what the columns of each kind of file mean, as facts.

A shape declares its columns and turns one row into wanted facts. Natural keys are
those of the data README; ids follow domain.md, section 4.
"""

from service.imports.shapes import (
    bodies,
    commitments,
    findings,
    inspections,
    lists,
    monitoring,
    plans,
    programmes,
    ratings,
    sessions,
    statements,
    terms,
)
from service.imports.shapes.cells import Cells
from service.imports.shapes.reader import FORCES, Reader, Shape

__all__ = ["FORCES", "SHAPES", "Cells", "Reader", "Shape", "shape_of"]

# In the order in which facts rest on facts.
SHAPES = [
    *bodies.SHAPES,
    *programmes.SHAPES,
    *ratings.SHAPES,
    *inspections.SHAPES,
    *terms.SHAPES,
    *monitoring.SHAPES,
    *findings.SHAPES,
    *statements.SHAPES,
    *sessions.SHAPES,
    *plans.SHAPES,
    *commitments.SHAPES,
    *lists.SHAPES,
]


def shape_of(columns: list[str]) -> Shape | None:
    """Return the shape that the columns fit best, or None."""
    fitting = [each for each in SHAPES if each.present <= set(columns)]
    known = [len({*each.columns, *each.derived} & set(columns)) for each in fitting]
    ranked = sorted(zip(known, fitting, strict=True), key=lambda pair: -pair[0])
    return ranked[0][1] if ranked else None

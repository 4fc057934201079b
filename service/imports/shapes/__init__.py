"""Shapes: what the columns of each kind of file mean, as facts.

A shape declares its columns and turns one row into wanted facts. Natural keys are
those of the data README; ids follow domain.md, section 4.
"""

from service.imports.shapes import bodies, programmes, ratings
from service.imports.shapes.cells import Cells
from service.imports.shapes.reader import FORCES, Reader, Shape

__all__ = ["FORCES", "SHAPES", "Cells", "Reader", "Shape", "shape_of"]

# In the order in which facts rest on facts.
SHAPES = [*bodies.SHAPES, *programmes.SHAPES, *ratings.SHAPES]


def shape_of(columns: list[str]) -> Shape | None:
    """Return the shape that the columns fit best, or None."""
    fitting = [each for each in SHAPES if set(each.required) <= set(columns)]
    known = [len({*each.required, *each.optional} & set(columns)) for each in fitting]
    ranked = sorted(zip(known, fitting, strict=True), key=lambda pair: -pair[0])
    return ranked[0][1] if ranked else None

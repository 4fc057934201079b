"""Routing: the parts of an address that are more than text."""

from werkzeug.routing import IntegerConverter


class PositionConverter(IntegerConverter):
    """A position of the log, in its one form: ASCII digits, no leading zero."""

    regex = "[1-9][0-9]{0,15}"

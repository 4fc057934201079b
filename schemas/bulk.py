"""The wire shape of the list of bulk files."""

from marshmallow import fields

from schemas.fields import Open


class BulkFileSchema(Open):
    """One file that holds the whole record, in one form."""

    name = fields.String()
    about = fields.String(metadata={"description": "What it holds."})
    address = fields.String(metadata={"description": "Where it can be had."})
    media_type = fields.String()
    rows = fields.Integer(metadata={"description": "Events, or rows of all tables."})
    bytes = fields.Integer()
    sha256 = fields.String(metadata={"description": "Hexadecimal, of the whole file."})


class BulkSchema(Open):
    """The latest bulk files: all are of one position, and made of the same events."""

    position = fields.Integer(
        metadata={"description": "The last event in them; go on with events after it."}
    )
    recorded_at = fields.String(metadata={"format": "date-time"})
    day = fields.String(
        metadata={
            "description": "The day, in London, of which it is said in them what is "
            "in force: that of the last event.",
            "format": "date",
        }
    )
    code_version = fields.Integer(
        metadata={"description": "Of the projections that made the tables."}
    )
    checkpoint = fields.String(
        metadata={"description": "What the log signed at the position."}
    )
    licence = fields.String()
    next_events = fields.String(
        metadata={"description": "The events that were recorded since."}
    )
    about = fields.String(metadata={"description": "How the files are used."})
    files = fields.List(fields.Nested(BulkFileSchema))

"""The wire shape of imports: how one is asked for, how far it is, and its report."""

from marshmallow import fields, validate

from schemas.codelists import ImportState
from schemas.fields import Closed, Code, Open
from schemas.listing import Flag, PagingSchema

STATUSES = ("recorded", "already known", "already known (redacted)", "checked",
            "refused")  # fmt: skip


class ImportOptionsSchema(Closed):
    """How a file is to be imported."""

    dry_run = Flag(
        load_default=False,
        metadata={"description": "Record nothing; say what would be recorded."},
    )
    disputed = Flag(
        load_default=False,
        metadata={"description": "Record what differs beside what is there."},
    )
    fill = Flag(
        load_default=False,
        metadata={
            "description": "Let what is finer, or was unknown, correct the record: "
            "takes the scope correct."
        },
    )


class ImportSchema(Open):
    """One import; its counts are those of the lines that are done."""

    id = fields.String()
    state = Code(ImportState)
    advice = fields.String(metadata={"description": "What to do next, in words."})
    editor = fields.String()
    media_type = fields.String()
    is_dry_run = fields.Boolean()
    disputed = fields.Boolean()
    fill = fields.Boolean()
    sent_at = fields.String(metadata={"format": "date-time"})
    ended_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    shape = fields.String(
        allow_none=True, metadata={"description": "What kind of file it was."}
    )
    ignored = fields.List(
        fields.String(), metadata={"description": "Columns that no fact is read from."}
    )
    fault = fields.String(
        allow_none=True, metadata={"description": "Why it failed, in words."}
    )
    lines_total = fields.Integer(
        allow_none=True, metadata={"description": "Rows of the file, once counted."}
    )
    lines_done = fields.Integer()
    events = fields.Integer(
        metadata={"description": "Events recorded, or that would have been."}
    )
    recorded = fields.Integer()
    already_known = fields.Integer(metadata={"description": "Redacted ones too."})
    checked = fields.Integer()
    refused = fields.Integer()
    lines_url = fields.String(metadata={"description": "The report, line by line."})


class ImportFilterSchema(PagingSchema):
    """How much of the list of imports."""


class ImportItemSchema(Closed):
    """An import has no time but now: it takes no parameter."""


class ImportLineFilterSchema(PagingSchema):
    """Which lines of a report to list."""

    status = fields.String(
        validate=validate.OneOf(STATUSES),
        metadata={"description": "Only lines of which this became."},
    )


class ImportLineSchema(Open):
    """What became of one line of a file: why it was refused, or what it recorded."""

    line = fields.Integer(
        metadata={"description": "The line of the file on which the row begins."}
    )
    status = fields.String(validate=validate.OneOf(STATUSES))
    things = fields.List(
        fields.String(), metadata={"description": "The streams that it is about."}
    )
    events = fields.List(
        fields.String(), metadata={"description": "The types of the events it made."}
    )
    why = fields.String(allow_none=True)


class TemplateColumnSchema(Open):
    """One column of a shape of file."""

    name = fields.String()
    required = fields.Boolean(
        metadata={"description": "Whether no row may leave it blank."}
    )
    must_be_there = fields.Boolean(
        metadata={"description": "Whether a file of the shape has it at all."}
    )
    holds = fields.String(metadata={"description": "What it holds, in words."})
    allowed = fields.List(
        fields.String(), metadata={"description": "The words that it may hold."}
    )
    is_sealed = fields.Boolean(
        metadata={"description": "Whether its text is sealed, and can be erased."}
    )


class TemplateSchema(Open):
    """One shape of file: what it is for, and what each of its columns holds."""

    id = fields.String()
    about = fields.String()
    is_list = fields.Boolean(
        metadata={"description": "Whether it is the CSV of a list of this API."}
    )
    template = fields.String(
        metadata={"description": "A file with the columns; of lists, the list itself."}
    )
    columns = fields.List(fields.Nested(TemplateColumnSchema))
    derived = fields.List(
        fields.String(), metadata={"description": "Columns that are passed by."}
    )

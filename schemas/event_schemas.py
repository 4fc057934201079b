"""The wire shape of the list of schemas of events."""

from marshmallow import fields

from schemas.fields import Open


class EventSchemaSchema(Open):
    """A type of event, and where its JSON Schema is."""

    type = fields.String()
    about = fields.String(metadata={"description": "What has happened."})
    address = fields.String()


class EventSchemasSchema(Open):
    """Every type of event that may be in the log."""

    items = fields.List(fields.Nested(EventSchemaSchema))

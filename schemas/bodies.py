"""The wire shape of bodies."""

from marshmallow import fields, validate

from schemas.codelists import BodyKind, Relation
from schemas.events import event_data
from schemas.fields import (
    NAME_LENGTH,
    Closed,
    Code,
    EventData,
    Id,
    Text,
    Words,
    date_basis,
    ids,
    nullable_date,
)
from schemas.listing import ItemSchema, MomentSchema
from schemas.search import SearchedSchema


class OutsideIdsSchema(Closed):
    """The ids that others gave to a body."""

    ons = Text(40, load_default=None, allow_none=True)
    police_uk = Text(80, load_default=None, allow_none=True)
    hmicfrs = Text(80, load_default=None, allow_none=True)


@event_data("body.registered")
class BodyRegisteredSchema(EventData):
    """A body was put on record."""

    kind = Code(BodyKind, required=True)
    name = Text(required=True)
    started_on = nullable_date()
    started_on_basis = date_basis()
    outside_ids = fields.Nested(
        OutsideIdsSchema,
        load_default=lambda: dict.fromkeys(("ons", "police_uk", "hmicfrs")),
    )
    note = Words()


@event_data("body.renamed")
class BodyRenamedSchema(EventData):
    """A body took another name."""

    name = Text(required=True)
    started_on = nullable_date()
    started_on_basis = date_basis()
    note = Words()


@event_data("body.linked")
class BodyLinkedSchema(EventData):
    """A body stands in a relation to another."""

    relation = Code(Relation, required=True)
    to = Id(required=True)
    started_on = nullable_date()
    started_on_basis = date_basis()
    ended_on = nullable_date()
    ended_on_basis = date_basis()
    note = Words()


@event_data("body.unlinked")
class BodyUnlinkedSchema(EventData):
    """A relation of a body to another came to its end."""

    relation = Code(Relation, required=True)
    to = Id(required=True)
    ended_on = nullable_date()
    ended_on_basis = date_basis()
    note = Words()


@event_data("body.dissolved")
class BodyDissolvedSchema(EventData):
    """A body ceased to exist."""

    ended_on = nullable_date()
    ended_on_basis = date_basis()
    succeeded_by = ids(load_default=list)
    note = Words()


class BodyFilterSchema(SearchedSchema):
    """Which bodies to list."""

    kind = Code(BodyKind, metadata={"description": "Only of this kind."})
    region = Id(metadata={"description": "Only members of this region, by its id."})
    overseen_by = Id(metadata={"description": "Only those this body oversees."})


class LookupSchema(MomentSchema):
    """What a body is known by elsewhere."""

    scheme = fields.String(
        load_default="name",
        validate=validate.OneOf(["ons", "police_uk", "hmicfrs", "name"]),
        metadata={"description": "Whose id it is; `name`: any name, also a former."},
    )
    id = fields.String(
        required=True,
        validate=validate.Length(min=1, max=NAME_LENGTH),
        metadata={"description": "The outside id, or the name."},
    )


class BodySchema(ItemSchema):
    """One body, as it stood."""

    kind = Code(BodyKind)
    kind_label = fields.String()
    name = fields.String()
    former_names = fields.List(fields.String())
    ons = fields.String(allow_none=True)
    police_uk = fields.String(allow_none=True)
    hmicfrs = fields.String(allow_none=True)
    region = fields.String(allow_none=True)
    region_name = fields.String(allow_none=True)
    overseen_by = fields.String(allow_none=True)
    overseen_by_name = fields.String(allow_none=True)
    started_on = fields.String(allow_none=True)
    started_on_basis = fields.String(allow_none=True)
    ended_on = fields.String(allow_none=True)
    ended_on_basis = fields.String(allow_none=True)
    succeeded_by = fields.List(fields.String())
    note = fields.String(allow_none=True)

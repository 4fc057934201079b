"""The fields of our own, and the two bases: requests closed, answers open."""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from marshmallow import (
    EXCLUDE,
    RAISE,
    Schema,
    ValidationError,
    fields,
    missing,
    post_load,
    validate,
    validates_schema,
)

from schemas import dates
from schemas.canonical import text_fault
from schemas.codelists import Code as CodeList
from schemas.codelists import DateBasis

ID_PATTERN = (
    r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*"  # ASCII; used with fullmatch.
)
STREAM_PATTERN = rf"[a-z]+-{ID_PATTERN}"
# As the contract says it, in the regular expressions of ECMA-262.
_REFUSED = r"\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069"
TEXT_PATTERN = f"^[^{_REFUSED}]+$"
URL_PATTERN = rf"^https?://[^\s/{_REFUSED}][^\s{_REFUSED}]*$"
RESERVED = ("matrix", "changes", "lookup")  # Addresses beside those of things.
SUFFIXES = [
    "json",
    "csv",
    "jsonl",
    "atom",
    "svg",
    "jsonld",
    "html",
    "txt",
    "xml",
    "yaml",
    "pdf",
    "xlsx",
    "xls",
    "zip",
    "gz",
    "sqlite",
    "db",
    "parquet",
    "cloudevents",
]
ID_LENGTH, NAME_LENGTH, TEXT_LENGTH, URL_LENGTH = 120, 300, 50_000, 2_000
MOST_IDS = 200  # In one list.
_MONTH, _DAY = "(0[1-9]|1[0-2])", "(0[1-9]|[12][0-9]|3[01])"
_DATE = f"(18|19|20|21)[0-9]{{2}}(-{_MONTH}(-{_DAY})?)?"


class Closed(Schema):
    """A request: an unknown member is refused."""

    class Meta:
        """Refuse what is not declared."""

        unknown = RAISE


class Open(Schema):
    """An answer: members may be added as the API grows."""

    class Meta:
        """Pass by what is not declared."""

        unknown = EXCLUDE


class Matches(validate.Validator):
    """Accept text of which the whole matches a pattern."""

    def __init__(self, pattern: str, error: str) -> None:
        self.pattern, self.message = pattern, error
        self._compiled = re.compile(pattern)

    def __call__(self, value: str) -> str:
        """Return the text, or raise ValidationError."""
        if not self._compiled.fullmatch(value):
            raise ValidationError(self.message)
        return value


class WholeNumber(fields.Integer):
    """A whole number of JSON: no text, no fraction, no truth value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Truth(fields.Boolean):
    """`true` or `false` of JSON, and no word or number for them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Id(fields.String):
    """The id of a thing."""

    def __init__(self, **kwargs: Any) -> None:
        form = Matches(
            ID_PATTERN, "Not an id: a-z, 0-9, hyphens, parts joined by dots."
        )
        kwargs.setdefault("metadata", {}).setdefault("pattern", f"^{ID_PATTERN}$")
        length = validate.Length(min=1, max=ID_LENGTH)
        super().__init__(validate=[length, form], **kwargs)


class NewId(Id):
    """An id that a thing is to have: no suffix of a file, no word of our addresses."""

    def __init__(self, **kwargs: Any) -> None:
        taken = "|".join(RESERVED)
        suffix = "|".join(SUFFIXES)
        pattern = rf"^(?!({taken})$)(?!(.*\.)?({suffix})$){ID_PATTERN}$"
        metadata = {"pattern": pattern, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self.validators.append(_must_be_free)


class Stream(fields.String):
    """The stream of a thing, which names it whatever its noun."""

    def __init__(self, **kwargs: Any) -> None:
        form = Matches(STREAM_PATTERN, "Not a stream: a noun, a hyphen and an id.")
        kwargs.setdefault("metadata", {})["pattern"] = f"^{STREAM_PATTERN}$"
        length = validate.Length(max=ID_LENGTH + 20)
        super().__init__(validate=[length, form], **kwargs)


class Code(fields.String):
    """A word from a code list."""

    def __init__(self, codes: type[CodeList], **kwargs: Any) -> None:
        self.codes = codes
        super().__init__(validate=validate.OneOf([str(c) for c in codes]), **kwargs)


class WorldDate(fields.String):
    """A date of reduced precision: 2024, 2024-06, 2024-06-14 or an interval."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = kwargs.setdefault("metadata", {})
        metadata.setdefault(
            "description", "2024, 2024-06, 2024-06-14 or an interval 2023-06/2023-07."
        )
        metadata |= {"pattern": f"^{_DATE}(/{_DATE})?$", "format": "reduced-date"}
        super().__init__(validate=_must_be_a_date, **kwargs)


class Text(fields.String):
    """Text within the grammar of the leaf (log.md, section 1)."""

    def __init__(self, length: int = NAME_LENGTH, **kwargs: Any) -> None:
        checks: list[Any] = [validate.Length(min=1, max=length), must_be_text]
        kwargs.setdefault("metadata", {})["pattern"] = TEXT_PATTERN
        super().__init__(validate=checks, **kwargs)


class Words(Text):
    """Free text, which is sealed: it never enters the leaf."""

    def __init__(self, length: int = TEXT_LENGTH, **kwargs: Any) -> None:
        metadata = {"sealed": True, **kwargs.pop("metadata", {})}
        super().__init__(
            length, load_default=None, allow_none=True, metadata=metadata, **kwargs
        )


class Url(fields.String):
    """An absolute http or https address."""

    def __init__(self, **kwargs: Any) -> None:
        form = Matches(r"https?://[^\s/]\S*", "Not an http or https address.")
        length = validate.Length(max=URL_LENGTH)
        kwargs.setdefault("metadata", {})["pattern"] = URL_PATTERN
        super().__init__(validate=[length, form, must_be_text], **kwargs)


class EventData(Closed):
    """The members of one event type: plain ones, and sealed ones (`Words`).

    A world date without its `_basis` twin is taken to be stated by its source.
    """

    def load_plainly(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what `load` does of data that is plainly good; None: look closer.

        What rows of a file have in common is checked once.
        """
        loaded = {}
        try:
            for name, field, is_sealed in self._plan:
                value = data.get(name, missing)
                if not is_sealed and (type(value) is str or value is None):
                    loaded[name] = _loaded_member(field, value)
                else:
                    loaded[name] = _load_member(field, value)
            self._check_twins(loaded)
        except ValidationError:
            return None
        if not data.keys() <= loaded.keys():
            return None
        given = {k: v for k, v in loaded.items() if v is not missing}
        filled: dict[str, Any] = self._fill_twins(given)
        return filled

    @cached_property
    def _plan(self) -> list[tuple[str, fields.Field[Any], bool]]:
        # Words are kept nowhere but where they can be erased from.
        return [
            (name, field, bool(field.metadata.get("sealed")))
            for name, field in self.load_fields.items()
        ]

    @cached_property
    def _twins(self) -> list[tuple[str, str]]:
        twins = ((name, f"{name}_basis") for name in self.fields)
        return [(name, twin) for name, twin in twins if twin in self.fields]

    @validates_schema(skip_on_field_errors=True)
    def _check_twins(self, data: Mapping[str, Any], **_: Any) -> None:
        for name, twin in self._twins:
            if data.get(twin) and not data.get(name):
                raise ValidationError("There is no date for this basis.", twin)

    @post_load
    def _fill_twins(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        for name, twin in self._twins:
            if data.get(name) and not data.get(twin):
                data[twin] = str(DateBasis.STATED)
        return data


def _load_member(field: fields.Field[Any], value: Any) -> Any:
    if isinstance(field, SortedIds) and _are_texts(value):
        return list(_loaded_ids(field, tuple(value)))
    return field.deserialize(value)


def _are_texts(value: Any) -> bool:
    is_short = type(value) is list and len(value) <= MOST_IDS
    return is_short and all(type(each) is str for each in value)


@lru_cache(maxsize=8192)
def _loaded_member(field: fields.Field[Any], value: str | None) -> Any:
    return field.deserialize(value)


@lru_cache(maxsize=1024)
def _loaded_ids(field: fields.Field[Any], ids: tuple[str, ...]) -> Any:
    return field.deserialize(list(ids))


def nullable_date() -> WorldDate:
    """Return a field for a date that may be unknown."""
    return WorldDate(load_default=None, allow_none=True)


def date_basis() -> Code:
    """Return the field for what a date rests on."""
    return Code(DateBasis, load_default=None, allow_none=True)


def ids(**kwargs: Any) -> "SortedIds":
    """Return a field for a list of ids, which is kept sorted and unique."""
    return SortedIds(Id(), validate=validate.Length(max=MOST_IDS), **kwargs)


def streams(**kwargs: Any) -> "SortedIds":
    """Return a field for a list of streams, which name things of any noun."""
    kwargs.setdefault("validate", validate.Length(max=MOST_IDS))
    return SortedIds(Stream(), **kwargs)


class SortedIds(fields.List[str]):
    """A list of ids, sorted and unique."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> list[Any]:
        return sorted(set(super()._deserialize(*args, **kwargs)))


def must_be_text(value: str) -> str:
    """Return the text, or raise ValidationError if the leaf's grammar forbids it."""
    if why := text_fault(value):
        raise ValidationError(f"{why[0].upper()}{why[1:]}.")
    return value


def _must_be_free(value: str) -> str:
    if value in RESERVED:
        raise ValidationError(f"{value} is no id: it is an address of its own.")
    if (last := value.rpartition(".")[2]) in SUFFIXES:
        raise ValidationError(f"An id does not end like a file: {last}.")
    return value


def _must_be_a_date(value: str) -> str:
    try:
        dates.window(value)
    except dates.InvalidDateError as error:
        raise ValidationError(str(error)) from error
    return value

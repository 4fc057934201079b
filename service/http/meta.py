"""Meta: what was resolved to make an answer, its permalink, and how to cite it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import g, request
from werkzeug.sansio.utils import get_current_url

from projections.moment import recorded_at
from service.context import read_model, record
from service.http.asked import RECORD, Asked
from service.http.headers import LICENCE
from service.http.moments import TIME
from service.http.paging import PAGING
from service.http.problems import ProblemError
from service.http.representations import SUFFIX


def base_url() -> str:
    """Return the address under which the public reaches the service."""
    if "base_url" not in g:
        g.base_url = _base_url()
    return cast(str, g.base_url)


def _base_url() -> str:
    known = record().settings.public_url
    if not (known or request.host):
        detail = "The header Host is missing or malformed."
        raise ProblemError("invalid-parameter", detail)
    return (known or _host_url(request.scheme, request.host)).rstrip("/")


@lru_cache(maxsize=256)
def _host_url(scheme: str, host: str) -> str:
    """Return what `request.host_url` is, which werkzeug makes anew each time."""
    return get_current_url(scheme, host)


def address(path: str, parameters: Mapping[str, Any] | None = None) -> str:
    """Return an absolute address."""
    query = f"?{_encoded(tuple(parameters.items()))}" if parameters else ""
    return f"{base_url()}{_quoted(path)}{query}"


_quoted = lru_cache(maxsize=1024)(quote)


@lru_cache(maxsize=256)
def _encoded(parameters: tuple[tuple[str, Any], ...]) -> str:
    """Return parameters as a query: of one answer, the links have the same."""
    return urlencode(parameters)


def own_path() -> str:
    """Return the path of the request as it was asked for, with its suffix."""
    suffix = request.environ.get(SUFFIX)
    return f"{request.path}.{suffix}" if suffix else request.path


def filters(asked: Asked) -> dict[str, str]:
    """Return the filters as given, without times and paging."""
    return {k: v for k, v in asked.given.items() if k not in (*TIME, *PAGING)}


def timeless(asked: Asked) -> str:
    """Return the address of the same answer according to the record of now."""
    kept = {k: v for k, v in asked.given.items() if k not in (*RECORD, "cursor")}
    return address(own_path(), kept)


def permalink(asked: Asked, path: str | None = None) -> str:
    """Return the address that gives this same answer for ever.

    What tells of the present alone has no such address but its own.
    """
    paging = {name: asked.given[name] for name in PAGING if name in asked.given}
    # A cursor pins the times of its walk, and goes with the very words of it.
    fixed = asked.given if "cursor" in paging else {**filters(asked), **pinned(asked)}
    return address(path or own_path(), {**fixed, **paging})


def pinned(asked: Asked) -> dict[str, Any]:
    """Return the parameters that pin what was resolved of the times."""
    moment = asked.moment
    pins: dict[str, Any] = {"at_position": moment.position}
    if moment.as_of:
        pins["as_of"] = moment.as_of
    if "undated" in asked.given:
        pins["undated"] = asked.given["undated"]
    return {name: pin for name, pin in pins.items() if name in asked.takes}


def meta_of(
    asked: Asked,
    *,
    gaps: str | None = None,
    undated: int | None = None,
    notes: list[str] | None = None,
) -> dict[str, Any]:
    """Return what is said of an answer beside the answer."""
    known_at = recorded_at(read_model(), asked.moment.position)
    link = permalink(asked)
    return {
        "as_of": asked.moment.as_of,
        "known_at": known_at,
        "position": asked.moment.position,
        "permalink": link,
        "citation": _citation(asked, known_at, link),
        "licence": LICENCE,
        "gaps": gaps,
        "undated": undated,
        "notes": notes or [],
    }


def _citation(asked: Asked, known_at: str | None, link: str) -> str:
    parts = [f'Copperplate, "{title(asked)}"', f"position {asked.moment.position}"]
    if known_at:
        parts.append(f"recorded {known_at[:10]}")
    return ", ".join([*parts, link])


def title(asked: Asked) -> str:
    """Say in words what was asked: `Ratings: body=west-mercia`."""
    rule = request.url_rule.rule if request.url_rule else ""
    fixed = [each for each in rule.split("/")[2:] if not each.startswith("<")]
    said = [str(each) for each in (request.view_args or {}).values()]
    said += [f"{name}={value}" for name, value in filters(asked).items()]
    if asked.moment.as_of:
        said.append(f"as of {asked.moment.as_of}")
    what = " ".join(fixed).capitalize()
    return f"{what}: {', '.join(said)}" if said else what

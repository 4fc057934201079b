"""Bulk: the whole record in files, to be downloaded and kept."""

from hashlib import sha256

import orjson
from flask import Blueprint, Response, request

from schemas.bulk import BulkSchema
from service.bulk.content import folder_of
from service.bulk.manifest import Made, Manifest
from service.context import read_model, record
from service.http import files
from service.http.contract import serves
from service.http.headers import LICENCE
from service.http.meta import address
from service.http.problems import ProblemError
from service.http.representations import SUFFIX
from service.http.validators import held, not_modified

bulk = Blueprint("bulk", __name__, url_prefix="/v1/bulk")
RETRY_AFTER = "60"
CACHING = "public, no-cache"
MEDIA = (
    "application/gzip",
    "application/json",
    "application/vnd.apache.parquet",
    "application/vnd.sqlite3",
    "application/zip",
)


@bulk.get("")
@serves({"application/json": BulkSchema}, problems=(404, 503), is_file=True)
def index() -> Response:
    """List the latest files that hold the whole record, each with its digest."""
    if request.environ.get(SUFFIX, "json") != "json":
        raise _missing("The list of files can be had as JSON alone.")
    body = orjson.dumps(_shown(_latest()))
    etag = sha256(body).hexdigest()
    if known := held(etag):
        return not_modified(None, known, CACHING)
    response = Response(body, content_type="application/json")
    response.set_etag(etag)
    response.headers["Cache-Control"] = CACHING
    return response


@bulk.get("/<position:position>/<name>")
@serves(dict.fromkeys(MEDIA), problems=(404, 416, 503), is_file=True)
def item(position: int, name: str) -> Response:
    """Give one of these files, or a part of it, to be saved.

    The files of the two latest positions can be had, so that a download can go on
    where it was interrupted (`Range`). After a redaction all are made anew. So many
    downloads may be under way at once, in all and from one address.
    """
    if suffix := request.environ.get(SUFFIX):
        name = f"{name}.{suffix}"
    manifest = folder_of(record()).find(position, _epoch())
    made = manifest and manifest.file(name)
    if not made:
        raise _missing(
            "There is no such file, or no longer: /v1/bulk lists the latest."
        )
    path = folder_of(record()).place(position) / made.name
    try:
        saved_as = f"copperplate-{position}-{made.name}"
        return files.send(path, made.media_type, made.sha256, name=saved_as)
    except FileNotFoundError as error:
        raise _missing("The file has just been removed.") from error


def _latest() -> Manifest:
    if manifest := folder_of(record()).latest(_epoch()):
        return manifest
    raise ProblemError(
        "not-made-yet",
        "No files have been made yet.",
        headers={"Retry-After": RETRY_AFTER},
    )


def _epoch() -> int:
    """Return the position of the last redaction: files made before are not given."""
    return read_model().last_redaction()


def _shown(manifest: Manifest) -> dict[str, object]:
    return {
        "position": manifest.position,
        "recorded_at": manifest.recorded_at,
        "day": manifest.day,
        "code_version": manifest.code_version,
        "checkpoint": manifest.checkpoint,
        "licence": LICENCE,
        "next_events": address("/v1/events", {"after": manifest.position}),
        "about": address("/docs/bulk"),
        "files": [_file(manifest, each) for each in manifest.files],
    }


def _file(manifest: Manifest, made: Made) -> dict[str, object]:
    return {
        "name": made.name,
        "about": made.about,
        "address": address(f"/v1/bulk/{manifest.position}/{made.name}"),
        "media_type": made.media_type,
        "rows": made.rows,
        "bytes": made.bytes,
        "sha256": made.sha256,
    }


def _missing(detail: str) -> ProblemError:
    return ProblemError("not-found", detail, {"did_you_mean": []})

"""Files: answers that are all or a part of a file of which the digest is known."""

import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from service.http.headers import repr_digest
from service.http.permits import Permit
from service.http.problems import ProblemError
from service.http.waiting import permit

CHUNK = 2**16
PINNED = "public, max-age=300, must-revalidate"
# Several parts at once are not given: whoever asks for them gets the whole.
_ONE_PART = re.compile(r"bytes=([0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})")
# These have no meaning for what is only read, or only for GET.
_IGNORED = ("HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE")


def send(path: Path, media_type: str, sha256: str, *, name: str) -> Response:
    """Return a file, to be saved under a name, or the part that is asked for.

    Raises FileNotFoundError if it is gone, and a problem if there is no such part.
    """
    size = path.stat().st_size
    response = Response(content_type=media_type)
    response.content_length = size
    response.set_etag(sha256)
    response.headers["Repr-Digest"] = repr_digest(bytes.fromhex(sha256))
    response.headers["Cache-Control"] = PINNED
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    try:
        response.make_conditional(_environ(), accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable as error:
        raise _no_such_part(size) from error
    if response.status_code != 304 and request.method == "GET":
        held = permit()  # Whoever reads slowly holds a thread for as long.
        response.call_on_close(held.release)
        file = path.open("rb")
        response.call_on_close(file.close)
        file.seek(response.content_range.start or 0)
        response.response = _parts(file, response.content_length, held)
    return response


def _parts(file: BufferedReader, length: int, held: Permit) -> Iterator[bytes]:
    with file, held:
        while length and (part := file.read(min(CHUNK, length))):
            length -= len(part)
            yield part


def _environ() -> dict[str, Any]:
    """Return the environment of the request without what does not count here."""
    ignored = {*_IGNORED}
    is_part = _ONE_PART.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or not is_part:
        ignored |= {"HTTP_RANGE"}
    return {k: v for k, v in request.environ.items() if k not in ignored}


def _no_such_part(size: int) -> ProblemError:
    return ProblemError(
        "range-not-satisfiable",
        f"The file has {size:,} bytes.",
        headers={"Content-Range": f"bytes */{size}"},
    )

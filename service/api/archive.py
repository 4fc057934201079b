"""The archive: copies of sources, to be saved and compared with their hashes."""

import logging

from flask import Blueprint, Response, request

from service.archive import Copy, CopyDamagedError, Withdrawal
from service.context import record
from service.http.contract import serves
from service.http.headers import repr_digest
from service.http.problems import ProblemError
from service.http.representations import SUFFIX
from service.http.sending import sent_by_permit

archive = Blueprint("archive", __name__, url_prefix="/v1/archive")
BYTES = "application/octet-stream"
# Whatever a copy holds, a browser runs nothing of it under our name.
POLICY = "sandbox; default-src 'none'"
PINNED = "public, max-age=300, must-revalidate"
# The same from a mirror as from its source.
NOT_KEPT = (
    "No copy with this hash is kept here: /v1/sources lists those that are, and a "
    "mirror keeps none."
)
_logger = logging.getLogger(__name__)


@archive.get("/<sha256>")
@serves({BYTES: None}, problems=(404, 410, 503))
def item(sha256: str) -> Response:
    """Give the kept copy of a source, by the SHA-256 of its bytes, to be saved."""
    try:
        path_is_sound = bool(record().archive.path(sha256))
    except ValueError:
        path_is_sound = False
    if not path_is_sound or SUFFIX in request.environ:
        raise _missing("A copy is named by the 64 hexadecimal digits of its hash.")
    if withdrawal := record().archive.withdrawn().get(sha256):
        raise _withdrawn(withdrawal)
    return _respond(_opened(sha256))


def _opened(sha256: str) -> Copy:
    try:
        copy = record().archive.open(sha256)
    except CopyDamagedError as error:
        _logger.error("The copy %s is not what its hash says", sha256)
        detail = "The copy that is kept is no longer what its hash says."
        raise ProblemError("copy-damaged", detail) from error
    if copy is None:
        raise _missing(NOT_KEPT)
    return copy


def _respond(copy: Copy) -> Response:
    if request.method == "HEAD":
        copy.file.close()
    response = Response(copy.parts(), content_type=BYTES)
    response.call_on_close(copy.file.close)
    response.content_length = copy.size
    response.set_etag(copy.sha256)
    response.headers["Repr-Digest"] = repr_digest(bytes.fromhex(copy.sha256))
    response.headers["Cache-Control"] = PINNED
    response.headers["Content-Disposition"] = f"attachment; filename={copy.sha256}"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return sent_by_permit(response)


def _missing(detail: str) -> ProblemError:
    return ProblemError("not-found", detail, {"did_you_mean": []})


def _withdrawn(withdrawal: Withdrawal) -> ProblemError:
    members = {
        "withdrawn_at": withdrawal.withdrawn_at,
        "reference": withdrawal.reference,
    }
    detail = "The copy was withdrawn: it is kept no longer."
    return ProblemError("redacted", detail, members)

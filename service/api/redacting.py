"""Redacting over HTTP: sealed words of an event are erased for good."""

from typing import Any

from flask import Blueprint

from schemas.receipts import ReceiptSchema
from schemas.requests import RedactionRequestSchema
from service.api.receipts import at_desk, receipt
from service.api.refusals import register_refusals
from service.http.access import requires
from service.http.contract import accepts, returns

redacting = Blueprint("redacting", __name__, url_prefix="/v1/events")
register_refusals(redacting)


@redacting.post("/<position:position>/redaction")
@requires("redact")
@accepts(body=RedactionRequestSchema)
@returns(ReceiptSchema)
def redaction(position: int, **said: Any) -> Any:
    """Erase sealed words of an event for good, and say so on the record."""
    return receipt(at_desk().redact(position, **said))

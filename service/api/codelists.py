"""Code lists: the closed sets of words that the record uses, and what they mean."""

from difflib import get_close_matches
from typing import Any

from flask import Blueprint

from projections.listing import page_of
from projections.made_of import NOTHING
from schemas.listing import PagingSchema
from schemas.meanings import CodeSchema, CodesSchema, code_lists, meanings
from service.http.contract import accepts, returns
from service.http.problems import ProblemError

codelists = Blueprint("codelists", __name__, url_prefix="/v1/codelists")
HOUR = 3600  # Seconds: they change with the code alone, and only grow.


@codelists.get("")
@accepts(query=PagingSchema)
@returns(CodesSchema, many=True, kept_for=HOUR, made_of=NOTHING)
def index(moment: Any, page: Any) -> Any:
    """List the code lists, by name."""
    rows = [
        {
            "id": each.name,
            "meaning": each.meaning,
            "codes": len(each.codes),
            "address": f"/v1/codelists/{each.name}",
        }
        for each in code_lists().values()
    ]
    return page_of(rows, page, lambda row: (row["id"],))


@codelists.get("/<name>")
@accepts(query=PagingSchema)
@returns(CodeSchema, many=True, kept_for=HOUR, problems=(404,), made_of=NOTHING)
def item(moment: Any, page: Any, name: str) -> Any:
    """List the codes of one list in their own order, with label and meaning."""
    known = code_lists()
    if name not in known:
        similar = get_close_matches(name[:80], known, n=3)
        detail = "There is no such code list: /v1/codelists has them all."
        raise ProblemError("not-found", detail, {"did_you_mean": similar})
    rows = [
        {
            "place": f"{place:03}",
            "code": str(code),
            "label": code.label,
            "meaning": meanings()[name, str(code)],
        }
        for place, code in enumerate(known[name].codes)
    ]
    return page_of(rows, page, lambda row: (row["place"],))

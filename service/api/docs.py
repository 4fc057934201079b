"""Docs: the contract, to be read and tried in a browser (Swagger UI)."""

from importlib.resources import files

from flask import Blueprint, Response

from service.http.contract import serves
from service.http.problems import ProblemError

docs = Blueprint("docs", __name__, url_prefix="/docs")

# Swagger UI has its icons as data: addresses in its style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
VENDORED = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Copperplate: the API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
"""
INIT = """SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0
});
"""


@docs.get("")
@serves({"text/html": None})
def page() -> Response:
    """Show the contract, to be read and tried in a browser."""
    response = _respond(PAGE.encode(), "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@docs.get("/init.js")
def init() -> Response:
    """Show the script that starts the page."""
    return _respond(INIT.encode(), "text/javascript; charset=utf-8")


@docs.get("/<name>")
def vendored(name: str) -> Response:
    """Show a file of Swagger UI."""
    if name not in VENDORED:
        raise ProblemError("not-found", "There is no such file.")
    body = files("flask_swagger_ui").joinpath("dist", name).read_bytes()
    return _respond(body, VENDORED[name])


def _respond(body: bytes, content_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, content_type=content_type, headers=headers)

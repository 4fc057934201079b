"""Docs: the contract to be tried in a browser, and how to check the record."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, render_template_string
from markdown_it import MarkdownIt

from service.http.contract import serves
from service.http.meta import base_url
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


TEXT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Copperplate: {{ title }}</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<main>
{{ body|safe }}
</main>
</body>
</html>
"""
STYLE = """main { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
body { font: 1.05rem/1.6 Georgia, serif; color: #1d1d1d; background: #fff }
h1, h2 { font-family: system-ui, sans-serif; line-height: 1.25 }
pre { overflow-x: auto; padding: .8rem 1rem; background: #f3f1ec }
code { font-size: .9em }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0 }
td { border-top: 1px solid #ddd8cc }
"""
EXAMPLE = "http://127.0.0.1:8000"  # Where `make run` serves the record.
# The documents in docs/ that are shown as pages, with what each is for.
PAGES = {
    "caching": "Say how to ask whether an answer has changed, and how long to keep it.",
    "client": "Show how programs read the record in Python, and check it.",
    "bulk": "Show how the whole record is downloaded and opened, with commands.",
    "check-us": "Say in plain words how anybody can check the record, with commands.",
    "editors": "Say how editors come to a key, write, sign, and send again.",
    "feeds": "Show how to follow the record, by asking, waiting or being told.",
    "formats": "Say in which formats answers come, and what each is good for.",
    "importing": "Show editors how to import files and edited lists, with commands.",
    "limits": "Say how much may be asked, what answers say of themselves, how to cite.",
    "mistakes": "Say how to report a mistake, and how corrections show.",
    "recording": "Show how editors put facts on record with curl, by a real case.",
    "recipes": "Show short ways from the record to the tools that people have.",
    "search": "Say what a search finds, and how it is asked for.",
    "sources": "Say in plain words what is kept of sources, and how to compare it.",
    "times": "Say how to ask for what was in force, and for what was known.",
    "webhooks": "Say how to have what is recorded sent to you, with a whole receiver.",
}


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


@docs.get("/page.css")
def style() -> Response:
    """Show how the pages look."""
    return _respond(STYLE.encode(), "text/css; charset=utf-8")


@docs.get("/check_log.py")
@serves({"text/plain": None})
def check_log() -> Response:
    """Show the program of one page that checks the log with nothing of ours."""
    return _respond(_document("check_log.py").read_bytes(), "text/plain; charset=utf-8")


@docs.get("/<name>")
def vendored(name: str) -> Response:
    """Show a file of Swagger UI."""
    if name not in VENDORED:
        raise ProblemError("not-found", "There is no such file.")
    body = files("flask_swagger_ui").joinpath("dist", name).read_bytes()
    return _respond(body, VENDORED[name])


def page_of(text: str) -> Response:
    """Return a document as a page, with the address of this record in its commands."""
    text = text.replace(EXAMPLE, base_url())
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    page = render_template_string(TEXT, body=body, title=_title(text))
    response = _respond(page.encode(), "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


def title_of(name: str) -> str:
    """Return the title of one of the documents."""
    return _title(_document(f"{name}.md").read_text())


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ")


def _page(name: str, summary: str) -> Callable[[], Response]:
    """Return what shows a document."""

    def view() -> Response:
        return page_of(_document(f"{name}.md").read_text())

    view.__doc__ = summary
    return serves({"text/html": None})(view)


def _document(name: str) -> Path:
    """Return a document as it is committed, or as it was installed."""
    package = Path(__file__).parents[1]
    installed = package / "docs" / name
    return installed if installed.exists() else package.parent / "docs" / name


def _respond(body: bytes, content_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, content_type=content_type, headers=headers)


for _name, _summary in PAGES.items():
    docs.add_url_rule(f"/{_name}", _name.replace("-", "_"), _page(_name, _summary))

"""Who may write: what changes something is guarded, or the app is not made."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from flask import Flask, g, request
from werkzeug.routing import Rule

from schemas.codelists import EditorAction
from service.context import record
from service.editors import KEY_PATTERN, Editor, authenticate
from service.http.problems import ProblemError, stranger
from service.log.mirror_store import MirrorStore
from service.subscriptions import TOKEN_PATTERN

View = Callable[..., Any]
EDITOR = "copperplate.editor"  # In the environment of a request: whose key it bears.
READING = {"GET", "HEAD", "OPTIONS"}
_SCHEME = "bearer "
_SECRET = re.compile(f"{KEY_PATTERN}|{TOKEN_PATTERN}".encode())


class UnguardedError(Exception):
    """A rule that changes something does not say who may use it."""


@dataclass(frozen=True)
class Guard:
    """Who may use a view: editors with a scope, or anybody, and then why.

    `view` is the guarded view itself, so that no other decorator stands above.
    """

    view: View
    action: str | None = None
    noun: str | None = None
    reason: str | None = None
    needs_key: bool = False
    needs_token: bool = False


def requires(
    action: str, noun: str | None = None, *, of_any_noun: bool = False
) -> Callable[[View], View]:
    """Let only editors in whose key opens an action, for all nouns or for this one.

    With `of_any_noun` the view itself sees to it that nothing of other nouns is done.
    It stands above `accepts`: nothing of a stranger's body is read.
    """
    action = EditorAction(action)

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**kwargs: Any) -> Any:
            _refuse_on_a_mirror()
            g.editor = _known_editor()
            is_open = of_any_noun and g.editor.may_somewhere(action)
            if not (is_open or g.editor.may(action, noun)):
                raise _not_allowed(action, noun)
            return view(**kwargs)

        return _guarded(wrapper, action=action, noun=noun)

    return decorate


def requires_key() -> Callable[[View], View]:
    """Let every editor in, whatever the key opens."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**kwargs: Any) -> Any:
            _refuse_on_a_mirror()
            g.editor = _known_editor()
            return view(**kwargs)

        return _guarded(wrapper, needs_key=True)

    return decorate


def requires_token(find: Callable[[str, str], Any]) -> Callable[[View], View]:
    """Let in whoever holds the token of the thing in the path.

    `find` returns the thing for its id and a token, None if it is not its token.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**kwargs: Any) -> Any:
            _refuse_on_a_mirror()
            g.held = find(kwargs["id"], _bearer())
            if g.held is None:
                detail = "This takes the token that was shown when it was made."
                raise stranger(detail)
            return view(**kwargs)

        return _guarded(wrapper, needs_token=True)

    return decorate


def open_to_anyone(*, reason: str) -> Callable[[View], View]:
    """Let everybody use a view that changes something; say why."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**kwargs: Any) -> Any:
            _refuse_on_a_mirror()
            return view(**kwargs)

        return _guarded(wrapper, reason=reason)

    return decorate


def editor() -> Editor:
    """Return the editor whose request this is."""
    return cast(Editor, g.editor)


def holding() -> Any:
    """Return the thing whose token the request bears."""
    return g.held


def editor_if_any() -> Editor | None:
    """Return the editor who reads, None if no key was sent; a wrong one is refused."""
    return _known_editor() if "Authorization" in request.headers else None


def guard_of(view: View) -> Guard | None:
    """Return who may use a view, None if it does not say."""
    guard: Guard | None = getattr(view, "guard", None)
    return guard


def register_access(app: Flask) -> None:
    """Refuse rules that are not guarded, and requests with a key in their address."""
    for rule in app.url_map.iter_rules():
        _refuse_unguarded(rule, app.view_functions[rule.endpoint])
    app.before_request(_refuse_keys_in_addresses)


def _refuse_unguarded(rule: Rule, view: View) -> None:
    if not (rule.methods or set()) - READING:
        return
    guard = guard_of(view)
    if guard is None:
        raise UnguardedError(f"{rule}: neither @requires nor @open_to_anyone")
    if guard.view is not view:
        raise UnguardedError(f"{rule}: a decorator stands above its guard")


def _guarded(wrapper: View, **members: Any) -> View:
    # No type of a function says that it takes attributes.
    wrapper.guard = Guard(wrapper, **members)  # type: ignore[attr-defined]
    return wrapper


def _known_editor() -> Editor:
    environ = request.environ
    known = EDITOR in environ  # The gate before the app has just looked it up.
    found = environ[EDITOR] if known else authenticate(record(), _bearer())
    if found is None:
        raise stranger()
    return cast(Editor, found)


def _bearer() -> str:
    """Return what is presented as a key or token, if anything."""
    given = request.headers.get("Authorization", "")
    is_bearer = given[: len(_SCHEME)].lower() == _SCHEME
    return given[len(_SCHEME) :].strip() if is_bearer else ""


def _not_allowed(action: str, noun: str | None) -> ProblemError:
    needed = [action, *([f"{action}:{noun}"] if noun else [])]
    return ProblemError(
        "not-allowed", f"Your key does not open this: it takes {' or '.join(needed)}."
    )


def _refuse_on_a_mirror() -> None:
    store = record().store
    if isinstance(store, MirrorStore):
        source = store.pin().url
        detail = f"This is a mirror and records nothing: write to {source}."
        raise ProblemError("not-allowed", detail)


def _refuse_keys_in_addresses() -> None:
    """Refuse a key in an address: those are kept in logs, histories and bookmarks."""
    address = f"{request.path}?".encode("utf-8", "replace") + request.query_string
    if _SECRET.search(address) or _SECRET.search(unquote_to_bytes(address)):
        detail = (
            "A key or token stands in the address, where others can read it. "
            "Have it revoked; send the new one in the header Authorization."
        )
        raise ProblemError("key-in-address", detail)

"""Editors: who may record over HTTP, and by which keys."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from schemas.codelists import EditorAction, RevocationReason
from service import editors as known
from service import start
from service.cli.opening import must_exist, opened, settings_of, signing
from service.cli.options import one_line_errors, with_data
from service.domain.catalogue import PLURALS
from service.log.editor_keys import StoredKey

COLUMNS = ("key", "editor", "name", "scopes", "added", "revoked")
ACTIONS = [str(each) for each in EditorAction]


def listed(words: Iterable[str]) -> Callable[..., tuple[str, ...]]:
    """Return what reads words of a list, with commas between them."""
    known = tuple(words)

    def read(_: click.Context, __: click.Parameter, value: str | None) -> Any:
        given = [each.strip() for each in (value or "").split(",") if each.strip()]
        if unknown := [each for each in given if each not in known]:
            raise click.BadParameter(
                f"{', '.join(unknown)}: there are {', '.join(known)}."
            )
        return tuple(dict.fromkeys(given))

    return read


@click.group()
def editors() -> None:
    """Say who may record, and take keys back."""


@editors.command("add")
@click.argument("name")
@click.option(
    "--scopes",
    callback=listed(ACTIONS),
    required=True,
    help=f"What the key opens: {','.join(ACTIONS)}, or some of them.",
)
@click.option(
    "--nouns",
    callback=listed(PLURALS.values()),
    help="Record and correct these only: ratings,plans … Without it, everything.",
)
@click.option("--editor", help="Give this editor (ed-…) another key, and add nobody.")
@click.option(
    "--public-key",
    help="The Ed25519 key with which the editor signs events (a verifier key: "
    "name+hash+base64). The name in it is not published.",
)
@click.option(
    "--show-name",
    is_flag=True,
    help="Publish the name, because the editor wants it: otherwise the public sees "
    "an id.",
)
@with_data
@one_line_errors
def add(
    name: str,
    scopes: tuple[str, ...],
    nouns: tuple[str, ...],
    editor: str | None,
    public_key: str | None,
    show_name: bool,
    data: Path | None,
) -> None:
    """Give an editor a key, and print it: this once, alone on the last line.

    NAME is for you, to know who it is: it stays in your database. What is published is
    an id of the editor, an id of the key, and what the key opens.
    """
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with signing(settings) as record:
        added = known.add(
            record,
            name,
            known.scopes_of(scopes, nouns),
            public_key=public_key,
            shows_name=show_name,
            editor=editor,
        )
    say_key(added)


def say_key(added: known.Added) -> None:
    """Print a key alone on a line of standard output, and beside it what it is."""
    click.echo(f"Editor {added.editor}, key {added.key_id}.", err=True)
    click.echo(
        "This is the key; it is shown once, and kept nowhere. Requests bear it in "
        "the header `Authorization: Bearer …`:",
        err=True,
    )
    click.echo(added.key)


@editors.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_data
@one_line_errors
def list_(as_json: bool, data: Path | None) -> None:
    """List every key that was ever given, and to whom."""
    settings = settings_of(data)
    must_exist(settings)
    with opened(settings) as record:
        items = [_item(key) for key in record.store.editor_keys()]
    if as_json:
        click.echo(json.dumps(items, ensure_ascii=False, indent=2))
        return
    rows = [COLUMNS, *(_cells(item) for item in items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


@editors.command("revoke")
@click.argument("key_id", metavar="KEY-ID")
@click.option(
    "--reason",
    type=click.Choice([str(each) for each in RevocationReason]),
    required=True,
    help="Why: it is published.",
)
@with_data
@one_line_errors
def revoke(key_id: str, reason: str, data: Path | None) -> None:
    """Take a key back, at once and for good: from now on it opens nothing.

    What was recorded with it stays, under the editor's id.
    """
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with signing(settings) as record:
        event = known.revoke(record, key_id, reason)
    click.echo(f"Revoked {event.data['key_id']}, at position {event.position:,}.")


def _item(key: StoredKey) -> dict[str, Any]:
    return {
        "key": key.id,
        "editor": key.editor,
        "name": key.name,
        "scopes": key.scopes.split(),
        "public_key": key.public_key or None,
        "added_at": key.added_at,
        "revoked_at": key.revoked_at or None,
        "reason": key.reason or None,
    }


def _cells(item: dict[str, Any]) -> tuple[str, ...]:
    revoked = item["revoked_at"] and f"{item['revoked_at'][:10]} ({item['reason']})"
    return (
        item["key"],
        item["editor"],
        item["name"],
        ",".join(item["scopes"]),
        item["added_at"][:10],
        revoked or "",
    )

"""Webhooks: to whom events are sent, and what the operator may do about it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from projections.listing import Page
from schemas.codelists import PauseReason
from service import start
from service import subscriptions as known
from service.cli.opening import must_exist, opened, settings_of
from service.cli.options import one_line_errors, with_data
from service.record import Record
from service.subscriptions import Row
from service.webhooks.keys import begin_rotation, end_rotation, webhook_keys


@click.group()
def webhooks() -> None:
    """See to whom events are sent, and stop or restart that.

    Subscribers make and change subscriptions over HTTP: /docs/webhooks says how. A
    server, or `copperplate follow`, sends what is due.
    """


@webhooks.command("list")
@click.option("--attempts", is_flag=True, help="Show the last attempt of each, too.")
@with_data
@one_line_errors
def webhooks_list(attempts: bool, data: Path | None) -> None:
    """List the subscriptions: their state, how far they are, and to where."""
    with _record(data) as record:
        rows = [known.shown(record, row) for row in record.subscriptions.all()]
        for row in rows:
            click.echo(_line(row))
            if attempts:
                _show_last(record, row)
    click.echo(f"{len(rows):,} subscriptions.", err=True)


@webhooks.command("key")
@with_data
@one_line_errors
def webhooks_key(data: Path | None) -> None:
    """Print the keys with which receivers check what is sent to them.

    They lie in webhook.key of the data folder, a line each, and each of them signs.
    Every machine that delivers from one database needs the same file.
    """
    with _record(data) as record:
        for each in webhook_keys(record.settings):
            click.echo(each.public)


@webhooks.command("rotate-key")
@click.option("--retire", is_flag=True, help="Take the old key out of use.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_data
@one_line_errors
def webhooks_rotate_key(retire: bool, yes: bool, data: Path | None) -> None:
    """Sign with a new key too, and later with it alone (--retire).

    Meanwhile each message has the signatures of both, so that subscribers can change
    over in their own time: tell them, and leave them 30 days. Copy webhook.key to every
    machine that delivers from the same database after each of the two steps.
    """
    with _record(data) as record:
        if not retire:
            old, new = begin_rotation(record.settings)
            click.echo(f"{new.public} signs from now on, {old.public} still does.")
            return
        if not yes:
            question = "Do all subscribers know the new key? Others take nothing more."
            click.confirm(question, abort=True)
        for each in end_rotation(record.settings):
            click.echo(f"{each.public} signs no more.")


@webhooks.command("pause")
@click.argument("id")
@with_data
@one_line_errors
def webhooks_pause(id: str, data: Path | None) -> None:
    """Send nothing to a subscription; its owner cannot resume it."""
    _change(data, id, partial(known.pause, reason=PauseReason.OPERATOR))


@webhooks.command("resume")
@click.argument("id")
@with_data
@one_line_errors
def webhooks_resume(id: str, data: Path | None) -> None:
    """Go on sending to a subscription where it stopped, at once."""
    _change(data, id, partial(known.resume, by_operator=True))


@webhooks.command("test")
@click.argument("id")
@with_data
@one_line_errors
def webhooks_test(id: str, data: Path | None) -> None:
    """Let a test message be sent; `list --attempts` tells what came of it."""
    _change(data, id, known.test)


@webhooks.command("delete")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_data
@one_line_errors
def webhooks_delete(id: str, yes: bool, data: Path | None) -> None:
    """Delete a subscription, and all that is kept of it, for good."""
    if not yes:
        click.confirm(f"Delete the subscription {id} for good?", abort=True)
    with _record(data) as record:
        known.remove(record, _found(record, id))
    click.echo("Deleted.")


@contextmanager
def _record(data: Path | None) -> Iterator[Record]:
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with opened(settings) as record:
        yield record


def _change(data: Path | None, id: str, change: Callable[[Record, Row], Row]) -> None:
    with _record(data) as record:
        click.echo(_line(change(record, _found(record, id))))


def _found(record: Record, id: str) -> Row:
    row = known.find(record, id)
    if row is None:
        raise click.ClickException(
            f"There is no subscription {id}: `copperplate webhooks list`."
        )
    return row


def _show_last(record: Record, row: Row) -> None:
    for each in record.subscriptions.list_attempts(row["id"], Page(limit=1)).rows:
        said = each["error"] or f"taken, with status {each['status']}"
        click.echo(f"    {each['at'][:19]}Z  {each['kind']}: {said}")


def _line(row: Row) -> str:
    why = f" ({row['reason']})" if row["reason"] else ""
    wanted = [each for name in ("nouns", "bodies", "types") for each in row[name]]
    which = f"  [{', '.join(wanted)}]" if wanted else ""
    place = f"{row['position']:,} of {row['head']:,}"
    return f"{row['id']}  {row['state']}{why}  {place}  {row['url']}{which}"

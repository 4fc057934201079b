"""The keys that sign the log, and its witnesses."""

import sys
from pathlib import Path

import click

from service import rotation, start, witnessing
from service.cli.opening import must_exist, opened, settings_of, signing
from service.cli.options import one_line_errors, with_data


@click.group()
def key() -> None:
    """Show and change the keys that sign the log."""


@key.command("show")
@with_data
@one_line_errors
def key_show(data: Path | None) -> None:
    """Print the verifier keys, with which anybody can check the log's signatures.

    Once a key was rotated, each line says how long the key signs.
    """
    settings = settings_of(data)
    must_exist(settings)
    with opened(settings) as record:
        periods = rotation.key_periods(record)
    for each in periods:
        click.echo(str(each.key) if len(periods) == 1 else _period(each))


@key.command("rotate")
@with_data
@one_line_errors
def key_rotate(data: Path | None) -> None:
    """Make a new key; it and the old one both sign for 30 days.

    Running servers take it up by themselves, and retire the old key when it is due.
    Where several machines serve one PostgreSQL database, copy log.key from the data
    folder of this one to those of the others within the 30 days.
    """
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with signing(settings) as record:
        click.echo(rotation.rotate(record))
        due = rotation.due_at(record)
    click.echo(f"It signs beside the old key until {due:%Y-%m-%d}.", err=True)


@key.command("retire")
@click.option("--now", is_flag=True, help="Do not wait: the old key was stolen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_data
@one_line_errors
def key_retire(now: bool, yes: bool, data: Path | None) -> None:
    """Retire the old key, if its 30 days are over.

    A server does so by itself. What was retired before the 30 days are over locks out
    whoever knows the old key alone, until they follow the log to the new one.
    """
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    if now and not yes:
        click.confirm("Retire the old key before its 30 days are over?", abort=True)
    with signing(settings) as record:
        retire = rotation.retire_now if now else rotation.retire_due
        retired, due = retire(record), rotation.due_at(record)
    if retired:
        click.echo(f"Retired {retired}.")
    else:
        click.echo(f"Due on {due:%Y-%m-%d}." if due else "No key is being rotated.")


@click.command()
@with_data
@one_line_errors
def witness(data: Path | None) -> None:
    """Ask every witness to cosign the log, and every mirror what it holds.

    COPPERPLATE_WITNESSES names the file that lists the witnesses, in the form of C2SP
    tlog-policy. What contradicts the log keeps it from being signed until it is
    mended, and this command, or a start of the server, has found it so. The exit
    status is 1 if any did not agree.
    """
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with opened(settings) as record:
        answers = witnessing.ask_all(record)
    for each in answers:
        click.echo(f"{each.who}: {each.text}")
    sys.exit(0 if all(each.is_good for each in answers) else 1)


def _period(period: rotation.KeyPeriod) -> str:
    since = period.since or "the beginning"
    until = f", until {period.until}" if period.until else ""
    verb = "signed" if period.is_over else "signs"
    return f"{period.key}  {verb} since {since}{until}"

"""Archiving sources."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from projections.sources import id_of
from service import archiving, start
from service.archiving import Result
from service.cli.opening import must_exist, settings_of, signing
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress
from service.config import Settings
from service.fetching import Fetching, connect_publicly
from service.log.web import Connect
from service.record import Record

AGENT = "Copperplate-archive/1.0"


@click.command()
@click.argument("names", metavar="[URL|FILE]...", nargs=-1)
@click.option("--url", help="The address whose copy a FILE is.")
@click.option("--all", "is_all", is_flag=True, help="Check every address on record.")
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Only addresses that were not looked at for so many days.",
)
@click.option(
    "--delay",
    type=click.FloatRange(min=0),
    default=archiving.DELAY,
    show_default=True,
    help="Seconds between two requests to one host.",
)
@click.option("--withdraw", metavar="SHA256", help="Remove a copy for good.")
@click.option(
    "--reference",
    help="Why, or the number of the case, of a withdrawal. It is published for ever: "
    "never write personal data into it.",
)
@click.option("--by", default="system", show_default=True, help="Who archives: an id.")
@click.option("--dry-run", is_flag=True, help="Fetch nothing; say what would be.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@with_data
@one_line_errors
@click.pass_obj
def archive(
    connect: Connect | None,
    names: tuple[str, ...],
    url: str | None,
    is_all: bool,
    older_than: int | None,
    delay: float,
    withdraw: str | None,
    reference: str | None,
    by: str,
    dry_run: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    """Keep copies of sources under the hash of their bytes, and check them again.

    A first copy of an address is kept and put on record; from then on each run
    records whether it gives the same bytes, others (which are kept too), or none.
    Only addresses of the public Internet are fetched.

    The exit status is 1 if any address gave nothing that could be kept.

    \b
    copperplate archive https://example.org/report.pdf
    copperplate archive report.pdf --url https://example.org/report.pdf
    copperplate archive --all --older-than 30
    copperplate archive --withdraw 9f86d081… --reference "KB-2026-17"
    """
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    _check_usage(names, url, is_all, withdraw, reference)
    with signing(settings) as record:
        if withdraw:
            _withdraw(record, withdraw, reference or "", by, dry_run)
            return
        work = _Work(record, _fetching(settings, connect), delay, by, dry_run)
        if url:
            results = work.keep(Path(names[0]), url)
        else:
            results = work.look(_urls(record, names, is_all, older_than))
    _show(results, as_json)
    sys.exit(1 if any(each.is_bad for each in results) else 0)


@dataclass(frozen=True)
class _Work:
    record: Record
    fetching: Fetching
    delay: float
    by: str
    is_dry: bool

    def keep(self, path: Path, url: str) -> list[Result]:
        if self.is_dry:
            return [self._would(archiving.checked_url(url))]
        return [archiving.archive_file(self.record, path, url, by=self.by)]

    def look(self, urls: list[str]) -> list[Result]:
        if self.is_dry:
            return list(map(self._would, urls))
        results = []
        with progress("Archiving", len(urls)) as add:
            for url in archiving.politely(urls, self.delay):
                results.append(self._look(url))
                add(1)
        return results

    def _look(self, url: str) -> Result:
        return archiving.archive_url(self.record, url, self.fetching, by=self.by)

    def _would(self, url: str) -> Result:
        looked = archiving.last_check(self.record, url)
        detail = f"last looked at {looked[:10]}" if looked else "not looked at yet"
        return Result(url, id_of(url), "would be looked at", None, detail=detail)


def _check_usage(
    names: tuple[str, ...],
    url: str | None,
    is_all: bool,
    withdraw: str | None,
    reference: str | None,
) -> None:
    if sum((bool(names), is_all, bool(withdraw))) != 1:
        raise click.UsageError("Give addresses, or a FILE, or --all, or --withdraw.")
    if bool(withdraw) != bool(reference):
        raise click.UsageError("A withdrawal takes --withdraw and --reference.")
    if url and (len(names) != 1 or _is_url(names[0])):
        raise click.UsageError("--url goes with one FILE.")
    files = [name for name in names if not _is_url(name)]
    if files and not url:
        raise click.UsageError(f"{files[0]!a} is no address; a FILE takes --url.")


def _urls(
    record: Record, names: tuple[str, ...], is_all: bool, older_than: int | None
) -> list[str]:
    if is_all:
        return archiving.cited(record, older_than)
    given = dict.fromkeys(map(archiving.checked_url, names))
    looked = ((url, archiving.last_check(record, url)) for url in given)
    return [url for url, at in looked if archiving.is_due(record, at, older_than)]


def _withdraw(
    record: Record, sha256: str, reference: str, by: str, is_dry: bool
) -> None:
    if is_dry:
        count = len(archiving.sources_of(record, sha256))
        click.echo(f"Nothing was withdrawn; {count} sources have this copy.")
        return
    count = archiving.withdraw(record, sha256, reference, by=by)
    click.echo(f"Withdrawn: the copy is kept no longer; {count} sources had it.")


def _show(results: Sequence[Result], as_json: bool) -> None:
    if as_json:
        shown = [each.to_dict() for each in results]
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for each in results:
        click.echo(each.to_text())
    if not results:
        click.echo("There is nothing to look at.")


def _fetching(settings: Settings, connect: Connect | None) -> Fetching:
    """Return how to fetch; `connect` is given by programs alone, never by a setting."""
    where = f" (+{settings.public_url})" if settings.public_url else ""
    return Fetching(connect or connect_publicly, AGENT + where)


def _is_url(name: str) -> bool:
    return name.startswith(("http://", "https://"))

"""Signing what is sent to be recorded, by an editor's own key: no record is needed."""

import json
from pathlib import Path
from typing import IO, Any

import click

from service.cli.options import one_line_errors
from service.log.key_file import load_key, make_key
from service.presigning import (
    members_restating,
    restates,
    schema_for,
    signed_members,
)


@click.command("signing-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@one_line_errors
def signing_key(file: Path) -> None:
    """Make a key of your own in FILE, and print the public half of it.

    Give what is printed to the operator, who registers it with your key:
    `copperplate editors add … --public-key`. FILE never leaves your machine.
    """
    if file.exists():
        raise FileExistsError(f"{file} is there already: it is not overwritten.")
    make_key(file, "editor")
    click.echo(load_key(file).verifier)


@click.command()
@click.argument("type_name", metavar="TYPE")
@click.argument("body", type=click.File("rb"), default="-")
@click.option(
    "--key",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that `copperplate signing-key` has made.",
)
@click.option("--key-id", required=True, help="The id of the key you write with: k-…")
@click.option("--id", required=True, help="The id of the thing: west-mercia …")
@click.option(
    "--version",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Which event of the thing it will be: 1 of a new one, else one more than "
    "the `version` of its last. Not with --versions, which tell.",
)
@click.option(
    "--versions",
    type=click.File("rb"),
    help="Of a correction or a dispute: what `/versions?limit=1000` of the thing "
    "answers, as a file.",
)
@one_line_errors
def sign(
    type_name: str,
    body: IO[bytes],
    file: Path,
    key_id: str,
    id: str,
    version: int,
    versions: IO[bytes] | None,
) -> None:
    """Sign the body of a request, and print it with its signature and salts.

    TYPE is the type of the event: rating.awarded, statement.published … BODY is a file
    with what you would send; without one it is read from standard input. What is
    printed is sent as it is. The texts stay out of what is signed: it can be checked
    even after they are redacted. A correction or a dispute states the whole event anew,
    and needs --versions. Redactions are not signed.

    \b
    copperplate sign body.renamed body.json --id kent --version 2 \\
        --key my.key --key-id k-0123abcd | curl --json @- …
    """
    said = _read(body)
    loaded = _loaded(type_name, said)
    own: dict[str, Any] = {"id": id, "signer": load_key(file), "key_id": key_id}
    if restates(type_name):
        members = members_restating(type_name, loaded, _answer(versions), **own)
    else:
        members = signed_members(type_name, loaded, version=version, **own)
    click.echo(json.dumps({**said, **members}, ensure_ascii=False, indent=2))


def _read(body: IO[bytes]) -> dict[str, Any]:
    # Here, since it brings the whole of the HTTP side, which no other command needs.
    from service.http.bodies import parse

    value, faults = parse(body.read())
    _refuse(faults)
    if not isinstance(value, dict):
        raise click.ClickException("The body is no object.")
    return value


def _answer(versions: IO[bytes] | None) -> Any:
    if versions is None:
        raise click.ClickException(
            "A correction or a dispute takes --versions: save what "
            "/versions?limit=1000 of the thing answers."
        )
    try:
        return json.loads(versions.read())
    except ValueError as error:
        raise click.ClickException("The file of --versions is not JSON.") from error


def _loaded(type_name: str, said: dict[str, Any]) -> dict[str, Any]:
    from service.http.loading import load

    faults: list[dict[str, Any]] = []
    loaded = load(schema_for(type_name), said, faults)
    _refuse(faults)
    return loaded


def _refuse(faults: list[dict[str, Any]]) -> None:
    if faults:
        lines = [f"  {each['pointer'] or 'body'}: {each['detail']}" for each in faults]
        raise click.ClickException("\n".join(["The body:", *lines]))

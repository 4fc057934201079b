"""Documents made from the code."""

import click

from service.cli.options import one_line_errors


@click.command()
@one_line_errors
def openapi() -> None:
    """Print the OpenAPI document, made from the code."""
    from service.app import create_app
    from service.http.openapi import build_spec

    click.echo(build_spec(create_app(None)).to_yaml(), nl=False)

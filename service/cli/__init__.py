"""The command line: `copperplate`. List new commands here."""

import click

from service.cli.archiving import archive
from service.cli.bulk import bulk
from service.cli.documents import openapi
from service.cli.editing import editors
from service.cli.importing import import_
from service.cli.keys import key, witness
from service.cli.redacting import redact
from service.cli.replaying import rebuild, replay
from service.cli.reports import reports
from service.cli.serving import follow, serve, status
from service.cli.signing import sign, signing_key
from service.cli.verifying import mirror, verify
from service.cli.webhooks import webhooks


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copperplate")
def main() -> None:
    """Copperplate: the permanent, provable public record of police inspection.

    COPPERPLATE_DATABASE_URL names a PostgreSQL database instead of SQLite,
    COPPERPLATE_ORIGIN the log (fixed when its key is made), COPPERPLATE_PUBLIC_URL
    the address under which the public reaches the service. COPPERPLATE_WITNESSES
    names a policy file with witnesses of the log, COPPERPLATE_MIRRORS its mirrors
    (addresses or folders, with commas between them). COPPERPLATE_TRUSTED_PROXIES says
    how many proxies stand before the service (none, if it is not set).
    """


COMMANDS = (
    serve,
    import_,
    status,
    rebuild,
    replay,
    bulk,
    follow,
    verify,
    redact,
    reports,
    webhooks,
    archive,
    mirror,
    editors,
    sign,
    signing_key,
    key,
    witness,
    openapi,
)
for _command in COMMANDS:
    main.add_command(_command)

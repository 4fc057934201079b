"""What the commands share: the data folder, and errors of one line."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from service import (
    archiving,
    editors,
    presigning,
    redaction,
    reports,
    rotation,
    start,
    subscriptions,
)
from service.config import SettingsError
from service.domain.base import RuleBrokenError
from service.log.errors import StoreError
from service.log.keys import KeyFileError

_MENDABLE = (
    SettingsError,
    StoreError,
    RuleBrokenError,
    KeyFileError,
    editors.EditorError,
    archiving.NotArchivableError,
    presigning.NotSignableError,
    redaction.NotRedactableError,
    reports.UnknownEventError,
    rotation.RotationError,
    start.PortInUseError,
    subscriptions.SubscriptionError,
    OSError,
)


def one_line_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let what a user can mend end the command with one line, not a traceback."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DBAPIError as error:
            cause = str(error.orig).strip().partition("\n")[0]
            raise click.ClickException(
                f"The read model: {cause}. It can be made anew from the log: delete "
                "read-*.db in the data folder and run `copperplate rebuild`."
                if "sqlite3" in type(error.orig).__module__
                else f"The read model: {cause}"
            ) from error
        except NoRoomError as error:
            raise click.ClickException(f"The read model: {error}") from error
        except _MENDABLE as error:
            raise click.ClickException(str(error)) from error

    return wrapper


def with_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the data folder."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The data folder (COPPERPLATE_DATA; ./data if neither is given).",
    )(command)

"""Progress bars of long work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(
    title: str, total: int, *, is_position: bool = False
) -> Iterator[Callable[..., None]]:
    """Show a bar on standard error; yield what moves it on, or to a position."""
    # Here, since most commands show none: it takes a tenth of the start of a server.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)

        def move(count: int, last: int | None = None) -> None:
            if is_position:
                bar.update(task, completed=count, total=last)
            else:
                bar.advance(task, count)

        yield move

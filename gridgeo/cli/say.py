"""How commands speak: results to standard output, progress and errors to standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

Told = Callable[[float, str], None]


def tell(text: str) -> None:
    """Print one line of the result; no markup is read, so data cannot colour the screen."""
    out.print(text, markup=False)


def next_step(text: str) -> None:
    """Say what to do next."""
    err.print(f"Next: {text}", markup=False)


@contextmanager
def bar(title: str) -> Iterator[Told]:
    """Show a progress bar while the block runs.

    Parameters
    ----------
    title : str

    Yields
    ------
    callable
        Takes the share done, 0 to 1, and a short sentence.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=False) as progress:
        task = progress.add_task(title, total=1.0)

        def told(share: float, text: str = "") -> None:
            progress.update(task, completed=share, description=f"{title} {text}".rstrip())

        yield told
        progress.update(task, completed=1.0, description=title)


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a small table."""
    made = Table(title=title, title_justify="left", show_edge=False)
    for column in columns:
        made.add_column(column)
    for row in rows:
        made.add_row(*row)
    out.print(made, markup=False)

"""Ids in messages, and ids for grids that are new."""

from collections.abc import Iterable


def three(ids: Iterable[object]) -> str:
    """Show at most three ids."""
    names = [str(one) for one in ids]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def new_ids(count: int, taken: Iterable[object]) -> list[object]:
    """Name new grids ``new-1``, ``new-2`` …, leaving out names that are taken."""
    used, number = set(taken), 0
    names: list[object] = []
    while len(names) < count:
        number += 1
        if f"new-{number}" not in used:
            names.append(f"new-{number}")
    return names

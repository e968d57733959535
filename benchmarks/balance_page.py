"""What the benchmarks of balance put into pages: tables and captions between markers.

It stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. Rows of a table that were not measured
again stay as they are; each tells the day of its own.
"""

import re


def write(page, name, heads, rows):
    """Put measured rows into a table of a page.

    Parameters
    ----------
    page : Path
    name : str
        Of the markers.
    heads : sequence of str
    rows : list of sequence of str
        Their first cell is the instance. The rows of one take the place of all the table had of
        it; those of a new one go to the end.
    """
    by_instance = _by_instance(_rows(between(page, name))[2:]) | _by_instance(rows)
    whole = [row for own in by_instance.values() for row in own]
    lines = [heads, ["---"] * len(heads), *whole]
    put(page, name, "".join(f"| {' | '.join(line)} |\n" for line in lines))


def between(page, name):
    """Give what stands between the markers of a page."""
    return _found(page.read_text(encoding="utf-8"), page, name)[2]


def put(page, name, lines):
    """Put lines between the markers of a page, in place of what stood there."""
    text = page.read_text(encoding="utf-8")
    found = _found(text, page, name)
    whole = text[: found.start(2)] + lines + text[found.end(2) :]
    page.write_text(whole, encoding="utf-8")


def _found(text, page, name):
    marks = rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)"
    found = re.search(marks, text, flags=re.DOTALL)
    if not found:
        raise ValueError(f"{page} has no markers <!-- {name} --> and <!-- /{name} -->.")
    return found


def _by_instance(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return groups


def _rows(table):
    return [
        [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        for line in table.splitlines()
        if line.startswith("|")
    ]

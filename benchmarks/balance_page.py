"""The tables of the benchmark of balance as Markdown, between the markers of a page.

A table stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. Rows that were not measured again
stay as they are; each tells the day of its own.
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
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", flags=re.DOTALL)
    found = pattern.search(text)
    if not found:
        raise ValueError(f"{page} has no markers <!-- {name} --> and <!-- /{name} -->.")
    by_instance = _by_instance(_rows(found[2])[2:]) | _by_instance(rows)
    whole = [row for own in by_instance.values() for row in own]
    lines = [heads, ["---"] * len(heads), *whole]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    page.write_text(pattern.sub(lambda m: m[1] + table + m[3], text), encoding="utf-8")


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

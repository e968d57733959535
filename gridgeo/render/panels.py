"""The title box and the legend: HTML beside the map, not part of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridgeo.publish import Layer
from gridgeo.render.escape import escape
from gridgeo.render.values import head, written
from gridgeo.words import Lang, say


@dataclass(frozen=True)
class Swatch:
    """One line of a legend.

    Parameters
    ----------
    label : str
        Plain text; escaped here.
    fill, line : str
        Colours of the area and its border; a fill of "" is an empty area.
    stroke : str
        "dashed" or "dotted" where the border is broken.
    count : str
        What stands at the end of the line, such as how many there are.
    """

    label: str
    fill: str
    line: str = "#5b6672"
    stroke: str = ""
    count: str = ""

    def html(self) -> str:
        """Write the line."""
        style = f"background:{self.fill or 'transparent'};border-color:{self.line}"
        dashes = f' class="{self.stroke}"' if self.stroke else ""
        count = f'<span class="count">{escape(self.count)}</span>' if self.count else ""
        return f'<li><i style="{style}"{dashes}></i><span>{escape(self.label)}</span>{count}</li>'


def legend(identity: str, title: str, swatches: Sequence[Swatch], hidden: bool = False) -> str:
    """Write one legend.

    Parameters
    ----------
    identity : str
        Id of the element, by which the map shows it beside its layer.
    title : str
        Plain text: what the colours mean and in which unit; "" where the lines say it.
    swatches : sequence of Swatch
    hidden : bool
        Whether another legend is shown first.

    Returns
    -------
    str
        HTML.
    """
    lines = "".join(swatch.html() for swatch in swatches)
    away = " hidden" if hidden else ""
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    return f'<div class="scale" id="{identity}"{away}>{heading}<ul>{lines}</ul></div>'


def legend_box(legends: Sequence[str], lang: Lang) -> str:
    """Put legends into the box that can be folded away; without any, it says nothing was found."""
    word = escape(head("legend", lang))
    legends = legends or [f"<p>{escape(head('none_found', lang))}</p>"]
    return (
        f'<section class="panel legend" aria-label="{word}"><details open>'
        f'<summary>{word}</summary><div class="scroll" tabindex="0" role="group" '
        f'aria-label="{word}">{"".join(legends)}</div></details></section>'
    )


def table_box(layer: Layer, columns: Sequence[str], lang: Lang, title: str = "") -> str:
    """Write the figures of a layer as a table to be opened beside the map, and sorted.

    Parameters
    ----------
    layer : Layer
    columns : sequence of str
        The first one names the row; where it is a figure, rows are numbered instead.
    lang : {"zh", "en"}
    title : str
        Plain text, where the page has several tables.

    Returns
    -------
    str
        HTML; everything escaped.
    """
    which = f"{head('table', lang)}: {title}" if title else head("table", lang)
    word = escape(f"{which} ({len(layer.features):,})")
    fields = [layer.field(name) for name in columns]
    labels = [(field.label(lang), field.kind in ("int", "float")) for field in fields]
    texts = [written(layer, name, lang) for name in columns]
    if labels[0][1]:
        labels.insert(0, (head("number", lang), True))
        texts.insert(0, [str(number + 1) for number in range(len(layer.features))])
    heads = "".join(
        f'<th scope="col"{" data-figures" if figures else ""}>'
        f'<button type="button">{escape(label[:1].upper() + label[1:])}</button></th>'
        for label, figures in labels
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in rest)
        + "</tr>"
        for first, *rest in zip(*texts, strict=True)
    )
    return (
        f'<section class="panel twin" aria-label="{word}"><details><summary>{word}</summary>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{word}"><table><thead><tr>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div></details></section>"
    )


def slider_box(labels: Sequence[str], amounts: Sequence[float], lang: Lang, start: int = 0) -> str:
    """Write the slider over the frames of a map, with a bar for how much each one tells of.

    Parameters
    ----------
    labels : sequence of str
        One a position; plain text.
    amounts : sequence of float
        Not negative; the highest bar is the greatest.
    lang : {"zh", "en"}
    start : int
        The position shown first.

    Returns
    -------
    str
        HTML; everything escaped.
    """
    most = max(*amounts, 1e-9)
    bars = "".join(f'<i style="height:{amount / most:.0%}"></i>' for amount in amounts)
    names = "".join(f"<li>{escape(label)}</li>" for label in labels)
    word, play, pause = (escape(head(w, lang)) for w in ("time_of_day", "play", "pause"))
    return (
        f'<section class="panel time" aria-label="{word}"><div class="row">'
        f'<button type="button" data-play="{play}" data-pause="{pause}">{play}</button>'
        f'<b>{word}</b><output aria-live="polite">{escape(labels[start])}</output></div>'
        f'<div class="bars" aria-hidden="true">{bars}</div>'
        f'<input type="range" min="0" max="{len(labels) - 1}" step="1" value="{start}" '
        f'aria-label="{word}"><ul hidden>{names}</ul></section>'
    )


def title_box(title: str, layers: Sequence[Layer], lang: Lang) -> str:
    """Say what is shown: of when, from where, under which plan, for whom, and what is missing.

    Parameters
    ----------
    title : str
        Plain text.
    layers : sequence of Layer
        What the map shows. Where they differ, each is named.
    lang : {"zh", "en"}

    Returns
    -------
    str
        HTML; everything escaped.
    """
    facts = []
    for name in ("period", "as_of", "plan", "source", "disclosure"):
        said = {layer.title(lang): _fact(layer, name, lang) for layer in layers}
        values = list(dict.fromkeys(value for value in said.values() if value))
        if len(values) > 1:
            values = [f"{where}: {value}" for where, value in said.items() if value]
        if values:
            lines = "".join(f"<dd>{escape(value)}</dd>" for value in values)
            facts.append(f"<dt>{escape(head(name, lang))}</dt>{lines}")
    noted = [(layer.title(lang), note) for layer in layers for note in layer.notes(lang)]
    notes = dict.fromkeys(note if len(layers) == 1 else f"{where}: {note}" for where, note in noted)
    kept = "".join(f"<li>{escape(note)}</li>" for note in notes)
    kept = f'<ul class="notes">{kept}</ul>' if kept else ""
    return (
        f'<header class="panel title"><h1>{escape(title)}</h1>'
        f"<dl>{''.join(facts)}</dl>{kept}</header>"
    )


def _fact(layer: Layer, name: str, lang: Lang) -> str:
    if name == "plan":
        return layer.plan_version
    if name == "period":
        return "" if layer.period == layer.as_of else layer.period
    if name == "disclosure":
        return f"{say(layer.disclosure, lang)} (k ≥ {layer.k})"
    return str(getattr(layer, name))

"""Text from data, made harmless wherever a page may put it."""

_HARMLESS = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&#39;",
        # Folium's tooltips are JavaScript template literals.
        "`": "&#96;",
        "$": "&#36;",
        "{": "&#123;",
        "}": "&#125;",
        "\\": "&#92;",
    }
)


def escape(value: object) -> str:
    """Write a value as HTML text that neither HTML nor a template literal takes for code.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        Reads on the page exactly as ``str(value)``.
    """
    return str(value).translate(_HARMLESS)

"""Files a page is made of, read from the package: nothing comes from the network."""

import base64
import re
from functools import cache
from importlib.resources import files

from gridgeo.errors import NotFoundError

_MIME = {"png": "image/png", "svg": "image/svg+xml"}


@cache
def text(path: str) -> str:
    """Read one of the package's own text files.

    Parameters
    ----------
    path : str
        Below ``gridgeo/render``, such as ``vendor/leaflet/leaflet.js``.

    Returns
    -------
    str

    Raises
    ------
    NotFoundError
        The installation lacks the file.
    """
    return _read(path).decode()


@cache
def stylesheet(path: str) -> str:
    """Read a stylesheet with its images written into it.

    Parameters
    ----------
    path : str
        Below ``gridgeo/render``.

    Returns
    -------
    str
        Every ``url(images/…)`` is a ``data:`` address.
    """
    folder = path.rpartition("/")[0]

    def inlined(link: re.Match[str]) -> str:
        name = link["name"]
        coded = base64.b64encode(_read(f"{folder}/{name}")).decode()
        return f"url(data:{_MIME[name.rpartition('.')[2]]};base64,{coded})"

    return re.sub(r"url\(['\"]?(?P<name>[\w./-]+)['\"]?\)", inlined, text(path))


def script(path: str) -> str:
    """Read a script without the line that names its source map, which is not shipped."""
    return re.sub(r"^//# sourceMappingURL=.*$", "", text(path), flags=re.MULTILINE).strip()


def _read(path: str) -> bytes:
    try:
        return files("gridgeo.render").joinpath(path).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"The installation lacks gridgeo/render/{path}.", hint="Install gridgeo again."
        ) from None

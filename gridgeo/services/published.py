"""What has been published: layers read back, kept in memory until a newer version is there."""

from collections.abc import Iterable
from threading import Lock
from typing import Any, Protocol

import pandas as pd

from gridgeo.errors import NotFoundError
from gridgeo.publish.layer import Disclosure, Layer, reopen

__all__ = ["INTERNAL", "Disclosure", "Gallery", "Layer", "PublishedStore"]

# Layers that only who signed in may see, whatever they hold today.
INTERNAL = (
    "assessment",
    "blind-spots",
    "coverage",
    "hotspots",
    "incidents",
    "incidents-by-time",
    "quality",
    "staffing",
)


class PublishedStore(Protocol):
    """The part of the store that reads what left the house."""

    def published_version(self, layer_id: str, scope: Disclosure = "public") -> int | None:
        """Give the current version, None if the layer is not there for this scope."""
        ...

    def published(
        self, layer_id: str, scope: Disclosure = "public"
    ) -> tuple[Any, dict[str, Any]] | None:
        """Give features and meta of the current version, None if not there for this scope."""
        ...

    def published_layers(self, scope: Disclosure = "public") -> pd.DataFrame:
        """List the current layers, index ``layer_id``."""
        ...


class Gallery:
    """The published layers of a city, each read once per version.

    Parameters
    ----------
    store : PublishedStore
        Usually connected as the API's role, which sees nothing else.
    """

    def __init__(self, store: PublishedStore) -> None:
        self._store = store
        self._kept: dict[tuple[str, Disclosure], tuple[int, Layer]] = {}
        self._lock = Lock()

    def layer(self, layer_id: str, scope: Disclosure = "public") -> Layer:
        """Give the layer in its current version.

        Parameters
        ----------
        layer_id : str
        scope : {"public", "internal"}
            What the caller may see.

        Returns
        -------
        Layer

        Raises
        ------
        NotFoundError
            Nothing of that name is published for this scope.
        """
        version = self._store.published_version(layer_id, scope)
        key = (layer_id, scope)
        with self._lock:
            kept = self._kept.get(key)
        if version is not None and kept is not None and kept[0] == version:
            return kept[1]
        found = None if version is None else self._store.published(layer_id, scope)
        if found is None or version is None:
            raise NotFoundError(
                f"No layer {layer_id!r} is published.",
                hint="Publish with `gridgeo publish`; names are listed under /ogc/collections.",
                fields=["layer"],
            )
        layer = reopen(*found)
        with self._lock:
            self._kept[key] = (version, layer)
        return layer

    def some(self, names: Iterable[str], scope: Disclosure = "public") -> dict[str, Layer]:
        """Give those of the layers that are published for this scope, by id."""
        there = set(self.names(scope))
        return {name: self.layer(name, scope) for name in names if name in there}

    def names(self, scope: Disclosure = "public") -> list[str]:
        """List the layers published for this scope, in the order of their ids."""
        return sorted(self._store.published_layers(scope).index)

"""What a layer is, who may see it, and what was told of it before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.publish.layer import Disclosure, Field, K


class Ledger(Protocol):
    """Remembers every figure ever published."""

    def published(self, layer_id: str) -> pd.DataFrame:
        """Give what ``Layer.ledger_rows`` said of all earlier releases of a layer.

        Returns
        -------
        DataFrame
            ``feature_id``, ``period``, ``column``, ``value`` (NaN where withheld), oldest first.
        """
        ...


@dataclass(frozen=True)
class Scope:
    """What a layer is, who may see it, and which of its columns count people.

    Parameters
    ----------
    layer : str
        Id of the layer. Points are let out only for those of ``FIXED_ASSETS``.
    zh, en : str
        Title.
    fields : tuple of Field
        The columns that leave, in this order; others of the frame stay at home. Mark counts of
        residents, and of what befell them, with ``is_count``.
    disclosure : {"public", "internal"}
        k is 10 or 5.
    together : tuple of tuple of str
        Counts that tell of the same people, such as ``(("households", "load"),)``: withheld and
        held together. A count named nowhere here stands alone.
    parents : mapping of str to str
        Columns of the frame with the codes of the levels above, coarsest first, each with the
        layer that publishes their totals: ``{"town_code": "towns", "village_code": "villages"}``.
        These totals, and that of the whole layer, are taken to be known.
    additive : bool
        False where the same people stand in several rows, so that no sum over rows is a total
        of anything: then a row is withheld for its own sake only.
    derived : mapping of str to callable
        Columns worked out from the figures *as they are published*, in this order: the callable
        gets the features so far and gives a Series. So no derived figure knows more than the
        reader. They must be declared in ``fields``.
    rounded : bool
        Round counts to multiples of k. For proposed plans: two proposals that differ by one base
        unit would give its count away as a difference, and there is no telling beforehand which
        proposals will be laid side by side.
    by_grid : str
        How many rows were left out since they are known only by their grid; see ``roughly``.
    unit, period, source, plan_version, as_of : str
        See ``Layer``.
    """

    layer: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    disclosure: Disclosure = "public"
    together: tuple[tuple[str, ...], ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    additive: bool = True
    derived: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = field(default_factory=dict)
    rounded: bool = False
    by_grid: str = ""
    unit: str = ""
    period: str = ""
    source: str = ""
    plan_version: str = ""
    as_of: str = ""

    @property
    def k(self) -> int:
        """Least count that may be told."""
        return K[self.disclosure]

    def groups(self) -> list[list[str]]:
        """List the count columns, those that go together in one list."""
        counts = [one.name for one in self.fields if one.is_count]
        strangers = {name for group in self.together for name in group} - set(counts)
        if strangers:
            raise ParameterError(
                f"Layer {self.layer} withholds {', '.join(sorted(strangers))} together with "
                "others, but no field of that name is a count.",
                hint="Declare it in fields with is_count=True.",
                fields=sorted(strangers),
            )
        grouped = [list(group) for group in self.together]
        return grouped + [[n] for n in counts if not any(n in group for group in grouped)]

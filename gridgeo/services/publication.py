"""What leaves the house: every layer a city publishes, made anew from the store."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from gridgeo._version import __version__
from gridgeo.errors import ParameterError
from gridgeo.model.contract import Contract
from gridgeo.model.plan import Plan
from gridgeo.model.records import StoredPlan
from gridgeo.publish import Layer
from gridgeo.services.about import About
from gridgeo.services.assessment import appraise, assessment_layer
from gridgeo.services.coverage import blind_spots, told_counts
from gridgeo.services.coverage_layers import (
    coverage_layer,
    quality_layer,
)
from gridgeo.services.hotspots import hotspots_layer
from gridgeo.services.incidents_by_time import incidents_by_time_layer
from gridgeo.services.kept import kept
from gridgeo.services.layers import (
    blind_spots_layer,
    grids_layer,
    incidents_layer,
    load_layer,
    proposed_layer,
    stations_layer,
    villages_layer,
)
from gridgeo.services.plans import propose
from gridgeo.services.posts import posts_layer
from gridgeo.services.reach_layers import access_layer, service_areas_layer
from gridgeo.services.sources import Frame, Source
from gridgeo.services.standards import Standards

Told = Callable[[float, str], None]


class OpenPublication(Protocol):
    """A publication under way; all of it is kept, or nothing."""

    def layers(self) -> pd.DataFrame:
        """List the current layers with their ``meta``."""
        ...

    def ledger(self, layer_id: str) -> pd.DataFrame:
        """Give every figure published before."""
        ...

    def publish(
        self,
        layer_id: str,
        features: gpd.GeoDataFrame,
        meta: Mapping[str, Any],
        counts: pd.DataFrame,
    ) -> int:
        """Make a new version of a published layer current."""
        ...

    def withdraw_all_but(self, layer_ids: Collection[str]) -> None:
        """Let no other layer be current."""
        ...

    def record_findings(
        self, frame: Frame, as_of: dt.date, kinds: Collection[str] | None = None
    ) -> object:
        """Open, keep and close rows of the register, of the kinds that were looked for."""
        ...

    def keep_base(self, day: dt.date) -> int:
        """Keep what stands, for a plan about to be made."""
        ...

    def save_plan(self, plan: StoredPlan) -> int:
        """Keep a plan as a draft."""
        ...


class CityStore(Protocol):
    """The parts of the store that publication needs."""

    def frame(self, contract: Contract, *, as_of: dt.date | None = None) -> Frame:
        """Give a layer's rows."""
        ...

    def feeds(self) -> pd.DataFrame:
        """Give the register of feeds."""
        ...

    def publication(self) -> AbstractContextManager[OpenPublication]:
        """Open a publication; others wait for it."""
        ...


@dataclass(frozen=True)
class Published:
    """What a publication did.

    Parameters
    ----------
    layers : dict of str to Layer
        The layers that were made; empty when nothing had changed.
    skipped : dict of str to str
        Layers that could not be made, with the reason.
    counts : dict of str to str
        Blind spots by kind, of households only from k upwards.
    plan : Plan or None
        The proposal that was computed.
    """

    layers: dict[str, Layer]
    skipped: dict[str, str]
    counts: dict[str, str]
    plan: Plan | None

    @property
    def changed(self) -> bool:
        """Whether anything was published."""
        return bool(self.layers)


class _Past:
    """The ledger as ``publish.release`` asks for it."""

    def __init__(self, publication: OpenPublication) -> None:
        self._publication = publication

    def published(self, layer_id: str) -> pd.DataFrame:
        """Give what was published of a layer before."""
        return self._publication.ledger(layer_id)


def publish_all(
    store: CityStore,
    as_of: dt.date,
    *,
    now: dt.datetime,
    standards: Standards | None = None,
    source: str = "",
    zone: str = "Asia/Shanghai",
    seed: int = 0,
    told: Told,
) -> Published:
    """Run all analyses on the store and publish what may leave.

    Parameters
    ----------
    store : CityStore
    as_of : date
        The day told about.
    now : datetime
        With a time zone: when it is published.
    standards : Standards, optional
    source : str
        Where the data came from, as every layer says it.
    zone : str
        Time zone whose days are meant.
    seed : int
        Of the proposed plan.
    told : callable
        Told the share done, 0 to 1, and what is going on.

    Returns
    -------
    Published
        Nothing is made anew when neither the files taken in, the day, the standards, the source,
        the zone, the seed nor the version of gridgeo changed since the last publication.

    Notes
    -----
    All layers, the register and the proposal are one transaction: readers see the last
    publication or this one, never a mixture, and a killed program leaves the last one.
    """
    standards = standards or Standards()
    with store.publication() as publication:
        # Files that come in from here on are of the next publication.
        digest = _digest(store.feeds(), (as_of, standards, source, zone, seed, __version__))
        current = publication.layers()
        if len(current) and all(meta.get("inputs") == digest for meta in current["meta"]):
            return Published({}, {}, {}, None)
        about = About(
            as_of,
            source=source,
            plan_version=as_of.isoformat(),
            ledger=_Past(publication),
            standards=standards,
            zone=zone,
        )
        told(0.02, "blind spots")
        base_id = publication.keep_base(as_of)
        known = kept(store)  # all layers tell of the same rows
        found = blind_spots(known, as_of, standards, zone=zone)
        publication.record_findings(found.findings, as_of, found.judged)
        plan, reason = _proposal(known, as_of, seed, lambda s, text: told(0.3 + 0.5 * s, text))
        proposal = None
        if plan is not None:
            draft = StoredPlan(
                plan.assignment,
                now,
                seed=seed,
                scores=plan.scores,
                base_date=as_of,
                base_id=base_id,
            )
            proposal = plan, replace(about, plan_version=f"#{publication.save_plan(draft)}")
        told(0.8, "layers")
        layers, skipped = _layers(known, about, proposal)
        if plan is None:
            skipped["load-proposed"] = reason
        layers["blind-spots"] = blind_spots_layer(found, about, told=layers.get("load"))
        for done, layer in enumerate(layers.values()):
            told(0.85 + 0.15 * done / len(layers), layer.id)
            meta = layer.meta() | {"inputs": digest}
            publication.publish(layer.id, layer.features, meta, layer.ledger_rows())
        publication.withdraw_all_but(layers)
    return Published(layers, skipped, told_counts(found), plan)


def _layers(
    source: Source, about: About, proposal: tuple[Plan, About] | None
) -> tuple[dict[str, Layer], dict[str, str]]:
    """Make the layers, coarse ones first, and say which could not be made."""
    makers: dict[str, Callable[[], Layer]] = {
        "villages": lambda: villages_layer(source, about),
        "grids": lambda: grids_layer(source, about),
        "stations": lambda: stations_layer(source, about),
        "load": lambda: load_layer(source, about),
        "incident-cells": lambda: incidents_layer(source, about),
        "incidents-by-time": lambda: incidents_by_time_layer(
            source, about, layers.get("incident-cells") or incidents_layer(source, about)
        ),
        "hotspots": lambda: hotspots_layer(source, about, layers.get("load")),
        "coverage": lambda: coverage_layer(source, about),
        "quality": lambda: quality_layer(source, about),
        "staffing": lambda: posts_layer(source, about),
        "assessment": lambda: assessment_layer(
            source, about, appraise(source, about.as_of, about.standards, zone=about.zone)
        ),
        "service-areas": lambda: service_areas_layer(source, about),
        "access": lambda: access_layer(source, about),
    }
    if proposal is not None:
        makers["load-proposed"] = lambda: proposed_layer(proposal[0], source, proposal[1])
    layers: dict[str, Layer] = {}
    skipped: dict[str, str] = {}
    for name, make in makers.items():
        try:
            layers[name] = make()
        except ParameterError as error:  # a layer with no row: said, and the others go on
            skipped[name] = error.message
    return layers, skipped


def _proposal(source: Source, as_of: dt.date, seed: int, told: Told) -> tuple[Plan | None, str]:
    try:
        return propose(source, as_of, seed=seed, progress=told), ""
    except ParameterError as error:
        return None, error.message


def _digest(feeds: pd.DataFrame, settings: tuple[object, ...]) -> str:
    """Condense all that the published layers depend on."""
    said = [[str(feed_id), row.sha256] for feed_id, row in feeds.iterrows()]
    return hashlib.sha256(json.dumps([said, repr(settings)]).encode()).hexdigest()

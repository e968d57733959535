"""Households visited too often are found in the sample when they are put there."""

import pandas as pd

from gridgeo.model.frames import VISITS
from gridgeo.services import coverage
from gridgeo.services.demo import DAY
from gridgeo.services.kept import Kept
from gridgeo.services.sources import Files
from gridgeo.services.standards import Standards


class _Again(Kept):
    """The town, with a visit to three households five days after one of theirs."""

    def frame(self, contract, *, as_of=None):
        frame = super().frame(contract, as_of=as_of)
        if contract is not VISITS:
            return frame
        met = frame[frame["outcome"] == "met"].sort_values("visited_at").iloc[-400:-397]
        again = met.assign(visited_at=met["visited_at"] + pd.Timedelta(days=-5), outcome="refused")
        again.index = pd.Index([f"again-{n}" for n in range(3)], name=frame.index.name)
        self.twice = sorted(met["household_id"])
        return pd.concat([frame, again])


def test_three_households_visited_twice_are_found(samples):
    town = samples / "town"
    layers = ("grids", "households", "visits", "towns", "villages")
    source = _Again(Files({name: next(town.glob(f"{name}.*")) for name in layers}))
    found = coverage.only(coverage.blind_spots(source, DAY), ["over-contact"])
    assert sorted(found.findings["subject"]) == source.twice
    assert (found.findings["value"] == 2).all()
    twice_allowed = Standards(contacts_most=2)
    assert coverage.blind_spots(source, DAY, twice_allowed).counts()["over-contact"] == 0
    refused = Standards(visits_in_vain=("nobody-home", "refused"))
    assert coverage.blind_spots(source, DAY, refused).counts()["over-contact"] == 0

"""Which incidents still wait for an answer, and for how long past their limit?"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from gridgeo.analysis.deadlines import ageing
from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.catalogue import incident_classes
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, INCIDENTS
from gridgeo.services.kept import kept
from gridgeo.services.reports import named
from gridgeo.services.sources import Source, need

BY = ("department", "grid_code")
COLUMNS = (
    "class_code",
    "class_name",
    "department",
    "grid_code",
    "waited_h",
    "limit_h",
    "overdue_h",
)


@dataclass(frozen=True, eq=False)
class Waiting:
    """The incidents without an answer.

    Parameters
    ----------
    rows : DataFrame
        Indexed by ``incident_id``, the longest past its limit first: ``class_code``,
        ``class_name`` (of the catalogue), ``department``, ``grid_code`` (the grid that has the
        place today), ``waited_h``, ``limit_h`` and ``overdue_h``, hours to one decimal;
        ``overdue_h`` is negative while the limit runs, empty without one. No place, no text of
        anybody. It stays in the house.
    strays : dict of str to int
        Incidents that cannot be judged, by reason: see ``Reports.judgeable``.
    """

    rows: pd.DataFrame
    strays: dict[str, int]

    def counts(self, by: str) -> pd.DataFrame:
        """Count them by department or grid, most past their limit first.

        Parameters
        ----------
        by : {"department", "grid_code"}

        Returns
        -------
        DataFrame
            By department or grid, NA where none is known: ``waiting``, ``past_limit`` and
            ``longest_h``, the longest time past a limit, NaN where none is past it.

        Raises
        ------
        ParameterError
            Another ``by``.
        """
        if by not in BY:
            raise ParameterError(f"by is {by!r}; {' or '.join(BY)} is needed.", fields=["by"])
        past = self.rows["overdue_h"].where(self.rows["overdue_h"] > 0)
        groups = self.rows.assign(past=past).groupby(by, dropna=False)
        told = pd.DataFrame(
            {
                "waiting": groups.size(),
                "past_limit": groups["past"].count(),
                "longest_h": groups["past"].max(),
            }
        )
        return told.sort_values(["past_limit", "waiting"], ascending=False, kind="stable")


def waiting(
    source: Source,
    as_of: dt.date,
    zone: str,
    department: str | None = None,
    grid: str | None = None,
    overdue_only: bool = False,
) -> Waiting:
    """List the incidents that wait for an answer when a day begins.

    Parameters
    ----------
    source : Source
        Grids and incidents are needed.
    as_of : date
    zone : str
        Time zone in which the day begins and offices work.
    department, grid : str, optional
        Only those of one department, of one grid.
    overdue_only : bool
        Only those past their limit.

    Returns
    -------
    Waiting

    Raises
    ------
    ParameterError
        There are no grids or no incidents.
    NotFoundError
        No incident is of this department, or no such grid is in force.
    """
    source = kept(source)
    grids = to_metric(need(source, GRIDS, as_of=as_of), "grids")
    need(source, INCIDENTS)
    reports = source.reports(as_of, zone)
    if reports is None:
        raise ParameterError("There are no incidents.", fields=["incidents"])
    judgeable, strays = reports.judgeable()
    frame = pd.DataFrame(reports.frame.drop(columns=reports.frame.geometry.name))
    frame["grid_code"] = pd.Series(
        named(grids.index, reports.position), index=frame.index, dtype="str"
    )
    keep = judgeable
    for name, said, known in (
        ("department", department, frame["department"]),
        ("grid_code", grid, pd.Series(grids.index)),
    ):
        if said is not None:
            if not (known == said).any():
                raise NotFoundError(
                    f"There is no {name.removesuffix('_code')} {said!r}.",
                    hint="Leave it out to list all.",
                    fields=[name.removesuffix("_code")],
                )
            keep = keep & (frame[name] == said).fillna(False).to_numpy(dtype=bool)
    rows = ageing(frame[keep], reports.limits()[keep], reports.moment)
    if overdue_only:
        rows = rows[rows["overdue_h"] > 0]
    rows = rows.sort_values("overdue_h", ascending=False, kind="stable", na_position="last")
    names = incident_classes()["sub_zh"].reindex(rows["class_code"])
    rows = rows.assign(
        class_name=names.astype("str").to_numpy(),
        waited_h=rows["age_h"].round(1),
        limit_h=rows["limit_h"].round(1),
        overdue_h=rows["overdue_h"].round(1),
    )
    return Waiting(rows[[*COLUMNS]].rename_axis(INCIDENTS.key), strays)

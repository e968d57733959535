"""What the folder of a sample says of itself."""

from collections import Counter
from collections.abc import Mapping

from gridgeo.model.frames import LAYERS
from gridgeo.sample.jingjiang import Sample

_TOWN_DIGITS = 9


def readme(sample: Sample, formats: Mapping[str, str], made: Mapping[str, object]) -> str:
    """Write the README of a sample's folder.

    Parameters
    ----------
    sample : Sample
    formats : mapping of str to str
        Layer → suffix of its file.
    made : mapping
        What the sample is made from.

    Returns
    -------
    str
        Markdown.
    """
    rows = [
        f"| `{name}.{kind}` | {LAYERS[name].zh} | {len(sample.layers[name]):,} |"
        for name, kind in formats.items()
    ]
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(e["kind"] for e in sample.truth).items())
    households = sample.layers["units"]["households"].sum()
    is_town = len(sample.town_code) == _TOWN_DIGITS
    title = f"A synthetic town of Jingjiang: {sample.layers['towns']['name'].iloc[0]}"
    if not is_town:
        title = f"A synthetic Jingjiang: {len(sample.layers['towns'])} towns"
    command = "--town" if is_town else f"--city --scale {sample.scale:g}"
    days = sample.layers["incidents"]["reported_at"].dt.tz_convert("Asia/Shanghai").dt.date
    return f"""# {title} ({sample.town_code})

Made by gridgeo from seed {sample.seed}, for demonstrations and tests. **Nobody in it exists**: the
ground, the households, the workers and all that happens are synthetic, the duty lines fictitious.
The names and codes of the towns and their villages are real, from the public codes of
administrative divisions (`gridgeo/sample/jingjiang_villages.csv`); the incident classes, their
limits and routes are those of `gridgeo/model/incident_classes.csv`, whose `sla_source` tells
sourced from default.

| file | layer | rows |
|---|---|---|
{chr(10).join(rows)}
| `tracks.parquet` | 巡查轨迹点 (`fixes`) | {len(sample.tracks):,} |
| `truth.json` | planted defects | {len(sample.truth)} |

- {households:,} occupied households; incidents of {days.min()} to {days.max()}; visits of January
  to June 2026; patrol tracks (and rosters, where the layer is) of one week, 24 to 30 June 2026, a
  fix every 30 to 60 seconds.
- Coordinates: EPSG:4490 (CGCS2000), longitude and latitude; shapes and areas in `truth.json` in
  EPSG:4549. A CSV cannot say its CRS; read as WGS 84, its points are the same. Times in UTC; the
  days are those of China (UTC+8).
- `units` is the plan in force, complete and clean. `grids` is the same plan as somebody drew it,
  with gaps, overlaps, a sliver and a grid across a village border. `truth.json` records these, the
  households in no grid, too few workers on 30 June 2026, general grids outside the size band
  (300–500 occupied households in a community, 200–400 in a village), a hamlet farther than
  1,000 m in a straight line from every station, households not met for more than 90 days or never
  as of 1 July 2026, grids patrolled once a day instead of twice, grids that report a tenth,
  borders across which incidents are sent from one grid to the other, and household points left in
  GCJ-02 with what follows from them. A detector of one of these should
  find what is recorded and nothing else. Entries by kind: {kinds}.
- Licence: Apache-2.0, as the rest of gridgeo.
- Made again by `gridgeo sample {command} --seed {sample.seed}` (same seed, same rows; sample
  version {made["version"]}).
"""

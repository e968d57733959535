"""Lines of the table of assign from benchmarks that stand by themselves."""

import numpy as np

from benchmarks.assign_tables import Line

_SHARES = (0.02, 0.2, 2.0)  # tolerances, in widths of a grid


def nearest_lines(n_points, n_grids):
    """The nearest grid of points in none, within tolerances of several sizes."""
    from benchmarks import nearest

    nearest.warm_nearest()
    seeds, n = (1, 2, 3), max(n_points // 10, 100)
    ratios, rates, wrong = {}, [], []
    for seed in seeds:
        grids, gone, size = nearest.layer(n_grids, seed)
        for where, (x, y) in nearest.lost_points(grids, gone, size, n, seed).items():
            for share in _SHARES:
                run = nearest.compare(grids, x, y, share * nearest.WIDTH_M)
                what = f"{where}, within {share:g} widths"
                ratios.setdefault(what, []).append(run["ratio"])
                rates.append(1 / run["ours, µs"])
                wrong.append(float(run["differences"]))
    said = f"{n:,} points in none, {n_grids:,} grids"
    return [
        *(
            Line(f"query_nearest / ours, {what}, {said}", tuple(own), 40)
            for what, own in ratios.items()
        ),
        Line(f"nearest, one thread, {said}", tuple(rates), unit="million points/s"),
        Line(f"points given another grid or distance than query_nearest gives, {said}",
             tuple(wrong), 0, "", most=True, exact=True),
    ]  # fmt: skip


def scale_lines(n_points, n_grids):
    """Parquet to Parquet on a cluster of this machine, ten times the points."""
    from benchmarks import scale

    rows = scale.main(10 * n_points, n_grids)
    n = max(row["points"] for row in rows)
    own = [row for row in rows if row["points"] == n]
    most = max(own, key=lambda row: row["workers"])
    seconds, peak_mb = most["seconds"], float(np.ceil(most["peak MB of a worker"]))
    files = f"{100 * most['reading and writing alone, s'] / seconds:.0f} % of it is files"
    said = f"{n:,} points from Parquet to Parquet on Dask, {most['workers']} workers"
    if n == 100_000_000:
        whole = Line(said, (seconds,), 8, "s", most=True, note=files)
    else:
        note = f"{files}; the target of 8 s is for 100,000,000, see docs/scale.md"
        whole = Line(said, (seconds,), unit="s", note=note)
    return [whole, Line(f"peak memory of a worker, {said}", (peak_mb,), unit="MB")]

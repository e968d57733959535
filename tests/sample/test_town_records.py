"""What has a date or a person in a sample town: posts, incidents, visits, patrols."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from tests.sample.towns import brought_back, metric, subjects

DAY = pd.Timestamp("2026-06-30")


@pytest.mark.parametrize("day", ["2026-04-01", "2026-06-01", "2026-06-30", "2026-12-31"])
def test_staffing_deficits_are_the_recorded_ones_on_any_day_of_the_period(sample, day):
    date = pd.Timestamp(day)
    posts = sample.layers["appointments"].join(sample.layers["workers"], on="worker_id")
    now = posts[
        (posts["state"] == "filed")
        & (posts["valid_from"] <= date)
        & (posts["valid_to"].isna() | (posts["valid_to"] > date))
    ]
    worker = now["role"] == "worker"
    codes = sample.layers["grids"].index

    def short(rows, least):
        count = rows.groupby("grid_code").size().reindex(codes, fill_value=0)
        return sorted(count.index[count < least])

    assert short(now[~worker], 1) == subjects(sample, "no-leader")
    assert short(now[worker], 2) == subjects(sample, "few-workers")
    full = now[worker & (now["employment"] == "full-time")]
    assert short(full, 1) == subjects(sample, "no-full-time")
    assert now[~worker].groupby("grid_code").size().max() == 1
    named = [s for k in ("no-leader", "few-workers", "no-full-time") for s in subjects(sample, k)]
    assert len(set(named)) == 5


def test_appointments_that_do_not_count_are_there_to_mislead(sample):
    posts = sample.layers["appointments"]
    assert set(posts["state"]) == {*posts["state"], "filed", "approved", "applied"}
    assert (posts["valid_to"] <= DAY).sum() >= 5
    assert (posts["valid_from"] > DAY).any()
    lacking = subjects(sample, "few-workers")
    assert posts["grid_code"][posts["state"] != "filed"].isin(lacking).any()


def test_incidents_fill_june_by_class_channel_and_department(sample):
    incidents = sample.layers["incidents"]
    local = incidents["reported_at"].dt.tz_convert("Asia/Shanghai")
    assert local.dt.strftime("%Y-%m").unique().tolist() == ["2026-06"]
    assert local.dt.day.nunique() == 30
    patrol = incidents[incidents["channel"] == "patrol"]
    mix = patrol["class_code"].str[:2].value_counts(normalize=True)
    assert mix["01"] == pytest.approx(0.652, abs=0.02)
    assert mix["05"] == pytest.approx(0.245, abs=0.02)
    assert set(incidents["channel"]) == {"patrol", "hotline", "app", "walk-in"}
    assert (incidents["department"][incidents["class_code"] == "0102"] == "环卫").all()
    hours = local.dt.hour.value_counts()
    assert hours[10] > 5 * hours[3]


def test_only_closed_incidents_have_a_closing_time_and_it_is_later(sample):
    incidents = sample.layers["incidents"]
    closed = incidents["stage"] == "closed"
    assert (closed == incidents["closed_at"].notna()).all()
    took = incidents["closed_at"] - incidents["reported_at"]
    assert (took[closed] > pd.Timedelta(0)).all()
    median = took[closed & (incidents["channel"] == "patrol")].median() / pd.Timedelta(hours=1)
    assert median == pytest.approx(1.4, abs=0.15)


def test_incidents_lie_in_the_town(sample):
    outline = sample.layers["towns"].union_all()
    assert sample.layers["incidents"].within(outline).all()


def test_visits_are_made_by_workers_of_the_households_grid(sample):
    visits, posts = sample.layers["visits"], sample.layers["appointments"]
    homes = sample.layers["households"]
    of_worker = posts.groupby("worker_id")["grid_code"].agg(set)
    grid = homes["grid_code"].loc[visits["household_id"]]
    assert all(g in of_worker[w] for g, w in zip(grid, visits["worker_id"], strict=True))
    made = visits["visited_at"].dt.tz_convert("Asia/Shanghai")
    assert made.min() >= pd.Timestamp("2026-01-01", tz="Asia/Shanghai")
    assert made.max() < pd.Timestamp("2026-07-01", tz="Asia/Shanghai")
    met = visits[visits["outcome"] == "met"].sort_values("visited_at")
    assert met.groupby("household_id")["visited_at"].diff().min() > pd.Timedelta(days=29)
    opened = visits[visits["outcome"] != "nobody-home"].sort_values("visited_at")
    assert opened.groupby("household_id")["visited_at"].diff().min() > pd.Timedelta(days=29)


def test_households_waiting_for_a_visit_are_those_recorded(sample):
    visits, homes = sample.layers["visits"], sample.layers["households"]
    met = visits[visits["outcome"] == "met"]
    day = met["visited_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
    last = day.groupby(met["household_id"]).max().reindex(homes.index[homes["lived_in"]])
    waited = (pd.Timestamp("2026-07-01") - last).dt.days
    assert sorted(waited.index[waited > 90]) == subjects(sample, "visit-overdue")
    assert sorted(last.index[last.isna()]) == subjects(sample, "never-visited")
    assert not waited.between(88, 95).any()
    assert 0.03 < (waited > 90).mean() < 0.08


# What nobody enters as a layer


def test_points_left_in_gcj_02_lie_half_a_kilometre_to_the_south_east(sample):
    off = subjects(sample, "offset")
    moved = metric(sample, "households").geometry.loc[off]
    home = brought_back(sample).geometry.loc[off]
    assert len(off) == 20
    assert (moved.x - home.x).between(420, 450).all()
    assert (moved.y - home.y).between(-240, -205).all()


def test_silent_grids_report_about_a_tenth(sample):
    grids, incidents = metric(sample, "grids"), metric(sample, "incidents")
    grid, _ = shapely.STRtree(incidents.geometry).query(grids.geometry, predicate="intersects")
    found = pd.Series(np.bincount(grid, minlength=len(grids)), index=grids.index)
    silent = subjects(sample, "silent")
    assert found[silent].max() < 0.3 * found.drop(silent).min()


def test_every_grid_is_walked_twice_a_day_but_those_recorded(sample):
    tracks, posts = sample.tracks, sample.layers["appointments"]
    rounds = tracks.groupby("track_id", observed=True).agg(
        grid=("grid_code", "first"), start=("t", "min"), end=("t", "max")
    )
    assert (rounds["end"] - rounds["start"]).min() >= pd.Timedelta(hours=1)
    local = rounds["start"].dt.tz_convert("Asia/Shanghai")
    half = local.dt.strftime("%d ") + local.dt.hour.lt(12).astype(str)
    times = half.groupby(rounds["grid"].astype(str)).nunique()
    assert set(times) == {7, 14}
    assert sorted(times.index[times == 7]) == subjects(sample, "patrol")
    serving = posts[(posts["state"] == "filed") & (posts["role"] == "worker")]
    assert set(times.index) <= set(serving["grid_code"])


def test_fixes_follow_each_other_within_a_minute_inside_the_grid(sample):
    tracks, grids = sample.tracks, metric(sample, "grids")
    gap = tracks.groupby("track_id", observed=True)["t"].diff().dropna()
    assert gap.between(pd.Timedelta(seconds=29), pd.Timedelta(seconds=61)).all()
    places = gpd.GeoSeries.from_xy(tracks["lon"], tracks["lat"], crs=4490).to_crs(grids.crs)
    own = grids.geometry.loc[tracks["grid_code"].astype(str)].to_numpy()
    assert np.quantile(shapely.distance(own, places.to_numpy()), 0.99) < 25


def test_no_column_could_name_a_resident(sample):
    assert set(sample.layers["households"].columns) == {
        "address_id", "size_band", "lived_in", "grid_code", "updated_on", "geometry",
    }  # fmt: skip


def test_every_incident_is_sent_to_the_grid_it_lies_in_at_last(sample):
    incidents, sent = metric(sample, "incidents"), sample.layers["dispatches"]
    assert set(sent["incident_id"]) == set(incidents.index)
    assert sent["dispatched_at"].is_monotonic_increasing
    reported = incidents["reported_at"].loc[sent["incident_id"]].to_numpy()
    assert (sent["dispatched_at"].to_numpy() >= reported).all()
    closed = incidents["closed_at"].loc[sent["incident_id"]]
    assert (closed.isna().to_numpy() | (sent["dispatched_at"].to_numpy() <= closed)).all()
    last = sent.groupby("incident_id")["grid_code"].last()
    units = metric(sample, "units")
    unit = shapely.STRtree(units.geometry).nearest(incidents.geometry)
    own = pd.Series(units["grid_code"].to_numpy()[unit], index=incidents.index)
    assert (last.sort_index() == own.sort_index()).all()


def test_incidents_sent_on_across_a_seam_are_as_many_as_recorded(sample):
    sent = sample.layers["dispatches"].sort_values("dispatched_at", kind="stable")
    ways = sent.groupby("incident_id")["grid_code"].agg(lambda grids: "+".join(sorted(set(grids))))
    crossed = ways[ways.str.contains("+", regex=False)].value_counts()
    planted = {"+".join(e["subjects"]): e["value"] for e in sample.truth if e["kind"] == "seam"}
    assert len(planted) == 2
    assert crossed[list(planted)].to_dict() == planted
    assert crossed.drop(list(planted)).max() == 1
    barred = [s for kind in ("gap", "overlap", "silent") for s in subjects(sample, kind)]
    assert not set(subjects(sample, "seam")) & set(barred)

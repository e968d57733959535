"""What a command says when it cannot do its work: one sentence, an exit code, nothing half-written.

The files are those of others' programs: ogr2ogr, pandas, openpyxl, geopandas, zipfile.
Long because every error is told by the same checks of folder, tables and sentence.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import psycopg
import pytest
from shapely import MultiPoint, Polygon
from sqlalchemy import text

from gridgeo.errors import StoreError
from gridgeo.store.connection import engine, in_our_words
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store

# Others' programs warn of what they leave out; that is what is tested.
pytestmark = [pytest.mark.db, pytest.mark.filterwarnings("ignore")]

NUMBERS = "household_id,lon,lat\n"


def ogr2ogr(*arguments):
    """Write a file as others' desktops and servers do; `make setup` installs gdal-bin."""
    subprocess.run(["ogr2ogr", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def town(samples):
    return samples / "town"


def lying(folder):
    """Give every file in a folder, hidden ones too, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sentence(done):
    """Give the one sentence that a failed command said, beside its progress."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if line.strip() and " % " not in line]
    assert len(said) == 1, said
    assert re.match(r"gridgeo: \S.*\.$", said[0]), said
    return said[0].removeprefix("gridgeo: ")


@pytest.fixture
def fails(run, cluster, database, store, tmp_path):
    """Run a command that cannot do its work, and give its sentence: nothing else has changed."""

    def runs(*arguments):
        (tmp_path / "rejects.csv").write_text("mended by hand")
        before, rows = lying(tmp_path), store.counts()
        done = run(*arguments, database=cluster.url(database, "admin"))
        said = sentence(done)
        assert lying(tmp_path) == before
        assert store.counts() == rows
        return said

    return runs


@pytest.fixture
def refuses(fails):
    """Hand a file in with a place for its refused rows, and give the sentence."""
    return lambda layer, file, *more: fails(
        "import", layer, file, "--reject-file", "rejects.csv", *more
    )


@pytest.fixture
def takes(run, cluster, database, store):
    """Run a command on the city that ends well."""

    def runs(*arguments):
        done = run(*arguments, database=cluster.url(database, "admin"))
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return runs


class TestFiles:
    """Files that are not there, or are not what they should be."""

    def test_a_missing_file(self, refuses, fails, town):
        said = refuses("grids", "nowhere.gpkg")
        assert said == "nowhere.gpkg does not exist. Check its name and folder."
        assert (
            fails("assign", "nowhere.gpkg", "--grids", town / "grids.geojson", "-o", "a.csv")
            == said
        )
        assert fails("balance", "nowhere.gpkg", "--k", "3", "-o", "a.gpkg") == said
        assert fails("blind-spots", "--grids", "nowhere.gpkg", "-o", "a.geojson") == said

    def test_an_unknown_format(self, refuses, fails, town, tmp_path):
        ogr2ogr("-f", "KML", tmp_path / "grids.kml", town / "grids.geojson")
        said = refuses("grids", tmp_path / "grids.kml")
        assert said.startswith("grids.kml is of an unknown format (.kml); gridgeo reads .geojson, ")
        assert said.endswith(" Save it as one of these.")
        assert fails("blind-spots", "--grids", tmp_path / "grids.kml", "-o", "a.geojson") == said

    def test_a_file_renamed_to_a_format_it_does_not_have(self, refuses, town, tmp_path):
        shutil.copy(town / "units.gpkg", tmp_path / "units.geojson")
        assert refuses("units", tmp_path / "units.geojson") == (
            "units.geojson is no GeoJSON: it does not begin like one. "
            "If it was renamed, give it back its own extension."
        )

    @pytest.mark.parametrize("kind", ["shp", "gpkg", "csv", "xlsx"])
    def test_no_crs(self, refuses, fails, town, tmp_path, kind):
        path = tmp_path / f"units.{kind}"
        units = gpd.read_file(town / "units.gpkg").to_crs(4549)
        if kind == "shp":
            ogr2ogr("-t_srs", "EPSG:4549", path, town / "units.gpkg")
            path.with_suffix(".prj").unlink()
        elif kind == "gpkg":
            units.set_crs(None, allow_override=True).to_file(path)
        else:
            flat = pd.DataFrame(units.drop(columns="geometry")).assign(wkt=units.geometry.to_wkt())
            (flat.to_csv if kind == "csv" else flat.to_excel)(path, index=False)
        said = refuses("units", path)
        assert said == (
            f"units.{kind} does not say in which CRS its coordinates are; gridgeo must know. "
            "Say it with --crs EPSG, such as --crs 4549."
        )
        if kind in ("shp", "gpkg"):
            assert fails("balance", path, "--k", "3", "-o", "a.gpkg") == said

    def test_degrees_where_metres_are_said(self, refuses, fails, town, tmp_path):
        path = tmp_path / "units.gpkg"
        ogr2ogr("-a_srs", "EPSG:4549", path, town / "units.gpkg")
        said = refuses("units", path)
        assert said == (
            "units.gpkg is said to be in EPSG:4549, which counts in metres, but all its places are "
            "degrees. Give it its own CRS, such as EPSG:4490 for degrees of CGCS2000."
        )
        assert fails("balance", path, "--k", "3", "-o", "a.gpkg") == said
        ogr2ogr("-a_srs", "EPSG:4549", tmp_path / "grids.gpkg", town / "grids.geojson")
        asked = ("--grids", tmp_path / "grids.gpkg", "-o", "a.csv")
        said = said.replace("units", "grids")
        assert fails("assign", town / "stations.csv", *asked) == said
        assert fails("blind-spots", *asked) == said
        pd.DataFrame({"household_id": ["1"], "x": [120.27], "y": [32.0]}).to_csv(
            tmp_path / "h.csv", index=False
        )
        said = refuses("households", tmp_path / "h.csv", "--crs", "4549")
        assert said.startswith("h.csv is said to be in EPSG:4549, which counts in metres, but all")

    def test_metres_said_of_degrees(self, refuses, town):
        assert refuses("stations", town / "stations.csv", "--crs", "4549") == (
            "stations.csv gives lon and lat, which are degrees; EPSG:4549 counts in metres. "
            "Leave --crs out, or name metres as such: --map x=lon --map y=lat."
        )
        assert refuses("grids", town / "grids.geojson", "--crs", "4549").endswith(
            "Leave --crs out, or mend the file."
        )

    @pytest.mark.parametrize("kind", ["gpkg", "geojson", "fgb", "shp", "csv", "xlsx"])
    def test_an_empty_layer(self, refuses, fails, town, tmp_path, kind):
        path = tmp_path / f"grids.{kind}"
        if kind == "xlsx":
            book = openpyxl.Workbook()
            book.active.append(["grid_code", "name", "wkt"])
            book.save(path)
        else:
            ogr2ogr("-where", "1=0", "-lco", "ENCODING=UTF-8", path, town / "grids.geojson")
        said = refuses("grids", path)
        assert said.startswith(f"grids.{kind} has no rows, only columns; found: ")
        assert said.endswith(" Give a file with at least one row.")
        assert fails("blind-spots", "--grids", path, "-o", "a.geojson") == said

    def test_a_truncated_geopackage(self, refuses, fails, town, tmp_path):
        path = tmp_path / "units.gpkg"
        ogr2ogr(tmp_path / "whole.gpkg", town / "units.gpkg")
        whole = (tmp_path / "whole.gpkg").read_bytes()
        for kept in (3_000, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:kept])
            said = refuses("units", path)
            assert said == (
                "units.gpkg is shorter than its header says; it is cut short. "
                "Copy or save it again from its source."
            )
        assert fails("balance", path, "--k", "3", "-o", "a.gpkg") == said

    @pytest.mark.parametrize("kind", ["geojson", "fgb", "shp", "parquet", "xlsx", "zip"])
    def test_any_other_truncated_file(self, refuses, town, tmp_path, kind):
        path = tmp_path / f"units.{kind}"
        units = gpd.read_file(town / "units.gpkg")
        if kind == "parquet":
            units.to_parquet(path)
        elif kind == "xlsx":
            pd.DataFrame(units.drop(columns="geometry")).to_excel(path, index=False)
        elif kind == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.write(town / "units.gpkg", "units.gpkg")
        else:
            ogr2ogr(path, town / "units.gpkg")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        said = refuses("units", path)
        assert re.match(rf"units\.{kind} .*(may be damaged|it is cut short|no sound zip)", said)

    @pytest.mark.parametrize("code", ["shift_jis", "latin-1", "big5"])
    def test_a_wrong_encoding(self, refuses, tmp_path, code):
        words = {"shift_jis": "ひらがな", "latin-1": "déjà vu", "big5": "戶籍編號"}
        frame = pd.DataFrame({"household_id": [words[code]], "lon": [120.2], "lat": [32.0]})
        frame.to_csv(tmp_path / "h.csv", index=False, encoding=code)
        assert refuses("households", tmp_path / "h.csv") == (
            "h.csv is neither UTF-8 nor Chinese text in GB18030. "
            "Save it as UTF-8 (in Excel: CSV UTF-8), or say its encoding, such as --encoding big5."
        )

    def test_an_encoding_that_is_said_and_is_not_that_of_the_file(self, refuses, tmp_path, town):
        frame = pd.DataFrame({"household_id": ["甲"], "lon": [120.2], "lat": [32.0]})
        frame.to_csv(tmp_path / "h.csv", index=False, encoding="gb18030")
        said = refuses("households", tmp_path / "h.csv", "--encoding", "utf-8")
        assert said == (
            "h.csv is not text in utf-8. Save it as UTF-8 (in Excel: CSV UTF-8), or say its "
            "encoding: --encoding gb18030."
        )
        ogr2ogr("-lco", "ENCODING=GBK", tmp_path / "grids.shp", town / "grids.geojson")
        (tmp_path / "grids.cpg").write_text("UTF-8")
        said = refuses("grids", tmp_path / "grids.shp")
        assert said.startswith("grids.dbf has text that is not UTF-8, which its .cpg says. Say ")

    def test_a_zip_bomb(self, refuses, fails, tmp_path, town):
        path = tmp_path / "h.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("h.csv", NUMBERS + "\0" * (80 * 2**20))
        assert path.stat().st_size < 100_000
        said = refuses("households", path)
        assert re.fullmatch(
            r"h\.zip would unpack [\d,]+ bytes to 83,886,101, as only a zip bomb does; nothing was "
            r"unpacked\. Unpack it yourself if you trust it, and hand in what is inside\.",
            said,
        )
        assert fails("assign", path, "--grids", town / "grids.geojson", "-o", "a.csv") == said

    @pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
    def test_a_workbook_that_is_a_bomb(self, refuses, tmp_path, member):
        pd.DataFrame({"household_id": ["a"], "lon": [120.2], "lat": [32.0]}).to_excel(
            tmp_path / "sound.xlsx", index=False
        )
        path = tmp_path / "h.xlsx"
        with (
            zipfile.ZipFile(tmp_path / "sound.xlsx") as sound,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name in sound.namelist():
                content = sound.read(name) + (b" " * (80 * 2**20) if name == member else b"")
                archive.writestr(name, content)
        assert path.stat().st_size < 200_000
        assert "as only a zip bomb does; nothing was unpacked. " in refuses("households", path)


class TestRows:
    """Faults of single rows stop no other row: each is refused with its reason, or is a finding."""

    def test_mixed_geometry(self, takes, store, town, tmp_path):
        grids = gpd.read_file(town / "grids.geojson").head(3)
        grids.loc[1, "geometry"] = grids.geometry[1].representative_point()
        grids.loc[2, "geometry"] = MultiPoint(grids.geometry[2].exterior.coords[:3])
        path = tmp_path / "grids.geojson"
        grids.to_file(path)
        done = takes("import", "grids", path, "--reject-file", "rejects.csv")
        assert "1 new, 0 changed, 0 as they were, 2 refused" in done.stdout
        assert "row 2: geometry" in done.stdout
        rejects = pd.read_csv(tmp_path / "rejects.csv")
        assert rejects["row"].tolist() == [2, 3]
        assert rejects["reason_en"].str.contains("wrong kind of geometry [(]Polygon").all()
        assert store.counts()["gridgeo.grids"] == 1

    def test_duplicate_ids(self, takes, store, tmp_path):
        frame = pd.DataFrame({"worker_id": ["1", "2", "1"], "employment": "full-time"})
        frame.to_excel(tmp_path / "workers.xlsx", index=False)
        done = takes("import", "workers", tmp_path / "workers.xlsx")
        assert "2 new, 0 changed, 0 as they were, 1 refused" in done.stdout
        assert "row 4: worker_id stands more than once; a key must be unique" in done.stdout
        assert "Next: add --reject-file rejects.csv, mend it, gridgeo import workers" in done.stderr
        assert store.counts()["gridgeo.workers"] == 2

    def test_a_grid_that_crosses_itself(self, takes, town, tmp_path):
        grids = gpd.read_file(town / "grids.geojson").head(3)
        west, south, east, north = grids.geometry[0].bounds
        bow = Polygon([(west, south), (east, north), (east, south), (west, north)])
        grids.loc[0, "geometry"] = bow
        grids.to_file(tmp_path / "grids.gpkg", layer="grids")
        done = takes("import", "grids", tmp_path / "grids.gpkg")
        assert "3 new, 0 changed, 0 as they were, 0 refused" in done.stdout
        takes("blind-spots", "--grids", tmp_path / "grids.gpkg", "-o", "found.geojson")
        found = gpd.read_file(tmp_path / "found.geojson")
        code = grids["grid_code"][0]
        assert found["subject"][found["kind"] == "invalid"].tolist() == [code]


def test_an_unreachable_database(run, town, tmp_path):
    (tmp_path / "rejects.csv").write_text("mended by hand")
    asked = ("import", "grids", town / "grids.geojson", "--reject-file", "rejects.csv")
    said = sentence(run(*asked))
    assert said.startswith("The database 'nothing' cannot be reached (")
    assert said.endswith("Start the private one with `gridgeo up`, or look at DATABASE_URL.")
    assert lying(tmp_path) == {"rejects.csv": b"mended by hand"}


def test_when_the_second_file_fails_the_first_is_in_and_its_refused_rows_are_kept(
    run, cluster, database, store, tmp_path
):
    for name, worker in (("a", "W1"), ("b", "W2")):
        pd.DataFrame({"worker_id": [worker, None], "employment": "full-time"}).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    asked = ("import", "workers", "a.csv", "nowhere.csv", "b.csv", "--reject-file", "rejects.csv")
    done = run(*asked, database=cluster.url(database, "admin"))
    assert sentence(done) == "nowhere.csv does not exist. Check its name and folder."
    assert "1 refused rows are in rejects.csv" in done.stdout
    assert pd.read_csv(tmp_path / "rejects.csv")["file"].tolist() == ["a.csv"]
    assert store.counts()["gridgeo.workers"] == 1


@contextmanager
def full_disk(most_bytes):
    """Let no file of this process grow beyond some bytes, as a full disk does."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


COMMANDS = {
    "assign": ["HOMES", "--grids", "GRIDS"],
    "blind-spots": ["gap", "overlap", "--grids", "GRIDS"],
    "balance": ["UNITS", "--k", "3", "--time-limit", "2"],
    "staff": ["GRIDS", "--units", "UNITS", "--workers", "100"],
}
SUFFIXES = [".geojson", ".gpkg", ".fgb", ".shp", ".parquet", ".csv", ".xlsx"]


class TestFullDisk:
    """The disk on which a command writes is full."""

    @pytest.mark.parametrize(
        ("command", "suffix"),
        [("assign", suffix) for suffix in SUFFIXES]
        + [(command, ".geojson") for command in COMMANDS if command != "assign"]
        + [("balance", ".gpkg"), ("staff", ".gpkg"), ("blind-spots", ".parquet")],
    )
    def test_what_stood_there_is_untouched(self, run, town, tmp_path, command, suffix):
        (tmp_path / f"out{suffix}").write_text("of yesterday")
        before = lying(tmp_path)
        places = {
            "HOMES": town / "stations.csv",
            "GRIDS": town / "grids.geojson",
            "UNITS": town / "units.gpkg",
        }
        asked = [places.get(one, one) for one in COMMANDS[command]]
        with full_disk(1_500):
            said = sentence(run(command, *asked, "-o", f"out{suffix}"))
        assert re.fullmatch(
            rf"out\{suffix} cannot be written: .*; what stood there is untouched\. "
            r"Name a folder that exists and has room\.",
            said,
        )
        assert lying(tmp_path) == before

    @pytest.mark.parametrize("suffix", SUFFIXES)
    @pytest.mark.parametrize("lacking", [1, 300, 5_000])
    def test_no_file_is_cut_short_in_silence(self, run, town, tmp_path, suffix, lacking):
        asked = ("assign", town / "stations.csv", "--grids", town / "grids.geojson", "-o")
        assert run(*asked, f"out{suffix}").returncode == 0
        whole = (tmp_path / f"out{suffix}").stat().st_size
        before = lying(tmp_path)
        with full_disk(max(whole - lacking, 1)):
            assert "cannot be written" in sentence(run(*asked, f"out{suffix}"))
        assert lying(tmp_path) == before

    def test_a_map_and_an_export(self, run, takes, cluster, database, town, tmp_path):
        takes("import", "grids", town / "grids.geojson")
        takes("import", "units", town / "units.gpkg")
        takes("publish", "--as-of", "2026-07-01")
        url = cluster.url(database, "admin")
        for name in ("map.html", "load.geojson"):
            (tmp_path / name).write_text("of yesterday")
        before = lying(tmp_path)
        with full_disk(1_500):
            for asked in (
                ("map", "load", "-o", "map.html"),
                ("export", "load", "-o", "load.geojson"),
            ):
                said = sentence(run(*asked, database=url))
                assert said.startswith(f"{asked[-1]} cannot be written: File too large; what stood")
        assert lying(tmp_path) == before

    @pytest.mark.parametrize("rows", [50, 50_000])
    def test_refused_rows_that_find_no_room(
        self, run, takes, cluster, database, store, tmp_path, rows
    ):
        frame = pd.DataFrame({"worker_id": [f"w{i}" for i in range(rows)], "employment": "never"})
        frame.loc[0, "employment"] = "full-time"
        frame.to_csv(tmp_path / "workers.csv", index=False)
        (tmp_path / "rejects.csv").write_text("of yesterday")
        before = lying(tmp_path)
        asked = ("import", "workers", "workers.csv", "--reject-file", "rejects.csv")
        with full_disk(1_500):
            said = sentence(run(*asked, database=cluster.url(database, "admin")))
        assert said == (
            "rejects.csv cannot be written: File too large. "
            "Choose a folder that exists, has room and may be written to."
        )
        assert lying(tmp_path) == before
        takes(*asked)
        assert len(pd.read_csv(tmp_path / "rejects.csv")) == rows - 1
        assert store.counts()["gridgeo.workers"] == 1
        assert store.counts()["gridgeo.rejects"] == rows - 1


@pytest.fixture(scope="module")
def own():
    """A cluster that may be killed and filled."""
    home = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    home.chmod(0o755)
    made = LocalCluster(home)
    made.up()
    yield made
    made.destroy()
    shutil.rmtree(home)


@pytest.fixture
def city(own, request):
    """A migrated city in the cluster of its own, and its address."""
    own.up()
    url = own.ensure_database("gridgeo_" + re.sub(r"\W+", "_", request.node.name.casefold())[-40:])
    reached = engine(url, pooled=False)
    migrate(reached)
    return Store(reached), url


def many_households(path, rows):
    """Write households as pandas does."""
    numbers = pd.Series(range(rows))
    pd.DataFrame(
        {"household_id": "h" + numbers.astype("str"), "lon": 120.2 + numbers / 1e7, "lat": 32.0}
    ).to_csv(path, index=False)


def limit_files_of(own, most_bytes):
    """Let no file grow further that the server or a new session writes."""
    command = ["prlimit", "--pid", str(own.status().pid), f"--fsize={most_bytes}:"]
    data = own.data.stat()  # only the user whose server it is may do that
    who = {"user": data.st_uid, "group": data.st_gid, "extra_groups": []}
    subprocess.run(command, check=True, **(who if os.geteuid() == 0 else {}))


def test_the_disk_of_the_database_is_full(run, own, city, tmp_path):
    store, url = city
    rows = 300_000
    many_households(tmp_path / "h.csv", rows)
    (tmp_path / "rejects.csv").write_text("of yesterday")
    before, stood = lying(tmp_path), store.counts()
    asked = ("import", "households", "h.csv", "--reject-file", "rejects.csv")
    # A segment of the log has 16 MiB; a page that fits only in part is what a full disk gives.
    limit_files_of(own, 2**24 + 5000)
    try:
        said = sentence(run(*asked, database=url))
    finally:
        limit_files_of(own, "unlimited")
    assert re.fullmatch(
        rf"The disk of the database '{store.engine.url.database}' is full or cannot be written "
        r"\(could not (extend|write).*\); nothing was kept\. "
        r"Make room where the database lies, then do it again\.",
        said,
    )
    assert lying(tmp_path) == before
    assert store.counts() == stood
    done = run(*asked, database=url)
    assert done.returncode == 0, done.stderr
    assert f"{rows:,} new, 0 changed, 0 as they were, 0 refused" in done.stdout
    assert len(store.feeds()) == 1
    assert store.counts()["gridgeo.households"] == rows


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (psycopg.errors.DiskFull, "store.full", "is full or cannot be written"),
        (psycopg.errors.IoError, "store.full", "is full or cannot be written"),
        (psycopg.errors.OutOfMemory, "store.exhausted", "has no memory or room left"),
        (psycopg.errors.TooManyConnections, "store.busy", "takes no more connections"),
    ],
)
def test_what_the_server_lacks_is_said_by_its_code(error, code, said):
    city = engine("postgresql://me@127.0.0.1:1/city", pooled=False)
    with pytest.raises(StoreError, match=said) as caught, in_our_words(city):
        raise error
    assert caught.value.code == code
    assert caught.value.hint.endswith(".")


class Disturbance(threading.Thread):
    """Waits until a session does what is asked for, and ends it."""

    def __init__(self, url, query, end):
        super().__init__()
        self._asking, self._query, self._end = engine(url, "admin", pooled=False), query, end
        self.ended = False

    def run(self):
        working = text(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active'"
            " AND datname = current_database() AND query LIKE :query"
        )
        until = time.monotonic() + 60
        with self._asking.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            while not self.ended and time.monotonic() < until:
                pid = connection.scalar(working, {"query": self._query})
                if pid is not None:
                    self._end(connection, pid)
                    self.ended = True


def dismissed(connection, pid):
    connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def killed(_connection, pid):
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("query", ["COPY staged%", "INSERT INTO gridgeo.households%"])
@pytest.mark.parametrize("end", [dismissed, killed, "server"])
def test_a_database_that_goes_away_in_the_midst(run, own, city, tmp_path, query, end):
    store, url = city
    rows = 100_000
    many_households(tmp_path / "h.csv", rows)
    (tmp_path / "rejects.csv").write_text("of yesterday")
    before, stood = lying(tmp_path), store.counts()
    asked = ("import", "households", "h.csv", "--reject-file", "rejects.csv")
    if end == "server":
        server = own.status().pid

        def end(_connection, pid):
            # The session as well: it would finish what it was told last.
            os.kill(server, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)

    admin = own.url(store.engine.url.database, "admin")
    disturbance = Disturbance(admin, query, end)
    disturbance.start()
    done = run(*asked, database=url)
    disturbance.join()
    assert disturbance.ended
    said = sentence(done)
    assert re.fullmatch(
        rf"The database '{store.engine.url.database}' cannot be reached \(.*\)\. "
        r"Start the private one with `gridgeo up`, or look at DATABASE_URL\.",
        said,
    )
    own.up()
    assert lying(tmp_path) == before
    assert store.counts() == stood
    done = run(*asked, database=url)
    assert done.returncode == 0, done.stderr
    assert f"{rows:,} new, 0 changed, 0 as they were, 0 refused" in done.stdout
    assert store.counts()["gridgeo.households"] == rows

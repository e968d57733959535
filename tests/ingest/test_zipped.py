import os
import stat
import tempfile
import zipfile

import pytest

from gridgeo.errors import InputError
from gridgeo.ingest import limits, zipped
from gridgeo.ingest.formats import fingerprint
from gridgeo.ingest.intake import read
from gridgeo.model.frames import HOUSEHOLDS, UNITS

CSV = "household_id,lon,lat\na,120,32\nb,120,32\n"


@pytest.fixture
def archive(tmp_path):
    """Write members, name → text or bytes, as a zip."""

    def write(members, name="city.zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as made:
            for member, content in members.items():
                made.writestr(member, content)
        return tmp_path / name

    return write


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Unpack into a folder that can be looked at."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_the_only_file_is_read_and_the_folder_is_gone(archive):
    path = archive({"data/户.csv": CSV, "readme.txt": "x", "__MACOSX/._户.csv": "x"})
    assert list(read(path, HOUSEHOLDS).accepted.index) == ["a", "b"]


def test_a_shapefile_comes_with_its_companions(blocks, tmp_path, archive):
    blocks.to_file(tmp_path / "u.shp")
    parts = {f"d/{p.name}": p.read_bytes() for p in tmp_path.glob("u.*")}
    intake = read(archive(parts), UNITS)
    assert list(intake.accepted.index) == ["a", "b", "c"]
    assert intake.crs == "EPSG:4549"


def test_of_several_one_is_named_or_called_like_the_layer(archive):
    path = archive({"x/one.csv": CSV, "two.csv": CSV[:-8]})
    with pytest.raises(InputError, match=r"found: x/one.csv, two.csv\. Name one .*city.zip/x/one"):
        read(path, HOUSEHOLDS)
    assert len(read(path / "two.csv", HOUSEHOLDS).accepted) == 1
    assert len(read(path / "x" / "one.csv", HOUSEHOLDS).accepted) == 2
    assert len(read(path, HOUSEHOLDS, layer="two").accepted) == 1
    with pytest.raises(InputError, match=r"no single 'three\.csv'"):
        read(path / "three.csv", HOUSEHOLDS)
    assert len(read(archive({"households.csv": CSV, "b.csv": "x"}), HOUSEHOLDS).accepted) == 2


def test_each_member_has_a_fingerprint_of_its_own(archive):
    path = archive({"a.csv": CSV, "b.csv": CSV})
    assert len({fingerprint(p) for p in (path, path / "a.csv", path / "b.csv")}) == 3


def test_names_in_gbk_without_the_flag_are_read(archive):
    path = archive({"HU.csv": CSV, "WANG.csv": CSV})
    data = path.read_bytes().replace(b"HU.csv", "户".encode("gbk") + b".csv")
    path.write_bytes(data.replace(b"WANG.csv", "网格".encode("gbk") + b".csv"))
    with pytest.raises(InputError, match=r"found: 户\.csv, 网格\.csv"):
        read(path, HOUSEHOLDS, layer="x")
    assert len(read(path, HOUSEHOLDS).accepted) == 2


@pytest.mark.parametrize("name", ["../../evil.csv", "/tmp/evil.csv", "..\\..\\evil.csv"])
def test_no_name_leaves_the_folder(archive, tmp_path, name, monkeypatch):
    written = []
    copy = zipped.shutil.copyfileobj
    monkeypatch.setattr(
        zipped.shutil, "copyfileobj", lambda a, b, n: (written.append(b.name), copy(a, b, n))
    )
    read(archive({name: CSV}), HOUSEHOLDS)
    assert [os.path.realpath(w).startswith(str(tmp_path / "scratch")) for w in written] == [True]


def test_links_are_left_out(tmp_path):
    path = tmp_path / "l.zip"
    with zipfile.ZipFile(path, "w") as made:
        link = zipfile.ZipInfo("passwd.csv")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="holds no file that can be read"):
        read(path, HOUSEHOLDS)


def test_a_zip_in_a_zip_is_not_opened(archive):
    with pytest.raises(InputError, match="Unpack the zip inside"):
        read(archive({"in.zip": b"PK"}), HOUSEHOLDS)


def test_a_bomb_is_refused_before_it_is_unpacked(archive, monkeypatch):
    path = archive({"a.csv": b"\0" * (80 * 2**20)})
    with pytest.raises(InputError, match="as only a zip bomb does"):
        read(path, HOUSEHOLDS)
    monkeypatch.setattr(limits, "MOST_BYTES", 2**20)
    with pytest.raises(InputError, match="unpacks to 83,886,080 bytes or more"):
        read(path, HOUSEHOLDS)


def test_an_archive_that_lies_about_a_size_gives_no_more_than_it_promised(archive):
    path = archive({"a.csv": b"household_id,lon,lat\n" + b"a,120,32\n" * 100_000})
    size = (900_021).to_bytes(4, "little")
    assert size in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(InputError, match="no sound zip archive"):
        read(path, HOUSEHOLDS)


def test_a_locked_archive_is_said(archive):
    path = archive({"a.csv": CSV})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="locked by a password"):
        read(path, HOUSEHOLDS)


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"no zip at all"])
def test_a_broken_archive_is_said(tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(InputError, match="no sound zip archive"):
        read(tmp_path / "b.zip", HOUSEHOLDS)


def test_the_folder_is_gone_after_an_error_too(archive):
    with pytest.raises(InputError, match="has no rows"):
        read(archive({"a.csv": "household_id,lon,lat\n"}), HOUSEHOLDS)

import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.errors import InputError
from gridgeo.ingest import encoding
from gridgeo.ingest.encoding import encoding_of, told_apart
from gridgeo.ingest.intake import read
from gridgeo.model.frames import HOUSEHOLDS, UNITS

# GDAL warns that it cuts names at ten bytes, and pyogrio that it cannot decode the warning.
pytestmark = pytest.mark.filterwarnings("ignore")

TEXT = "户编号,经度,纬度,网格编码\n甲,120.27,32.01,32128210000101\n乙,120.28,32.02,32128210000102\n"
# 網 and 镕 end in an ASCII letter in GBK.
CHINESE = st.text(st.sampled_from("网格户编号江平社区东兴镇马桥網镕,1a\n"), min_size=1)


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-sig"])
def test_a_csv_is_read_in_the_encoding_it_is_in(csv, code):
    text = TEXT if code != "utf-16-sig" else "\ufeff" + TEXT
    path = csv(text, encoding="utf-16-be" if code == "utf-16-sig" else code)
    intake = read(path, HOUSEHOLDS)
    assert list(intake.accepted.index) == ["甲", "乙"]
    assert any("GB18030" in note for note in intake.notes) == code.startswith("gb")


@given(text=CHINESE, size=st.integers(1, 7))
def test_where_a_piece_ends_changes_nothing(tmp_path_factory, text, size):
    data = ("户" + text).encode("gb18030") + "网格".encode("gb18030")
    cut = [data[at : at + size] for at in range(0, len(data), size)]
    path = tmp_path_factory.getbasetemp() / "t.csv"
    try:
        whole = told_apart(lambda: [data], path)
    except InputError:
        with pytest.raises(InputError):
            told_apart(lambda: cut, path)
    else:
        assert told_apart(lambda: cut, path) == whole


def test_what_is_chinese_only_in_the_last_row_is_seen(csv, monkeypatch):
    monkeypatch.setattr(encoding, "PIECE_BYTES", 5)
    path = csv("household_id,lon,lat\n" + "a,120,32\n" * 50 + "乙,120,32\n", encoding="gbk")
    assert encoding_of(path).name == "gb18030"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("戶籍登記,經度", "big5"),
        ("東京都さくら,lon", "shift-jis"),
        ("Zürich,Genève,Müller", "latin-1"),
        ("Москва,улица", "cp1251"),
    ],
)
def test_what_is_neither_is_refused_and_read_when_it_is_said(csv, text, code):
    path = csv(text + ",lat\n1,2,3\n", encoding=code)
    with pytest.raises(InputError, match="--encoding"):
        encoding_of(path)
    assert encoding_of(path, code).name == code


def test_text_that_could_be_either_is_said(csv):
    both = csv("", name="both.csv")
    both.write_bytes(b"name\n" + b"\xc8\xb7\xd0\xb5")
    assert both.read_bytes().decode("utf-8")
    assert both.read_bytes().decode("gb2312")
    assert encoding_of(both).name == "utf-8"
    assert "GB18030 too" in encoding_of(both).notes[0]


def test_utf_16_without_a_mark_is_said(csv):
    with pytest.raises(InputError, match="--encoding utf-16-le"):
        encoding_of(csv("household_id,lon,lat\n1,2,3\n", encoding="utf-16-le"))


@pytest.fixture
def shapefile(blocks, tmp_path):
    """Write base units with Chinese headers and texts as a Shapefile."""

    def write(code, cpg=None, driver=None):
        named = blocks.rename(columns={"unit_id": "单元编号", "households": "户数"})
        named["村名"] = ["江平社区", "东兴镇", "马桥"]
        named["单元编号"] = ["甲", "乙", "丙"]
        path = tmp_path / "units.shp"
        pyogrio.write_dataframe(named, path, encoding=code)
        path.with_suffix(".cpg").unlink()
        if cpg is not None:
            path.with_suffix(".cpg").write_text(cpg)
        if driver is not None:
            table = bytearray(path.with_suffix(".dbf").read_bytes())
            table[29] = driver
            path.with_suffix(".dbf").write_bytes(table)
        return path

    return write


@pytest.mark.parametrize("cpg", [None, "GBK", "936", "cp936", "gb18030", "GB2312", "gbk\n"])
@pytest.mark.parametrize("driver", [0, 0x4D, 0x57])
def test_a_gbk_shapefile_is_read_whatever_it_says(shapefile, cpg, driver):
    intake = read(shapefile("GBK", cpg, driver), UNITS)
    assert list(intake.accepted.index) == ["甲", "乙", "丙"]
    assert dict(intake.understood) == {"unit_id": "单元编号", "households": "户数"}
    assert intake.unused == ("村名",)


@pytest.mark.parametrize("cpg", [None, "UTF-8", "65001"])
@pytest.mark.parametrize("driver", [0, 0x4D, 0x57])
def test_a_utf8_shapefile_is_read_with_and_without_cpg(shapefile, cpg, driver):
    intake = read(shapefile("UTF-8", cpg, driver), UNITS)
    assert list(intake.accepted.index) == ["甲", "乙", "丙"]


def test_a_cpg_that_is_wrong_is_said_and_encoding_wins(shapefile):
    path = shapefile("GBK", "UTF-8")
    with pytest.raises(InputError, match=r"not UTF-8, which its \.cpg says\. .*--encoding gb18030"):
        read(path, UNITS)
    assert list(read(path, UNITS, encoding="gb18030").accepted.index) == ["甲", "乙", "丙"]


@pytest.mark.parametrize("suffix", [".dbf", ".shx"])
def test_a_missing_companion_is_named(shapefile, suffix):
    path = shapefile("UTF-8")
    path.with_suffix(suffix).unlink()
    with pytest.raises(InputError, match=rf"lacks units\{suffix} beside it"):
        read(path, UNITS)

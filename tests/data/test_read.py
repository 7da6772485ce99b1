"""Text and Parquet files into raw frames."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actscope.data import load, read_frame
from actscope.data._dialect import sniff
from actscope.data._header import has_header
from actscope.errors import DataError


def write(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8", newline="")
    return path


def notes_of(path: Path) -> str:
    return " | ".join(read_frame(path).attrs["notes"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_every_delimiter_in_every_kind_of_file(tmp_path: Path, delimiter: str, suffix: str) -> None:
    rows = [["size", "kind"], ["1.5", "a b"], ["2.5", "c d"], ["", "a b"]]
    path = write(tmp_path, "\n".join(delimiter.join(row) for row in rows), f"t{suffix}")
    frame = read_frame(path)
    assert list(frame.columns) == ["size", "kind"]
    np.testing.assert_array_equal(frame["size"], [1.5, 2.5, np.nan])
    assert frame["kind"].tolist() == ["a b", "c d", "a b"]
    own = {".csv": ",", ".tsv": "\t"}.get(suffix, delimiter)
    assert ("separated by" in notes_of(path)) == (delimiter != own)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(tmp_path: Path, end: str) -> None:
    path = write(tmp_path, end.join(["a,b", "1,x", "", "2,y", "  ", ""]))
    assert read_frame(path).to_numpy().tolist() == [[1, "x"], [2, "y"]]


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", None, [5.1, 3.5, "setosa"]),
        ("w,h,kind\n5.1,3.5,setosa\n", ["w", "h", "kind"], [5.1, 3.5, "setosa"]),
        ("p,x\ne,s\np,s\ne,x\n", None, ["p", "x"]),  # letters only, each a value elsewhere
        ("edible,cap\ne,s\np,s\ne,x\n", ["edible", "cap"], ["e", "s"]),
        ("1,2,3\n4,5,6\n7,8,9\n", None, [1, 2, 3]),
        ("0,1,2\n3,4,5\n6,7,8\n", None, [0, 1, 2]),
        ("0,1,2\n.5,.25,.1\n.3,.2,.4\n", ["0", "1", "2"], [0.5, 0.25, 0.1]),
        ("0,1,2\n1,0,2\n2,1,0\n1,1,1\n0,2,2\n", None, [0, 1, 2]),
        ("land,2000,2001,2002\nA,1.5,2.5,3\nB,1,2,4\n", ["land", "2000", "2001", "2002"], None),
        ("2024-01-05,a\n2024-02-05,b\n", None, ["2024-01-05", "a"]),
        ("day,kind\n2024-01-05,a\n2024-02-05,b\n", ["day", "kind"], ["2024-01-05", "a"]),
        ("?,3.5,x\n4.9,3.0,x\n4.7,3.2,y\n", None, [np.nan, 3.5, "x"]),
        ("1,5,9\n", None, [1, 5, 9]),
    ],
)
def test_header_or_not(
    tmp_path: Path, text: str, names: list[str] | None, first: list[object] | None
) -> None:
    path = write(tmp_path, text)
    frame = read_frame(path)
    assert list(frame.columns) == (names or [f"column_{j}" for j in range(frame.shape[1])])
    assert ("no header" in notes_of(path)) == (names is None)
    if first is not None:
        pd.testing.assert_series_equal(
            pd.Series(frame.iloc[0].tolist(), dtype=object), pd.Series(first, dtype=object)
        )


def test_missing_marks_and_spaces(tmp_path: Path) -> None:
    path = write(tmp_path, "n, t\n1 ,  a \n?, NA\n N/A,null\nnan , ?\n, b\n2.5,None\n")
    frame = read_frame(path)
    np.testing.assert_array_equal(frame["n"].astype(float), [1, *[np.nan] * 4, 2.5])
    # "None" is a level of its own: a class may well be called so.
    assert [None if pd.isna(t) else t for t in frame["t"]] == ["a", None, None, None, "b", "None"]


@pytest.mark.parametrize(
    "text",
    [
        "'a b', kind\n1.5, 'x, y'\n2.5, 'it''s'\n",
        "'a b', kind\n1.5, 'x, y'\n2.5, 'it\\'s'\n",
        '"a b",kind\n1.5,"x, y"\n2.5,it\'s\n',
        "'a b';kind\n1.5;'x, y'\n2.5;'it''s'\n",
    ],
)
def test_quotes(tmp_path: Path, text: str) -> None:
    frame = read_frame(write(tmp_path, text))
    assert list(frame.columns) == ["a b", "kind"]
    assert frame["kind"].tolist() == ["x, y", "it's"]


def test_an_apostrophe_is_no_quote(tmp_path: Path) -> None:
    frame = read_frame(write(tmp_path, "t,n\n'tis,1\nit's,2\nrock 'n' roll,3\n"))
    assert frame["t"].tolist() == ["'tis", "it's", "rock 'n' roll"]


def test_quoted_values_over_several_lines(tmp_path: Path) -> None:
    frame = read_frame(write(tmp_path, 't,n\n"one ""1""\nand, two",1\nx,2\n'))
    assert frame["t"].tolist() == ['one "1"\nand, two', "x"]


def test_commas_inside_numbers_are_read_and_said(tmp_path: Path) -> None:
    decimal = write(tmp_path, "a;b;c\n3,14;1.234,5;x\n-2;7,0;y\n", "decimal.csv")
    assert read_frame(decimal)[["a", "b"]].to_numpy().tolist() == [[3.14, 1234.5], [-2, 7]]
    assert "columns 'a', 'b': numbers written with decimal commas" in notes_of(decimal)
    thousands = write(tmp_path, 'a,b\n"1,234",x\n"12,345,678.5",y\n99,x\n', "thousands.csv")
    assert read_frame(thousands)["a"].tolist() == [1234, 12345678.5, 99]
    assert "thousands commas" in notes_of(thousands)
    text = write(tmp_path, "a;b\n1,2,3;x\n4,5,6;y\n", "text.csv")
    assert read_frame(text)["a"].tolist() == ["1,2,3", "4,5,6"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-marked"])
def test_unicode(tmp_path: Path, encoding: str) -> None:
    text = "größe,k\n1.5,caf\u00e9\n2.5,\u65e5\u672c\n"
    big_endian = encoding == "utf-16-be-marked"
    content = b"\xfe\xff" + text.encode("utf-16-be") if big_endian else text.encode(encoding)
    frame = read_frame(write(tmp_path, content))
    assert list(frame.columns) == ["größe", "k"]
    assert frame["k"].tolist() == ["caf\u00e9", "\u65e5\u672c"]
    assert frame.attrs["notes"] == ()


def test_another_encoding_is_said(tmp_path: Path) -> None:
    late = "k,n\n" + "a,1\n" * 400_000 + "caf\u00e9 \u201cBar\u201d,2\n"  # beyond the first MiB
    path = write(tmp_path, late.encode("cp1252"))
    assert read_frame(path)["k"].iloc[-1] == "caf\u00e9 \u201cBar\u201d"
    assert "not UTF-8: read as Windows-1252" in notes_of(path)
    with pytest.raises(DataError, match="neither UTF-8 nor Windows-1252"):
        read_frame(write(tmp_path, b"k,n\n\x81\x8d,1\n"))


def test_thousands_of_columns(tmp_path: Path) -> None:
    names = [f"gene {j}" for j in range(3000)]
    rows = np.random.default_rng(0).integers(0, 9, size=(5, 3000))
    text = ",".join(names) + "\n" + "\n".join(",".join(map(str, row)) for row in rows)
    frame = read_frame(write(tmp_path, text))
    assert list(frame.columns) == names
    np.testing.assert_array_equal(frame, rows)


def test_empty_names_are_filled(tmp_path: Path) -> None:
    frame = read_frame(write(tmp_path, ",a,b\n0,1.5,x\n1,2.5,y\n"))
    assert list(frame.columns) == ["column_0", "a", "b"]


NAMES = st.lists(
    st.text("abcdefgxyz _", min_size=1, max_size=8).map(str.strip).filter(bool),
    min_size=2,
    max_size=5,
    unique=True,
)
TEXTS = st.text(
    st.characters(codec="utf-8", categories=["L", "P", "Zs"], exclude_characters="'?")
    | st.sampled_from(',;"|\n'),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), names=NAMES)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path: Path, data: st.DataObject, names: list[str]
) -> None:
    """Round trip of numbers (to the last bit) and texts, the writer being Python's own."""
    height = data.draw(st.integers(2, 8))
    number = st.floats(allow_nan=False, allow_infinity=False)
    numbers = data.draw(st.lists(number, min_size=height, max_size=height))
    texts = [
        ["t" + t.strip() for t in data.draw(st.lists(TEXTS, min_size=height, max_size=height))]
        for _ in names[1:]
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    # A letter in front: a header of the numbers' own column must not look like a number.
    heads = [f"h {name}" for name in names]
    writer.writerow(heads)
    writer.writerows(zip(map(repr, numbers), *texts, strict=True))
    frame = read_frame(write(tmp_path, out.getvalue()))
    assert list(frame.columns) == heads
    np.testing.assert_array_equal(frame.iloc[:, 0], numbers)
    for j, column in enumerate(texts, start=1):
        assert frame.iloc[:, j].tolist() == [t.strip() for t in column]


def test_parquet_keeps_types_and_a_named_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, None, 3.0], "b": pd.Categorical(["x", "y", "x"])})
    path = tmp_path / "t.parquet"
    frame.set_index(pd.Index([7, 8, 9], name="key")).to_parquet(path)
    back = read_frame(path)
    assert list(back.columns) == ["key", "a", "b"]
    assert isinstance(back["b"].dtype, pd.CategoricalDtype)


class TestLike:
    """New data read in the light of the table trained on."""

    HEADLESS = "x,1.5,a\ny,2.5,b\nx,0.5,a\ny,0.1,b\n"

    def test_without_header_and_target_names_go_by_position(self, tmp_path: Path) -> None:
        schema = load(write(tmp_path, self.HEADLESS), 0).schema
        new = read_frame(write(tmp_path, "2.5,a\n1.5,b\n"), like=schema)
        assert list(new.columns) == ["column_1", "column_2"]
        whole = read_frame(write(tmp_path, self.HEADLESS), like=schema)
        assert list(whole.columns) == ["column_0", "column_1", "column_2"]

    def test_a_header_that_came_later_does_not_matter(self, tmp_path: Path) -> None:
        schema = load(write(tmp_path, self.HEADLESS), 0).schema
        new = read_frame(write(tmp_path, "width,kind\n2.5,a\n1.5,b\n"), like=schema)
        assert new.to_dict("list") == {"column_1": [2.5, 1.5], "column_2": ["a", "b"]}

    def test_one_row_of_texts_is_a_row(self, tmp_path: Path) -> None:
        schema = load(write(tmp_path, "kind,size,y\na,s,u\nb,l,v\na,l,u\nb,s,v\n"), "y").schema
        new = read_frame(write(tmp_path, "size,kind\nl,a\n"), like=schema)
        assert new.to_dict("list") == {"size": ["l"], "kind": ["a"]}

    def test_names_that_are_numbers_are_known_again(self, tmp_path: Path) -> None:
        table = pd.DataFrame({"2001": [0.5, 1, 2], "2000": [3, 1, 0.5], "y": ["u", "v", "u"]})
        schema = load(table, "y").schema
        new = read_frame(write(tmp_path, "2000,2001\n1,5\n"), like=schema)
        assert new.to_dict("list") == {"2000": [1], "2001": [5]}

    def test_levels_that_look_like_numbers_stay_texts(self, tmp_path: Path) -> None:
        text = "code,n,y\n" + "".join(f"{c},{n},u\n{c},{n},v\n" for n, c in enumerate(
            ["01", "02", "A1", "B1", "C1"]))  # fmt: skip
        schema = load(write(tmp_path, text), "y").schema
        new = read_frame(write(tmp_path, "code,n\n01,5\n02,6\n"), like=schema)
        assert new["code"].tolist() == ["01", "02"]

    def test_another_width_is_an_error(self, tmp_path: Path) -> None:
        schema = load(write(tmp_path, self.HEADLESS), 0).schema
        with pytest.raises(DataError, match=r"has 5 columns without .* had 2 beside its target"):
            read_frame(write(tmp_path, "1,2,3,4,5\n1,2,3,4,6\n"), like=schema)


def test_sniffing_prefers_what_makes_numbers() -> None:
    dialect, rows = sniff("1,5;2,5\n3,5;4,5\n", ",", whole=True)
    assert dialect.delimiter == ";"
    assert rows[0] == ["1,5", "2,5"]


def test_has_header_when_the_numbers_begin_with_missing_values() -> None:
    assert not has_header([["?", "a"], ["1", "a"], ["2", "b"]], False)
    assert has_header([["", "kind"], ["1", "a"], ["2", "b"]], False)


def test_sniffing_falls_back_on_the_extension() -> None:
    texts = "a, b\tc\nd, e\tf\n"  # as consistent with commas as with tabs
    assert sniff(texts, "\t", whole=True)[0].delimiter == "\t"
    assert sniff(texts, ",", whole=True)[0].delimiter == ","


def test_the_sample_sees_quotes_after_spaces() -> None:
    _, rows = sniff('1, "x, y"\n2, "z"\n', ",", whole=True)
    assert rows == [["1", "x, y"], ["2", "z"]]

"""Files that cannot be used: each one clear line, and nothing read that does not fit."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from actscope.data import _files, load
from actscope.data._files import available_memory, check_file
from actscope.errors import DataError

ROWS = "a,b\n1.5,x\n2.5,y\n"


def refuse(path: Path | str, target: object = -1) -> str:
    with pytest.raises(DataError) as caught:
        load(path, target)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n \n\r\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is binary data, not text"),
        (b"\x1f\x8b\x08\x08abc", "is binary data, not text"),
        (b"PK\x03\x04\x14\x00\x06\x00", "Excel workbook"),
        (b"a,b\n1,2\x003\n", "is binary data, not text"),
        (b"a,b,c\n", "holds only a header ('a', 'b', 'c') and no rows"),
        (b"a,b,c\n\n\n", "holds only a header"),
        (b"a,b,c\n1,2,x\n1,2\n", "ragged: line 3 has 2 values and the first row has 3"),
        (b"a,b,c\n1,2,x\n\n1,2,x,4\n", "ragged: line 4 has 4 values and the first row has 3"),
        (b"a,b,c\n1,2,x\n" * 1 + b"1,2,y\n" * 500 + b"1\n", "ragged: line 503 has 1 value and"),
        (b"a,b,a\n1,2,3\n", "more than one column is called 'a'"),
        (b'a,b\n1,"x\n2,y\n', "cannot be read"),
        (b'a,b\n1,"' + b"x" * 200_000 + b"\n2,y\n", "is a quote left open?"),
    ],
)
def test_bad_text(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert says in refuse(path)


def test_no_such_file_suggests_neighbours(tmp_path: Path) -> None:
    (tmp_path / "titanic.csv").write_text(ROWS)
    assert "Did you mean 'titanic.csv'?" in refuse(tmp_path / "titanik.csv")
    assert "there is no file" in refuse(tmp_path / "nowhere" / "x.csv")
    assert "there is no file" in refuse(tmp_path / "titanic.csv" / "x.csv")
    assert "Did you mean 'sklearn:iris'" in refuse("iris")
    assert "download the file" in refuse("https://example.org/x.csv")


def test_a_directory_names_the_tables_in_it(tmp_path: Path) -> None:
    (tmp_path / "inside.csv").write_text(ROWS)
    message = refuse(tmp_path)
    assert "is a directory" in message
    assert "'inside.csv'" in message


def test_neither_file_nor_directory() -> None:
    assert "is not a regular file" in refuse(os.devnull)


@pytest.mark.parametrize("name", ["book.xlsx", "table.json", "table", "table.csv.gz"])
def test_unknown_extension(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(ROWS)
    assert "actscope reads .csv, .tsv, .txt, .parquet" in refuse(tmp_path / name)


@pytest.mark.parametrize("content", [b"PAR1 and then nothing", ROWS.encode(), b"PAR1" * 20])
def test_unreadable_parquet(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.parquet"
    path.write_bytes(content)
    assert "is not a readable Parquet file" in refuse(path)


def test_parquet_damaged_beyond_its_footer(tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    pd.DataFrame({"a": range(1000), "b": ["x", "y"] * 500}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)
    assert "Parquet" in refuse(path)


def test_parquet_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pd.DataFrame({"a": [1.0], "b": ["x"]}).iloc[:0].to_parquet(path)
    assert "2 columns and no rows" in refuse(path)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text(ROWS)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "cannot be opened: Permission denied" in refuse(path)


def test_too_large_is_said_before_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.csv"
    path.write_text("a,b\n" + "0.123,x\n" * 20_000)
    os.truncate(path, 10**13)  # a hole of 10 TB: a reader would never come back
    message = refuse(path)
    assert "too large for memory" in message
    assert "GB are free" in message
    small = tmp_path / "small.csv"
    small.write_text("a,b\n" + "0.123,x\n" * 20_000)
    check_file(small)
    monkeypatch.setattr(_files, "available_memory", lambda: 1_000_000)
    with pytest.raises(DataError, match=r"reading it needs about 1\.1 MB and 1\.0 MB are free"):
        check_file(small)
    monkeypatch.setattr(_files, "available_memory", lambda: None)
    check_file(small)  # where the system does not tell, nothing is refused


def test_too_large_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"  # compressed to almost nothing
    pd.DataFrame({"a": [0.0] * 200_000, "b": ["x"] * 200_000}).to_parquet(path)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(_files, "available_memory", lambda: 5_000_000)
    with pytest.raises(DataError, match="too large for memory"):
        check_file(path)


def test_available_memory_is_plausible() -> None:
    known = available_memory()
    assert known is None or 10**7 < known < 10**14

"""`goodstanding link` and files as people have them: nothing is read in silence otherwise than it was meant."""

import csv
import gzip
import io

import polars as pl
import pytest

from tests.cli.inside import cli as _cli
from tests.cli.test_link import pair as _pair

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output")
cli, pair = _cli, _pair
KINDS = {
    "semicolons": (";", "utf-8", "utf-8, semicolons"),
    "tabs": ("\t", "utf-8", "utf-8, tabs"),
    "bars": ("|", "utf-8", "utf-8, bars"),
    "a mark": (",", "utf-8-sig", ""),
    "utf-16": ("\t", "utf-16", "utf-16, tabs"),
    "windows": (";", "windows-1252", "windows-1252, semicolons"),
    "chinese": (",", "gb18030", "gb18030, commas"),
}


def written(table, separator=",", encoding="utf-8", before=""):
    """Return a table as bytes, every cell in quotes that needs them."""
    text = io.StringIO()
    text.write(before)
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows())
    return text.getvalue().encode(encoding)


def linked(cli, left, right, out, *more):
    answer = cli("link", left, right, "--out", out, *more)
    assert answer.code == 0, answer.err
    return answer, pl.read_parquet(out / "links.parquet")


@pytest.fixture(scope="module")
def odd(pair):
    """The second file, with letters beyond ASCII, separators, quotes and line breaks in cells."""
    return pl.read_csv(pair[1]).with_columns(
        street=pl.col("street")
        + pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit('; é, "x"\nroom 1')).otherwise(pl.lit("")),
    )


@pytest.fixture(scope="module")
def plain(pair, odd, tmp_path_factory):
    """The links of that file, as CSV that needs no remark."""
    from click.testing import CliRunner

    from goodstanding.cli.link import group

    folder = tmp_path_factory.mktemp("plain")
    (folder / "b.csv").write_bytes(written(odd))
    answer = CliRunner().invoke(group, [str(pair[0]), str(folder / "b.csv"), "--out", str(folder / "out")])
    assert answer.exit_code == 0
    assert "read as" not in answer.stderr
    return pl.read_parquet(folder / "out" / "links.parquet")


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_the_same_whatever_separates_and_encodes_it_and_that_is_told(cli, pair, odd, plain, tmp_path, kind):
    separator, encoding, told = KINDS[kind]
    (tmp_path / "b.csv").write_bytes(written(odd, separator, encoding))
    more = [] if encoding.startswith("utf") else ["--encoding", encoding]
    answer, links = linked(cli, pair[0], tmp_path / "b.csv", tmp_path / "out", *more)
    assert links.equals(plain)
    assert (f"b.csv: read as {told}\n" in answer.err) == bool(told)
    explained = cli("link", "explain", tmp_path / "out", *links.row(0)[:2])
    assert explained.code == 0, explained.err


REFUSED = {
    "unsaid": (
        lambda table: written(table, ";", "windows-1252"),
        "--encoding windows-1252 reads 'é' there, --encoding gb18030",
    ),
    "excel": (lambda _: b"PK\x03\x04....", "saved as CSV"),
    "old excel": (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1", "saved as CSV"),
    "json": (lambda _: b'[{"id": 1}]', "one object a line"),
    "cut gzip": (lambda table: gzip.compress(written(table))[:-9], "truncated"),
    "long rows": (lambda _: b"id,company\n1,Alder\n2,Brook,x\n3,Cedar\n4\n", "2 rows have more or fewer cells"),
    "open quote": (lambda _: b'id,company\n1,"Alder\n2,Brook\n', "open quote.csv"),
    "utf-16 without a mark": (lambda table: written(table, ",", "utf-16-le"), "utf-16-le"),
    "only empty rows": (lambda _: b"id;company\n;\n;\n", "no rows"),
    "a header alone": (lambda _: b"id;company\n", "no rows"),
    "nothing": (lambda _: b"\n\n", "no rows"),
    "noise": (lambda _: bytes(range(256)) * 50, "noise.csv"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_can_be_read_in_two_ways_or_not_at_all_is_one_message(cli, pair, odd, tmp_path, kind):
    make, said = REFUSED[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(make(odd))
    answer = cli("link", pair[0], path, "--out", tmp_path / "out")
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer.err
    assert said in answer.err
    assert kind in answer.err
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_an_encoding_that_is_none_or_does_not_fit_is_one_message(cli, pair, odd, tmp_path):
    (tmp_path / "b.csv").write_bytes(written(odd, ";", "windows-1252"))
    for name in ("klingon", "ascii", "base64"):
        answer = cli("link", pair[0], tmp_path / "b.csv", "--out", tmp_path / "out", "--encoding", name)
        assert (answer.code, "--encoding" in answer.err, answer.err.count("\n")) == (2, True, 1), answer.err


def test_headers_twice_or_blank_and_empty_rows_are_told(cli, pair, tmp_path):
    lines = pair[1].read_text().splitlines()
    lines = ["id,company,street,town,who,town,,", *(f"{line},x,y," for line in lines[1:]), ",,,,,,,", "", ",,,,,,,"]
    (tmp_path / "b.csv").write_text("\n".join(lines) + "\n")
    answer, links = linked(cli, pair[0], tmp_path / "b.csv", tmp_path / "out")
    assert "b.csv: town (2): its header stands there before" in answer.err
    assert "b.csv: column 7 has no header" in answer.err
    assert "column 8" not in answer.err
    assert "b.csv: 2 rows without any value are left out" in answer.err
    assert links.equals(linked(cli, *pair, tmp_path / "plain")[1])

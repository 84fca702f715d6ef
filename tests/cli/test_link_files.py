"""`goodstanding link`, what it takes and what it gives: columns, people, groups, evidence of a pair, warnings."""

import json
import shutil

import polars as pl
import pytest

from goodstanding.cli.link_columns import Pair, Said, chosen
from goodstanding.cli.link_pictures import examples, histogram, waterfall
from tests.cli.inside import cli as _cli
from tests.cli.test_link import pair as _pair

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output")
cli, pair = _cli, _pair
ROLES = """
key: {left: id, right: nr}
compare:
- {left: company, right: wie, role: organisation}
- {left: street, right: waar, role: address}
- {left: town, role: place}
"""


@pytest.fixture(scope="module")
def dutch(pair, tmp_path_factory):
    """The second file with columns of other names, two of which tell no role."""
    path = tmp_path_factory.mktemp("dutch") / "b.csv"
    pl.read_csv(pair[1]).rename({"id": "nr", "company": "wie", "street": "waar"}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def run(pair, tmp_path_factory):
    """A run that was made, with its files beside it."""
    from click.testing import CliRunner

    from goodstanding.cli.link import group

    folder = tmp_path_factory.mktemp("run")
    for path in pair:
        shutil.copy(path, folder)
    names = [str(folder / path.name) for path in pair]
    assert CliRunner().invoke(group, [*names, "--out", str(folder / "out")]).exit_code == 0
    return folder


def links(folder):
    return pl.read_parquet(folder / "links.parquet")


def test_columns_of_other_names_are_compared_as_if_they_had_the_same(cli, run, dutch, tmp_path):
    (tmp_path / "roles.yaml").write_text(ROLES)
    said = ["--key", "id=nr", "--column", "company=wie=organisation", "--column", "street=waar=address"]
    given = {"roles": ["--roles", tmp_path / "roles.yaml"], "said": [*said, "--column", "town=place"]}
    for name, more in given.items():
        answer = cli("link", run / "a.csv", dutch, "--out", tmp_path / name, *more)
        assert answer.code == 0, answer.err
        assert "company / wie\torganisation\t100%\t100%" in answer.out
        assert links(tmp_path / name).equals(links(run / "out"))


def test_a_model_takes_a_file_whose_columns_have_other_names(cli, run, dutch, tmp_path):
    (tmp_path / "roles.yaml").write_text(ROLES)
    more = ["--model", run / "out" / "model", "--out", tmp_path / "out"]
    answer = cli("link", run / "a.csv", dutch, "--roles", tmp_path / "roles.yaml", *more)
    assert answer.code == 0, answer.err
    assert links(tmp_path / "out").equals(links(run / "out"))
    answer = cli("link", run / "a.csv", dutch, "--column", "town=place", *more[:3], tmp_path / "other")
    assert (answer.code, "the same roles, as often" in answer.err) == (2, True)


def test_headers_that_differ_are_matched_where_a_role_is_the_only_one_of_its_kind():
    told = chosen([["id", "company", "street", "town"], ["Bedrijf", "town", "adres", "colour"]], Said(), None)
    assert [(field.label, field.column) for field in told.fields] == [
        ("organisation", Pair("company", "Bedrijf")),
        ("address", Pair("street", "adres")),
        ("place", Pair("town", "town")),
    ]
    assert told.key == Pair("id", "row number")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a file of roles"),
        ("compare: []", "no column"),
        ("compare: [{left: a, role: firm}]", "role"),
        ("compare: [{left: a, role: code, x: 1}]", "compare.0.x"),
        ("compare: {", "not a file of roles"),
        ("\0", "not a file of roles"),
    ],
)
def test_a_broken_file_of_roles_is_one_message_that_names_it(cli, pair, tmp_path, text, said):
    (tmp_path / "roles.yaml").write_text(text)
    answer = cli("link", *pair, "--out", tmp_path / "out", "--roles", tmp_path / "roles.yaml")
    assert (answer.code, "roles.yaml" in answer.err, said in answer.err) == (2, True, True), answer.err
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def people(pair, tmp_path_factory):
    """Files of people: the firms, called by given and family name."""
    folder = tmp_path_factory.mktemp("people")
    for path in pair:
        table = pl.read_csv(path).with_columns(
            pl.col("company").str.split(" ").list.get(0).alias("given name"),
            pl.col("company").str.split(" ").list.get(1).alias("surname"),
        )
        table.drop("company").write_csv(folder / path.name)
    return folder / "a.csv", folder / "b.csv"


def test_people_are_linked_only_where_they_are_said_to_be_synthetic_or_of_the_past(cli, people, tmp_path):
    answer = cli("link", *people, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "people without a world" in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("more", [[], ["--show-values"]])
def test_what_files_say_of_people_is_shown_only_where_that_was_asked(cli, people, tmp_path, more):
    answer = cli("link", *people, "--out", tmp_path / "out", "--people", "synthetic", *more)
    assert answer.code == 0, answer.err
    left, right = links(tmp_path / "out").sort("weight")["left", "right"].row(-1)
    told = cli("link", "explain", tmp_path / "out", left, right, *more)
    cells = pl.read_csv(people[0]).filter(pl.col("id") == left).row(0, named=True)
    report = (tmp_path / "out" / "report.html").read_text()
    assert "they are synthetic" in report
    for text in (told.out, report):
        assert (cells["surname"] in text, cells["street"] in text) == (bool(more), bool(more))
    assert ("(not shown)" in answer.out) is not bool(more)


def test_records_reach_nobody_by_likeness_whatever_is_said_of_the_people(cli, people, tmp_path):
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World

    kind = next(name for name, one in catalogue(World.REAL).kinds.items() if one.direction == "adverse")
    pl.read_csv(people[1]).with_columns(pl.lit(kind).alias("kind")).write_csv(tmp_path / "records.csv")
    answer = cli("link", people[0], tmp_path / "records.csv", "--out", tmp_path / "out", "--people", "historical")
    assert answer.code == 2
    assert f"records ({kind})" in answer.err
    assert not (tmp_path / "out").exists()


def test_levels_and_groups_stand_beside_each_link(run):
    found = links(run / "out")
    assert set(found.columns) >= {"left", "right", "weight", "probability", "group", "organisation", "address", "place"}
    assert found.filter(pl.col("address") == "same address").height > 150
    groups = pl.read_csv(run / "out" / "groups.csv")
    of = {(file, key): group for file, key, group in groups.rows()}
    for left, right, group in found.select("left", "right", "group").rows():
        assert group == (of[1, left] if of[1, left] == of[2, right] else None)


def test_rows_of_two_files_with_the_same_keys_are_not_taken_for_each_other(cli, pair, tmp_path):
    for path in pair:
        pl.read_csv(path).drop("id").write_csv(tmp_path / path.name)
    assert cli("link", tmp_path / "a.csv", tmp_path / "b.csv", "--out", tmp_path / "out").code == 0
    groups = pl.read_csv(tmp_path / "out" / "groups.csv")
    assert groups.group_by("group").agg(pl.col("file").n_unique()).filter(pl.col("file") < 2).is_empty()
    assert groups.filter(pl.col("file") == 2)["key"].min() < 50


def test_rows_can_be_numbered_where_a_header_says_key_and_is_none(cli, pair, tmp_path):
    pl.concat([pl.read_csv(pair[0]), pl.read_csv(pair[0])]).write_csv(tmp_path / "twice.csv")
    answer = cli("link", tmp_path / "twice.csv", "--out", tmp_path / "out")
    assert (answer.code, "--key 'row number'" in answer.err) == (2, True)
    answer = cli("link", tmp_path / "twice.csv", "--out", tmp_path / "out", "--key", "row number")
    assert answer.code == 0, answer.err
    assert ("1", "301") in links(tmp_path / "out").select("left", "right").rows()


def test_the_evidence_of_a_pair_sums_up_to_its_weight(cli, run):
    found = links(run / "out")
    for left, right, weight in found.select("left", "right", "weight").sort("weight").rows()[:: found.height // 3]:
        answer = cli("link", "explain", run / "out", left, right)
        assert answer.code == 0, answer.err
        assert f"{weight:.2f} bits" in answer.out
        assert answer.err == ""


def test_a_pair_that_no_run_looks_at_is_said_to_be_so(cli, run):
    answer = cli("link", "explain", run / "out", "a0", "b399")
    assert answer.code == 0
    assert "share no key" in answer.err


def test_a_pair_that_cannot_be_explained_is_one_message(cli, run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    out = tmp_path / "run" / "out"
    assert "no row whose id is 'a999'" in cli("link", "explain", out, "a999", "b1").err
    assert "not what `goodstanding link` wrote" in cli("link", "explain", tmp_path, "a1", "b1").err
    with (tmp_path / "run" / "a.csv").open("a") as file:
        file.write("x,x,x,x,x\n")
    assert "changed since it was linked" in cli("link", "explain", out, "a1", "b1").err
    (tmp_path / "run" / "a.csv").unlink()
    assert "not there" in cli("link", "explain", out, "a1", "b1").err
    (out / "run.json").write_text(json.dumps({"files": 1}))
    assert "not what `goodstanding link` wrote" in cli("link", "explain", out, "a1", "b1").err


def test_columns_that_tell_little_are_named(cli, pair, tmp_path):
    odd = pl.read_csv(pair[0]).with_columns(
        pl.lit("Norbury").alias("town"),
        pl.when(pl.int_range(pl.len()) < 200).then(pl.lit("Unknown")).otherwise("company").alias("company"),
    )
    odd.write_csv(tmp_path / "odd.csv")
    answer = cli("link", tmp_path / "odd.csv", pair[1], "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "odd.csv: column company has one value in 200 rows" in answer.err
    assert "odd.csv: column town has the same value" in answer.err
    assert "200" in (tmp_path / "out" / "report.html").read_text()


def test_pictures_hold_every_pair_and_every_bit():
    weights = pl.Series([-9.5, -1.0, 0.2, 0.3, 80.0])
    bars, threshold = histogram(weights, 0.25)
    assert sum(bar.pairs for bar in bars) == 5
    assert all(0 <= bar.x <= bar.x + bar.width <= 360 for bar in bars)
    assert 0 < threshold < 360
    seen = pl.DataFrame({"left": list("abcde"), "right": list("vwxyz"), "weight": weights})
    assert [one[0] for one in examples(seen, 0.25)] == ["certain", *["doubtful"] * 2, *["refused"] * 2]
    assert histogram(weights.clear(), 0.0) == ([], 0.0)
    assert waterfall([], 0.0).steps == ()

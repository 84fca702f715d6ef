"""`goodstanding link`, as somebody at a terminal uses it: small files, and files with something wrong."""

import random
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from stdnum.iso7064 import mod_11_2

from goodstanding.linkage.headers import proposed
from tests.cli.inside import cli as _cli

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output")
cli = _cli
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "link-two-files.md"
_SYLLABLES = ("ba", "de", "ki", "lo", "mu", "na", "po", "ri", "sa", "tu", "ve", "zo")


def _word(draw, length):
    return "".join(draw.choice(_SYLLABLES) for _ in range(length))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two files of 300 firms each, 200 of them in both with slips, and who is who."""
    draw, folder = random.Random(7), tmp_path_factory.mktemp("pair")
    towns = [_word(draw, 3) for _ in range(20)]
    firms = [
        (f"{_word(draw, 2)} {_word(draw, 4)}", f"{n} {_word(draw, 3)} road", draw.choice(towns)) for n in range(400)
    ]
    first = [(f"a{n}", *firms[n], f"t{n}") for n in range(300)]
    second = [(f"b{n}", firms[n][0] + (" Ltd" if n % 2 else "x"), *firms[n][1:], f"t{n}") for n in range(100, 400)]
    paths = folder / "a.csv", folder / "b.csv"
    for path, rows in zip(paths, (first, second), strict=True):
        pl.DataFrame(rows, schema=["id", "company", "street", "town", "who"], orient="row").write_csv(path)
    return paths


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The two files that the guide has the reader write."""
    folder = tmp_path_factory.mktemp("guide")
    first, second = re.findall(r"```csv\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "register.csv").write_text(first)
    (folder / "permits.csv").write_text(second)
    return folder


def test_the_guide_says_what_happens(cli, guide):
    answer = cli("link", guide / "register.csv", guide / "permits.csv", "--out", guide / "linked")
    assert answer.code == 0, answer.err
    assert "company\torganisation" in answer.out
    links = pl.read_csv(guide / "linked" / "links.csv")
    assert set(links.select("left", "right").rows()) == {(f"a{n}", f"b{n}") for n in range(1, 7)}
    assert answer.err.splitlines() == [f"6 candidates, for a person to decide, written to {guide / 'linked'}"]
    told = cli("link", "explain", guide / "linked", "a2", "b2")
    assert told.code == 0, told.err
    rows = [line.split("\t") for line in told.out.splitlines()]
    assert rows[2][:4] == [
        "organisation",
        "same organisation",
        "Brook & Sons Limited",
        "Brook and Sons Ltd",
    ]
    (weight,) = links.filter(pl.col("left") == "a2")["weight"]
    assert sum(float(row[4]) for row in rows[1:6]) == pytest.approx(weight, abs=0.03)
    assert rows[-1][0].startswith(f"{weight:.2f} bits")


def figures(out, of="pairs"):
    """Return what was measured by the truth, checked to lie in its interval."""
    told = {}
    for row in re.findall(rf"^{of}\t(\w+)\t([0-9.]+)\t([0-9.]+)\t([0-9.]+)\t", out, re.MULTILINE):
        value, low, high = map(float, row[1:])
        assert low <= value <= high
        told[row[0]] = value
    return told


def test_links_are_measured_by_a_truth_that_is_not_compared(cli, pair, tmp_path):
    answer = cli("link", *pair, "--out", tmp_path / "out", "--truth", "who")
    assert answer.code == 0, answer.err
    links = pl.read_parquet(tmp_path / "out" / "links.parquet")
    right = links.filter(pl.col("left").str.slice(1) == pl.col("right").str.slice(1)).height
    shares = figures(answer.out)
    assert shares["precision"] == pytest.approx(right / links.height, abs=1e-4)
    assert shares["recall"] == pytest.approx(right / 200, abs=1e-4)
    assert shares["f1"] > 0.95
    assert "pairs\tsaid\twas\tfrom\tto" in answer.out
    assert "who" not in answer.out


def test_a_model_that_was_kept_gives_the_same_links(cli, pair, tmp_path):
    assert cli("link", *pair, "--out", tmp_path / "one", "--truth", "who").code == 0
    assert cli("link", *pair, "--out", tmp_path / "two", "--model", tmp_path / "one" / "model").code == 0
    assert (tmp_path / "one" / "links.csv").read_bytes() == (tmp_path / "two" / "links.csv").read_bytes()
    models = [tmp_path / one / "model" / "model.json" for one in ("one", "two")]
    assert models[0].read_bytes() == models[1].read_bytes()


def test_one_file_is_linked_with_itself_and_rows_without_a_key_have_numbers(cli, pair, tmp_path):
    both = pl.concat([pl.read_csv(path).drop("id") for path in pair])
    both.write_csv(tmp_path / "both.csv")
    answer = cli("link", tmp_path / "both.csv", "--out", tmp_path / "out", "--truth", "who", "--least", "3")
    assert answer.code == 0, answer.err
    assert "row number\tkey" in answer.out
    links = pl.read_parquet(tmp_path / "out" / "links.parquet")
    assert links["weight"].min() >= 3
    assert figures(answer.out)["f1"] > 0.95
    assert figures(answer.out, "groups")["f1"] > 0.95


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


@pytest.mark.parametrize(("language", "said"), [("en", "for a person to decide"), ("nl", "mens"), ("zh", "候选")])
def test_the_report_stands_alone_and_has_a_table_beside_the_picture(cli, pair, tmp_path, language, said):
    named = tmp_path / "<b>.csv"
    named.write_bytes(pair[0].read_bytes())
    answer = cli("link", named, pair[1], "--out", tmp_path / "out", "--language", language, "--truth", "who")
    assert answer.code == 0, answer.err
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert said in text
    assert "&lt;b&gt;.csv" in text
    assert page.addresses == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == page.tags.count("title") == 1 + page.tags.count("h3") + 1
    assert page.tags.count("caption") == page.tags.count("table") == 6 + 1 + page.tags.count("h3") + 3
    links = pl.read_parquet(tmp_path / "out" / "links.parquet")
    weights = re.search(r'<caption id="weights">.*?</table>', text, re.DOTALL).group()
    bars = [(int(low), int(n)) for low, n in re.findall(r'row" class="n">(-?\d+)<.*?>(\d+)</td></tr>', weights)]
    assert sum(n for low, n in bars if low >= 0) == links.height


def _resident(region):
    body = f"{region}19700101001"
    return f"{body}{mod_11_2.calc_check_digit(body)}"


BAD = {
    "id,company\n": "no rows",
    "": "empty",
    "id,company\n1,Alder\n1,Brook\n": "another value in every row",
    "id,colour\n1,red\n2,blue\n": "no header tells a role",
    "id,company\n1,Alder\n2,Brook\n": "nothing can be learned",
    f"id,company,note\n1,Alder,{_resident('110101')}\n": "natural persons",
    f"id,company,note\n1,Alder,cn.ric:{_resident('000000')}\n": "natural persons",
    "id,company,note\n1,Alder,111222333\n2,Brook,\n": "natural persons",
    "id,company,code\n1,Alder,92000000MA0000007C\n": "natural persons",
    "id,company,code\n1,Alder,cn.uscc:92000000MA0000007C\n": "natural persons",
}


@pytest.mark.parametrize("text", BAD, ids=list(BAD.values()))
def test_a_bad_file_is_refused_with_a_reason_and_nothing_is_left(cli, tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    answer = cli("link", tmp_path / "bad.csv", "--out", tmp_path / "out")
    assert answer.code == 2
    assert BAD[text] in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--column", "colour=code"], "colour: not in the file"),
        (["--column", "company=firm"], "a role of name, given"),
        (["--column", "company=organisation", "--column", "town=organisation"], "one column only"),
        (["--column", "company=name"], "a file of people without a world is refused"),
        (["--people", "synthetic"], "no name of people is compared"),
        (["--pairs", "3"], "more than 3; "),
        (["--least", "nan"], "a number of bits"),
        (["--roles", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--roles", "x", "--column", "town=place"], "not both"),
        (["--column", "who=code", "--truth", "who"], "is the truth"),
        (["--key", "none"], "none: not in the file"),
        (["--truth", "none"], "none: not in the file"),
        (["--model", "nowhere"], "not a linkage model"),
    ],
)
def test_wrong_use_is_refused_with_a_reason_and_nothing_is_left(cli, pair, tmp_path, more, said):
    answer = cli("link", *pair, "--out", tmp_path / "out", *more)
    assert answer.code == 2
    assert said in answer.err
    assert list(tmp_path.iterdir()) == []


def test_results_are_never_written_over(cli, pair, tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    answer = cli("link", *pair, "--out", tmp_path)
    assert answer.code == 2
    assert "never written over" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "headers",
    [
        ["ID", "Given_Name", "Surname", "Date of birth", "Postcode"],
        ["nummer", "Voornaam", "Achternaam", "Geboortedatum", "postcode"],
        ["Schlüssel", "Vorname", "Nachname", "Geburtsdatum", "PLZ"],
        ["clé", "Prénom", "Nom", "Date de naissance", "Code postal"],
        ["编号", "名", "姓", "出生日期", "邮编"],
    ],
)
def test_roles_are_read_from_headers_in_five_languages(headers):
    key, fields = proposed(headers)
    assert key == headers[0]
    assert [(field.column, field.role) for field in fields] == list(
        zip(headers[1:], ("given", "family", "date", "postcode"), strict=True)
    )

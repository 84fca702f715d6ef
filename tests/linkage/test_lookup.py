"""Look-up: the right organisation first, with its reasons; no text is too strange, and none takes long."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.linkage.agreement import LIKELY, REASONS
from goodstanding.linkage.lookup import Asked, Entry, Lookup, build, compared
from goodstanding.linkage.postings import slips_of
from goodstanding.linkage.wording import text_of, worded, wording_of

NAMES = [
    "Café Zoë",
    "ZOE'S 100%_Tea \\ Co",
    "Zoetermeer Holding",
    "北京阳光科技有限公司",
    "北京阳明科技有限公司",
    "Smith International Trading Ltd",
    "Sunrise Bakery Ltd",
    "Sunshine Foods BV",
    "International Business Machines",
    "ООО Ромашка",
    "Müller Maschinenbau GmbH",
    "Fund 2 Partners LP",
    "Fund 3 Partners LP",
    "Harbour Textiles Ltd",
]


@pytest.fixture(scope="module")
def lookup(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lookup") / "index"
    build([Entry(name, name, "Utrecht", "2001-02-03", "gb.company:01") for name in NAMES], folder)
    return Lookup([folder])


@pytest.mark.parametrize(
    ("asked", "found", "reason"),
    [
        ("CAFE ZOE", "Café Zoë", "same"),
        ("Smith Intl Trading", "Smith International Trading Ltd", "stands-for"),
        ("Smyth International Trading", "Smith International Trading Ltd", "slip"),
        ("Trading Smith International", "Smith International Trading Ltd", "order"),
        ("Smith International Trading B.V.", "Smith International Trading Ltd", "form-same"),
        ("Smith International Trading PLC", "Smith International Trading Ltd", "form-other"),
        ("sun shine foods", "Sunshine Foods BV", "joined"),
        ("Harbourtextiles", "Harbour Textiles Ltd", "joined"),
        ("Harbuor Textiles", "Harbour Textiles Ltd", "slip"),
        ("Romashka", "ООО Ромашка", "same"),
        ("Beijing Yangguang Keji", "北京阳光科技有限公司", "joined"),
        ("北京阳光科技", "北京阳光科技有限公司", "same"),
        ("IBM", "International Business Machines", "initials"),
        ("Mueller Maschinenbau", "Müller Maschinenbau GmbH", "slip"),
        ("Fund 3 Partners", "Fund 3 Partners LP", "same"),
    ],
)
def test_the_right_one_comes_first_with_its_reason(lookup, asked, found, reason) -> None:
    best = lookup.find(Asked(asked))[0]
    assert best.entry.name == found
    assert best.score >= LIKELY
    assert reason in {one.code for one in best.reasons}


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("Sunrise Brewery", "Sunrise Bakery Ltd"),
        ("Fund 2 Partners", "Fund 3 Partners LP"),
        ("北京阳光科技有限公司", "北京阳明科技有限公司"),
        ("北京扬光科技有限公司", "北京阳明科技有限公司"),
        ("Harbour Motors", "Harbour Textiles Ltd"),
    ],
)
def test_another_trade_number_or_character_is_another_organisation(lookup, asked, other) -> None:
    assert lookup.compare(Asked(asked), Entry("", other)).score < LIKELY


def test_place_day_and_number_speak_for_and_against(lookup) -> None:
    plain = lookup.find(Asked("Smyth International Trading"))[0].score
    alike = Asked("Smyth International Trading", "UTRECHT", "20010203", "GB.COMPANY:01")
    other = Asked("Smyth International Trading", "Gouda", "1999-01-01", "gb.company:02")
    assert lookup.find(other)[0].score < plain < lookup.find(alike)[0].score
    codes = {one.code for one in lookup.find(other)[0].reasons}
    assert {"place-other", "date-other", "identifier-other"} <= codes <= set(REASONS)


def test_parts_answer_as_one_index_does(lookup, tmp_path) -> None:
    for at, part in enumerate((NAMES[:5], NAMES[5:])):
        build([Entry(name, name) for name in part], tmp_path / str(at))
    parts = Lookup([tmp_path / "0", tmp_path / "1"])
    for asked in ("Zoe", "Smyth Intl Trading", "Sunrise Brewery", "北京阳光"):
        told = [[(one.entry.name, one.score) for one in some.find(Asked(asked))] for some in (lookup, parts)]
        assert told[0][0] == told[1][0]


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_answered_and_reads_back(lookup, text) -> None:
    for one in lookup.find(Asked(text, text, text, text)):
        assert 0 <= one.score <= 1
    assert wording_of(text_of(worded(text))) == worded(text)


@pytest.mark.parametrize("text", ["", "\0", "%", "_", "'; DROP TABLE subject; --", "\ud800", "\u202e\u200b", "💶"])
def test_signs_find_nothing(lookup, text) -> None:
    assert lookup.find(Asked(text), least=LIKELY) == []


@pytest.mark.parametrize("text", ["a", "a ", "北", "é", "zoe ", "\u0301", "１", "﷽"])
def test_a_name_of_a_million_signs_takes_no_longer(lookup, text) -> None:
    started = time.process_time()
    lookup.find(Asked(text * (1_000_000 // len(text))))
    assert time.process_time() - started < 1


@given(st.text("abcdefgh", min_size=5, max_size=12), st.data())
def test_a_word_with_one_slip_shares_a_hash_with_it(word, data) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from("abcdefghxyz"))
    slips = (word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :])
    for slip in (*slips, word[:at] + word[at + 1] + word[at] + word[at + 2 :]):
        assert set(slips_of(word)) & set(slips_of(slip))


def test_a_slip_is_found_in_the_index_itself(lookup) -> None:
    for name in ("Hrabour Textiles", "Harbor Textiles", "Haarbour Textiles"):
        assert lookup.find(Asked(name.split()[0]))[0].entry.name == "Harbour Textiles Ltd"


def test_an_index_that_is_broken_is_named(tmp_path) -> None:
    build([Entry("a", "Acme")], tmp_path / "index")
    (tmp_path / "index" / "index.json").write_text('{"form": 0, "rows": 1}')
    with pytest.raises(InputError, match=r"index: not an index of names \(form 0, expected \d+\)"):
        Lookup([tmp_path / "index"])


def test_an_index_of_nobody_finds_nobody(tmp_path) -> None:
    build([], tmp_path / "index")
    assert Lookup([tmp_path / "index"]).find(Asked("Acme")) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("كرمل الخليج", "Carmel Khaleej"),
        ("כרמל תעשיות", "Carmel Taasiyot"),
        ("शक्ति उद्योग", "Shakti Udyog"),
        ("한빛전자", "Hanbit Jeonja"),
        ("Белая Сова", "Belaja Sowa"),
        ("Brigade Forty-Four", "Brigade 44"),
        ("Quatre Saisons", "4 Saisons"),
        ("KernAG", "Kern AG"),
        ("Calima S.L.", "Calima Sociedad Limitada"),
        ("Hnos. Ruiz", "Hermanos Ruiz"),
        ("Weston Institute of Applied Optics", "WIAO"),
        ("Cole Ltd trading as Sunrise Bakery", "Sunrise Bakery"),
        ("Cedar Grill", "Elm Foods, formerly known as Cedar Grill"),
        ("Harbour Club, The", "The Harbour Club"),
        ("Alder Foods Ltd (in liquidation)", "Alder Foods Ltd"),
    ],
)
def test_one_name_in_two_spellings_is_likely_the_same(asked, found) -> None:
    assert compared(Asked(asked), Entry("", found)).score >= LIKELY


def test_a_slip_is_worth_less_the_more_bear_the_word_as_it_was_written(tmp_path) -> None:
    scores = []
    for others in (0, 1, 10):
        build([Entry(str(n), f"Marlaw {n}") for n in range(others)], tmp_path / str(others))
        scores.append(Lookup([tmp_path / str(others)]).compare(Asked("Marlaw Foods"), Entry("", "Marlow Foods")).score)
    assert scores[0] > scores[1] > scores[2]


def test_a_word_in_one_script_stays_in_it_however_much_its_letters_look_like_latin_ones() -> None:
    assert worded("РОСА").words[0].letters == "rosa"
    assert worded("Hаrbour").words[0].letters == "harbour"


@pytest.mark.parametrize(
    "file", ["lines.bin", "terms.npy", "starts.npy", "rows.npy", "slips.npy", "weights.npy", "index.json"]
)
@pytest.mark.parametrize("kept", [0.0, 0.5, None])
def test_an_index_of_which_a_file_is_cut_or_lacking_is_named(tmp_path, file, kept) -> None:
    build([Entry(name, name) for name in NAMES], tmp_path / "index")
    path = tmp_path / "index" / file
    whole = path.read_bytes()
    path.unlink() if kept is None else path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match="index: not an index of names"):
        Lookup([tmp_path / "index"])


def test_an_index_with_a_file_of_another_is_named(tmp_path) -> None:
    build([Entry(name, name) for name in NAMES], tmp_path / "index")
    build([Entry(name, name) for name in NAMES[:3]], tmp_path / "other")
    (tmp_path / "other" / "rows.npy").replace(tmp_path / "index" / "rows.npy")
    with pytest.raises(InputError, match=r"rows: found \d+, expected \d+"):
        Lookup([tmp_path / "index"])


def test_threads_that_share_a_lookup_get_the_answers_of_one(lookup) -> None:
    asked = [Asked(name[at:] + other[:5]) for name in NAMES for at in (0, 1) for other in NAMES[:6]]
    alone = [lookup.find(one) for one in asked]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lookup.find, asked)) == alone


def test_an_index_that_is_replaced_while_it_is_opened_and_asked_answers_as_one_of_the_two(tmp_path) -> None:
    names = ("Harbour Textiles Ltd", "Harbour Textiles BV")
    build([Entry("0", names[0])], tmp_path / "index")
    open_already = Lookup([tmp_path / "index"])

    def opened(_: int) -> str:
        return Lookup([tmp_path / "index"]).find(Asked("Harbour Textiles"))[0].entry.name

    with ThreadPoolExecutor(3) as threads:
        told = threads.map(opened, range(150))
        for turn in range(30):
            build([Entry("0", names[turn % 2])] * (1 + turn % 3), tmp_path / "index")
        assert set(told) <= set(names)
    assert open_already.find(Asked("Harbour Textiles"))[0].entry.name == names[0]
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize(
    "text",
    [
        "Company Ltd",
        "International Services Group",
        "the of and",
        "a",
        " " * 1_000_000,
        "Harbour " * 1000,
        "st " * 70,
        "\u202eهلال " * 40,
    ],
)
def test_no_name_has_more_rows_compared_than_the_bound(tmp_path, monkeypatch, text) -> None:
    build(
        (Entry(str(n), f"Harbour {n} International Services Group Company the of a st Ltd") for n in range(2000)),
        tmp_path / "many",
    )
    many, compared_rows = Lookup([tmp_path / "many"]), []
    compare = many._compared
    monkeypatch.setattr(many, "_compared", lambda *told: (compared_rows.append(1), compare(*told))[1])
    many.find(Asked(text), 5)
    assert len(compared_rows) <= 30

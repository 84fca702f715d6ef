"""Looking up a name among a million organisations: speed, what is found, and nomenklatura's logic-v2 on the same pairs.

python benchmarks/lookup.py [ROWS]          generated names and variations with known answers
python benchmarks/lookup.py --pairs FILE    labelled pairs, as CSV: left, right (names), same (1 or 0); where known also
    left_place and right_place, left_date and right_date (YYYY-MM-DD), left_country and right_country (two letters)
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import telling
from figures import Figures
from rapidfuzz.fuzz import token_sort_ratio

from goodstanding.facts.errors import InputError
from goodstanding.facts.reading import read_table
from goodstanding.linkage.agreement import LIKELY
from goodstanding.linkage.lookup import Asked, Entry, Lookup, build

SEED = 20261122
ROWS = 1_000_000
QUERIES = 3_000
PEER = Path(__file__).parents[1] / ".venv-peers/lookup/bin/python"

TRADES = {
    "gb": [
        "trading",
        "services",
        "bakery",
        "motors",
        "kitchens",
        "consulting",
        "care",
        "properties",
        "logistics",
        "foods",
        "engineering",
        "dental",
        "plumbing",
        "media",
        "software",
        "recruitment",
        "interiors",
        "roofing",
        "farms",
        "textiles",
    ],
    "nl": [
        "bouw",
        "installatie",
        "transport",
        "beheer",
        "advies",
        "bakkerij",
        "schilders",
        "techniek",
        "zorg",
        "tuinen",
        "makelaars",
        "horeca",
    ],
    "de": [
        "maschinenbau",
        "bau",
        "immobilien",
        "handel",
        "technik",
        "bäckerei",
        "spedition",
        "elektro",
        "druckerei",
        "metallbau",
    ],
    "fr": [
        "boulangerie",
        "transports",
        "immobilier",
        "bâtiment",
        "électricité",
        "conseil",
        "restauration",
        "menuiserie",
    ],
    "pl": ["budownictwo", "usługi", "handel", "piekarnia", "transport", "produkcja"],
}
SHARED = [
    "international",
    "group",
    "holding",
    "european",
    "global",
    "general",
    "first",
    "new",
    "united",
    "central",
    "royal",
    "national",
]
FORMS = {
    "gb": ["Ltd", "Limited", "PLC", "LLP", ""],
    "nl": ["B.V.", "BV", "N.V.", "VOF", ""],
    "de": ["GmbH", "GmbH & Co. KG", "AG", "UG", ""],
    "fr": ["SARL", "S.A.", "SAS", ""],
    "pl": ["Sp. z o.o.", "S.A.", ""],
    "zh": ["有限公司", "股份有限公司", "有限责任公司"],
}
SHORT = {"international": "intl", "services": "svcs", "group": "grp", "engineering": "eng", "national": "natl"}
ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "cl",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sch",
    "st",
    "sw",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "oo", "ou"]
CODAS = ["l", "ll", "m", "n", "nd", "ng", "r", "rd", "rs", "s", "st", "t", "th", "x", "ck"]
CITIES = [
    "北京",
    "上海",
    "广州",
    "深圳",
    "成都",
    "武汉",
    "南京",
    "杭州",
    "苏州",
    "西安",
    "重庆",
    "天津",
    "青岛",
    "长沙",
    "大连",
    "厦门",
    "宁波",
    "郑州",
]
CHARACTERS = "阳光华泰明德信诚金鑫龙凤天宇海洋新兴隆盛福瑞祥和平安康健美佳丽东南西北中正大同文博雅创元亨利贞恒通达顺"
WORKS = ["科技", "贸易", "建筑工程", "食品", "物流", "电子", "机械", "医药", "服装", "置业", "广告", "教育咨询"]


def word(random_: random.Random) -> str:
    """Return a word that may be a family's or a brand's."""
    syllables = random_.choice((1, 2, 2, 3))
    made = "".join(random_.choice(ONSETS) + random_.choice(VOWELS) for _ in range(syllables))
    return (made + random_.choice(CODAS)).capitalize()


def organisations(rows: int) -> Iterator[tuple[str, str]]:
    """Yield country and name of each; brands are borne by few or, as in life, some by many."""
    random_ = random.Random(SEED)
    brands = [word(random_) for _ in range(rows // 5)]
    for _ in range(rows):
        country = random_.choices(("gb", "nl", "de", "fr", "pl", "zh"), (35, 15, 15, 10, 5, 20))[0]
        form = random_.choice(FORMS[country])
        if country == "zh":
            brand = "".join(random_.choice(CHARACTERS) for _ in range(random_.choice((2, 2, 3, 4))))
            yield country, f"{random_.choice(CITIES)}{brand}{random_.choice(WORKS)}{form}"
            continue
        crowd = int(len(brands) * random_.random() ** 3)
        parts = [brands[min(crowd, len(brands) - 1)], *random_.sample(TRADES[country], random_.choice((1, 1, 2)))]
        parts += [random_.choice(SHARED)] if random_.random() < 0.4 else []
        parts.insert(1, word(random_)) if random_.random() < 0.35 else None
        yield country, " ".join([*(part.capitalize() for part in parts), form]).strip()


def variation(country: str, name: str, random_: random.Random) -> tuple[str, str]:
    """Return how a name was changed, and what became of it."""
    return changed_han(name, random_) if country == "zh" else changed(country, name.split(), random_)


def changed_han(name: str, random_: random.Random) -> tuple[str, str]:
    """Leave a character out, write it by its sounds, or with another legal form."""
    from pypinyin import lazy_pinyin

    how = random_.choice(("character out", "pinyin", "form"))
    core = next(name.removesuffix(form) for form in FORMS["zh"][::-1] if name.endswith(form))
    if how == "character out":
        at = random_.randrange(2, len(core))
        return how, core[:at] + core[at + 1 :] + "有限公司"
    if how == "pinyin":
        sounds = [sound.capitalize() for sound in lazy_pinyin(core)]
        return how, " ".join("".join(sounds[at : at + 2]) for at in range(0, len(sounds), 2)) + " Co Ltd"
    return how, core + random_.choice(FORMS["zh"])


def changed(country: str, words: list[str], random_: random.Random) -> tuple[str, str]:
    """Change a name in Latin script in one of nine ways."""
    second = min(1, len(words) - 1)
    ways = {
        "as it is": lambda: words,
        "one slip": lambda: [slip(words[0], random_), *words[1:]],
        "two slips": lambda: [slip(words[0], random_), *(slip(one, random_) for one in words[1:2]), *words[2:]],
        "word out": lambda: [one for at, one in enumerate(words) if at != out],
        "order": lambda: [words[second], *words[:second], *words[second + 1 :]],
        "form": lambda: [*(one for one in words if one not in FORMS[country]), random_.choice(FORMS[country])],
        "script": lambda: " ".join(words).translate(str.maketrans("äöüéèâłżó", "aoueealzo")).upper().split(),
        "short": lambda: [SHORT.get(one.lower(), one) for one in words],
        "spaces": lambda: [words[0] + words[second].lower() * second, *words[2:]],
    }
    how = random_.choice(tuple(ways))
    out = random_.randrange(1, len(words) - 1) if len(words) > 2 else len(words)
    return how, " ".join(ways[how]()).strip()


def slip(text: str, random_: random.Random) -> str:
    """Return a word with a letter left out, doubled, changed or exchanged."""
    if len(text) < 3:
        return text
    at = random_.randrange(1, len(text) - 1)
    return random_.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + random_.choice("aeiourstln") + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )


def strangers(rows: int) -> list[str]:
    """Return names that no organisation of the register has, made in the same way from other brands."""
    random_ = random.Random(SEED + 1)
    made = []
    for _ in range(rows):
        country = random_.choice(tuple(TRADES))
        made.append(
            f"{word(random_)} {word(random_)} {random_.choice(TRADES[country])} {random_.choice(FORMS[country])}"
        )
    return made


def measure(rows: int, figures: Figures) -> None:
    """Build, ask, and compare the pairs that were asked and found with logic-v2."""
    known = list(organisations(rows))
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        build((Entry(str(at), name) for at, (_, name) in enumerate(known)), Path(folder) / "index")
        figures.only(f"look-up: seconds to build {rows:,}", time.perf_counter() - started)
        size = sum(file.stat().st_size for file in (Path(folder) / "index").iterdir())
        figures.only("look-up: index on disk, MB", size / 1e6)
        lookup = Lookup([Path(folder) / "index"])
        random_ = random.Random(SEED + 2)
        asked = [(at, *variation(*known[at], random_)) for at in random_.sample(range(rows), QUERIES)]
        for _, _, name in asked[:200]:
            lookup.find(Asked(name))
        pairs = _asked(lookup, known, asked, figures)
        false = [found[0] for name in strangers(QUERIES // 3) if (found := lookup.find(Asked(name), 1, LIKELY))]
        figures.most("look-up: names of nobody with a likely candidate, %", 100 * len(false) / (QUERIES // 3), 2)
    figures.most("look-up: memory at most, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 2000)
    compared(lookup_scores=[score for *_, score in pairs], pairs=[pair[:3] for pair in pairs], figures=figures)


def _asked(
    lookup: Lookup, known: list[tuple[str, str]], asked: list[tuple[int, str, str]], figures: Figures
) -> list[tuple[str, str, bool, float]]:
    """Ask each variation; a candidate with the same name as the right one is right."""
    took, first, five, pairs, hows = [], 0, 0, [], {}
    started = time.process_time()
    for at, how, name in asked:
        begun = time.perf_counter()
        found = lookup.find(Asked(name), 5)
        took.append(time.perf_counter() - begun)
        right = [one.entry.name == known[at][1] for one in found]
        first, five = first + any(right[:1]), five + any(right)
        told = hows.setdefault(how, [0, 0])
        told[0], told[1] = told[0] + any(right[:1]), told[1] + 1
        pairs += [(name, one.entry.name, same, one.score) for one, same in zip(found[:3], right, strict=False)]
    figures.least("look-up: queries a second of one core", len(asked) / (time.process_time() - started), 300)
    figures.only("look-up: median, ms", float(np.percentile(took, 50)) * 1e3)
    figures.most("look-up: 99th percentile, ms", float(np.percentile(took, 99)) * 1e3, 50)
    figures.only("look-up: the right one first, %", 100 * first / len(asked))
    figures.only("look-up: the right one among five, %", 100 * five / len(asked))
    for how, (right_, of) in sorted(hows.items()):
        figures.only(f"look-up: the right one first, {how}, %", 100 * right_ / of)
    return pairs


def compared(lookup_scores: list[float], pairs: list[tuple[str, str, bool]], figures: Figures) -> None:
    """Print how well both, and a plain ratio of letters, tell pairs of names apart."""
    sides = [({"name": left}, {"name": right}) for left, right, _ in pairs]
    _beside(lookup_scores, sides, [same for *_, same in pairs], figures)


def _beside(
    scores: list[float], pairs: list[tuple[dict[str, str], dict[str, str]]], same: list[bool], figures: Figures
) -> None:
    figures.only("pairs: ours", telling.told(scores, same, LIKELY))
    plain = [token_sort_ratio(one["name"].lower(), other["name"].lower()) / 100 for one, other in pairs]
    figures.only("pairs: token-sort ratio", telling.told(plain, same, LIKELY))
    script = Path(__file__).parent / "peers/with_nomenklatura.py"
    sent = json.dumps(pairs)
    try:
        answer = subprocess.run([PEER, script], input=sent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        figures.only("pairs: logic-v2", "not measured", ".venv-peers/lookup has no nomenklatura")
        return
    told = json.loads(answer.stdout)
    figures.only("pairs: logic-v2", telling.told(told["scores"], same, LIKELY))
    figures.only("pairs: logic-v2 compares a second", told["speed"])


SAME = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


TOLD = ("place", "date", "country")


def read_pairs(file: Path) -> list[tuple[dict[str, str], dict[str, str], bool]]:
    """Read labelled pairs. Raises InputError where a column, a name or a label is missing, or a label is another."""
    table = read_table(file)
    if lacking := [name for name in ("left", "right", "same") if name not in table.columns]:
        raise InputError(f"{file}: column {lacking[0]}: not there; expected left, right and same (1 or 0)")
    pairs = []
    for row, cells in enumerate(table.rows(named=True), 1):
        left, right, same = cells["left"], cells["right"], cells["same"]
        if not left or not right or (same or "").lower() not in SAME:
            raise InputError(f"{file}: row {row}: found {(left, right, same)}; expected two names, and 1 or 0")
        one, other = (
            {"name": cells[side]} | {what: cells[f"{side}_{what}"] for what in TOLD if cells.get(f"{side}_{what}")}
            for side in ("left", "right")
        )
        pairs.append((one, other, SAME[same.lower()]))
    if not pairs:
        raise InputError(f"{file}: no rows under the header; expected at least one pair")
    return pairs


def labelled(file: Path, figures: Figures) -> None:
    """Compare the pairs of a file; words weigh by how rare they are among the names on the right, the register's."""
    pairs = read_pairs(file)
    names = dict.fromkeys(other["name"] for _, other, _ in pairs)
    with TemporaryDirectory() as folder:
        build((Entry(name, name) for name in names), Path(folder) / "index")
        lookup = Lookup([Path(folder) / "index"])
        scores = [lookup.compare(Asked(*_cells(one)), Entry("", *_cells(other))).score for one, other, _ in pairs]
    _beside(scores, [pair[:2] for pair in pairs], [same for *_, same in pairs], figures)


def _cells(side: dict[str, str]) -> tuple[str, str, str]:
    """Return name, place (the country where no place is known) and date."""
    return side["name"], side.get("place") or side.get("country", ""), side.get("date", "")


if __name__ == "__main__":
    told = Figures("lookup", SEED)
    try:
        if sys.argv[1:2] == ["--pairs"] and len(sys.argv) == 3:
            labelled(Path(sys.argv[2]), told)
        elif sys.argv[1:] and not sys.argv[1].isdigit():
            raise InputError(f"found {' '.join(sys.argv[1:])}; expected nothing, a number of rows, or --pairs FILE")
        else:
            measure(int(sys.argv[1]) if sys.argv[1:] else ROWS, told)
            sys.exit(0 if sys.argv[1:] else told.write())
    except InputError as error:
        sys.exit(f"error: {error}")

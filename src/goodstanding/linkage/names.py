"""Names in the form in which they are compared: one case, no accents, titles or legal form; Han characters stay.

What is compared is never shown: a form is for finding, the name itself is for people. A form in Han characters is
simplified and says how the name is written; how it sounds is another form, since names that sound alike are different
names. Other scripts and legal forms are read with `rigour`, Han characters with the tables of `pypinyin`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
import yaml

LONGEST = 200
"""Characters of a name that are looked at; nobody is told apart by what follows."""
HAN = r"\u3400-\u9fff\uf900-\ufaff"
"""Han characters, as a range of a regular expression."""
_KANA_OR_HANGUL = r"\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af"
_UNSEEN = ("Cf", "Cc", "Co", "Cn", "Cs")
_SIGNS = r"[\p{Cf}\p{Cc}\p{Co}\p{Cn}]"
"""What no reader sees: marks of direction, joiners, private characters."""
_WORDS: dict[str, Any] = yaml.safe_load(
    files("goodstanding.linkage").joinpath("names.yaml").read_text(encoding="utf-8")
)
PARTICLES: tuple[str, ...] = tuple(_WORDS["particles"])
"""Words that many family names begin with and that tell nobody apart."""
FAMILY = rf"^({'|'.join(_WORDS['compound'])}|[{HAN}])"
"""The family name that a name in Han characters begins with, as a regular expression."""
_LOOKALIKES = {ord(a): b for one, other in _WORDS["lookalikes"] for a, b in zip(one, other, strict=True)}
_TITLES, _HAN_TITLES = rf"^(?:(?:{'|'.join(_WORDS['titles'])}) )+", rf"(?:{'|'.join(_WORDS['han_titles'])})$"
_HAN_FORMS = "|".join(_WORDS["forms"])
_SPACED_FORMS = rf"(?: (?:{'|'.join(_WORDS['spaced_forms'])}))+$"
"""Legal forms whose letters stand apart, or apart by a slash, which `rigour` does not list."""
_SECOND = r"(?i)\bii\b"
"""What stands for a number, though it is also listed as a legal form."""
_LEADING, _TRAILING = r"^(?:the )+", r"(?: and)+$"
_BRANCHES = rf"(?:{'|'.join(_WORDS['han_branches'])})|\b(?:{'|'.join(_WORDS['branches'])})\b"
_ROUNDS = 4
"""Legal forms may stand within each other; so often they are taken away."""
_LONGEST_SOUND = 60


def person(names: pl.Series) -> pl.Series:
    """Return names of people without titles: Latin words in the order in which they were written, or Han characters."""
    return _each(names, _person)


def organisation(names: pl.Series) -> pl.Series:
    """Return names of organisations likewise, without their legal forms where something else is left."""
    return _each(names, _organisation)


def place(names: pl.Series) -> pl.Series:
    """Return names of places, or addresses, likewise."""
    return _each(names, lambda folded, _: folded)


def text(cells: pl.Series) -> pl.Series:
    """Return any text without case, accents and punctuation, in its own script."""
    words = _folded(_readable(pl.col("it")))
    return cells.to_frame("it").select(pl.when(words != "").then(words).alias(cells.name)).to_series()


def words(forms: pl.Series) -> pl.Series:
    """Return the different words of forms, in order; of Han characters, which have no gaps, each two neighbours."""
    han = pl.col("it").str.contains(f"[{HAN}]")
    frame = forms.to_frame("it")
    split = ordered(forms).str.split(" ")
    if not frame.select(han.any()).item():
        return split.alias(forms.name)
    pairs = pl.Series([_neighbours(form) for form in forms], dtype=pl.List(pl.String))
    return frame.select(pl.when(han).then(pairs).otherwise(split).alias(forms.name)).to_series()


def ordered(forms: pl.Series) -> pl.Series:
    """Return the words of each form once, in order of alphabet; two need no list to be sorted, which takes long."""
    few = forms.str.count_matches(" ", literal=True) <= 1
    first, last = (forms.str.split_exact(" ", 1).struct.field(f"field_{place}") for place in range(2))
    one = pl.when(last.is_null() | (first == last)).then(first)
    two = one.when(first < last).then(first + " " + last).otherwise(last + " " + first)
    many = forms.filter(~few).str.split(" ").list.unique().list.sort().list.join(" ")
    made = pl.select(two).to_series()
    return made.scatter((~few).arg_true(), many) if len(many) else made


def sound(forms: pl.Series) -> pl.Series:
    """Return how forms with Han characters are read in Mandarin, and Latin forms that may be such a reading.

    Letters without tones and gaps, and ü as u; null for all other forms.
    """
    return _sounds(forms, _read)


def person_sound(forms: pl.Series) -> pl.Series:
    """Return the same of names of people, whichever of family and given name stands first.

    The letters are turned round until they come first in the alphabet, which does not depend on where names begin.
    """
    return _sounds(forms, lambda form: _turned(_read_person(form)))


def marks(forms: pl.Series) -> pl.Series:
    """Return what tells organisations apart however alike their names are: numbers, and that it is a branch."""
    numbers = pl.col("it").str.extract_all(r"\d+").list.join(" ")
    branch = pl.when(pl.col("it").str.contains(_BRANCHES)).then(pl.lit(" branch")).otherwise(pl.lit(""))
    told = (numbers + branch).str.strip_chars()
    return forms.to_frame("it").select(pl.when(told != "").then(told).alias(forms.name)).to_series()


def readable(name: str) -> str:
    """Return a name without what no reader sees, in one Unicode form, each word in the one script it looks like."""
    start = name[: 4 * LONGEST]
    if not start.isascii():
        start = "".join(c for c in start if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    cut = re.sub(r"[\x00-\x1f\x7f]", " ", start)[:LONGEST]
    return cut if cut.isascii() else _one_script(unicodedata.normalize("NFKC", cut)[:LONGEST])


def bare_organisation(name: str) -> tuple[str, str]:
    """Return an organisation's name in simplified Han characters without its legal form, and that form."""
    simple = name.translate(_simplified())
    found = re.search(rf"{_HAN_FORMS}|(?<![分])公司$", simple)
    return _without_han_form(simple), found[0] if found and found[0] != simple else ""


def _readable(cells: pl.Expr) -> pl.Expr:
    seen = cells.str.slice(0, 4 * LONGEST).str.replace_all(r"[\t\r\n]", " ").str.replace_all(_SIGNS, "")
    return seen.str.slice(0, LONGEST).str.normalize("NFKC").str.slice(0, LONGEST)


def _folded(cells: pl.Expr) -> pl.Expr:
    lower = cells.str.to_lowercase().str.replace_many(list(_WORDS["letters"]), list(_WORDS["letters"].values()))
    bare = lower.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.normalize("NFC")
    return bare.str.replace_all(r"['’‘`´ʼ]", "").str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


Form = Callable[[pl.Expr, pl.Series], pl.Expr]
"""From the folded column and the readable names to a form: what differs between people, organisations and places."""


def _each(names: pl.Series, form: Form) -> pl.Series:
    """Apply a form once to every different name; whatever is no Latin word is read one by one."""
    found = names.cast(pl.String).drop_nulls().unique()
    seen = found.to_frame("it").select(_readable(pl.col("it"))).to_series()
    mixed = seen.str.contains(r"\p{Latin}[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}]\p{Latin}")
    seen = _mended(seen, mixed, _one_script) if mixed.any() else seen
    frame = pl.DataFrame({"name": found, "seen": seen}).with_columns(_folded(pl.col("seen")).alias("it"))
    frame = frame.with_columns(form(pl.col("it"), frame["seen"]).alias("it"))
    strange = frame["it"].str.contains(r"[^a-z0-9 ]")
    if strange.any():
        frame = frame.with_columns(_mended(frame["it"], strange, _own).alias("it"))
    forms = frame.select("name", form=pl.when(pl.col("it") != "").then("it"))
    joined = names.cast(pl.String).to_frame("name").join(forms, on="name", how="left", maintain_order="left")
    return joined["form"].alias(names.name)


def _mended(cells: pl.Series, which: pl.Series, mend: Callable[[str], str]) -> pl.Series:
    """Return cells of which some are mended one by one."""
    mended = pl.Series([mend(cell) for cell in cells.filter(which)], dtype=pl.String)
    return cells.scatter(which.arg_true(), mended)


def _person(folded: pl.Expr, _: pl.Series) -> pl.Expr:
    untitled = folded.str.replace(_TITLES, "").str.replace(rf"([{HAN}]{{2}}){_HAN_TITLES}", "$1")
    return pl.when(untitled != "").then(untitled).otherwise(folded)


def _organisation(folded: pl.Expr, seen: pl.Series) -> pl.Expr:
    from rigour.names import remove_org_types

    core = seen.str.to_lowercase().str.replace_all(_SECOND, "2")
    for _ in range(_ROUNDS):
        bare = pl.Series([remove_org_types(name) for name in core], dtype=pl.String)
        with_and = pl.all().str.replace_all(r"[&+]", " and ")
        spelt, whole = pl.DataFrame({"bare": bare, "core": core}).select(_folded(with_and)).get_columns()
        spelt = spelt.zip_with(~spelt.str.starts_with("and "), whole)  # what stood before "and" was a word
        left = spelt.str.replace(_SPACED_FORMS, "").str.replace(_LEADING, "").str.replace(_TRAILING, "")
        if (left == core).all():
            break
        core = left
    return _same_words(pl.when((pl.lit(core) != "") & (folded != "")).then(core).otherwise(folded))


def _same_words(cells: pl.Expr) -> pl.Expr:
    listed = rf"\b(?:{'|'.join(_WORDS['words'])})\b"
    spelt = cells.str.split(" ").list.eval(pl.element().replace(_WORDS["words"])).list.join(" ")
    return pl.when(cells.str.contains(listed)).then(spelt).otherwise(cells)


def _one_script(name: str) -> str:
    """Write words in which letters of two scripts are mixed in Latin, where all of the others look like Latin ones."""
    return re.sub(r"[^\W\d_]+", lambda word: _unmixed(word[0]), name)


def _unmixed(word: str) -> str:
    latin = word.translate(_LOOKALIKES)
    return (
        latin
        if latin != word and _scripts(word) != _scripts(latin) == {"LATIN"} and "LATIN" in _scripts(word)
        else word
    )


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in word}


def _own(name: str) -> str:
    """Return Han characters simplified, without gaps and the legal form; everything else as Latin words."""
    from rigour.text.translit import ascii_text

    if not re.search(f"[{HAN}]", name):
        return _latin(ascii_text(name))
    simple = _without_han_form(name.translate(_simplified()))
    parts = re.findall(rf"[{HAN}]+|[^{HAN} ]+", re.sub(rf"(?<=[{HAN}]) +(?=[{HAN}])", "", simple))
    own = [part if re.match(f"[{HAN}]", part) else _latin(ascii_text(part)) for part in parts]
    latin = [part for part in own if part and part.isascii()]
    han = [part for part in own if part and not part.isascii()]
    said = _joined("".join(latin))
    if len(han) == 1 and said in (_joined(_read(han[0])), _joined(_read_person(han[0]))):
        return han[0]
    return " ".join(part for part in own if part)


def _latin(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’`´?]", "", text.lower())).split())


def _without_han_form(simple: str) -> str:
    bare = re.sub(_HAN_FORMS, "", simple).strip()
    bare = re.sub(r"(?<=.)(?<!分)(?:总公司|公司)$", "", bare).strip()
    return bare or simple


def _neighbours(form: str | None) -> list[str]:
    found: set[str] = set()
    for part in re.findall(rf"[{HAN}]+|[^{HAN} ]+", form or ""):
        pairs = [part[at : at + 2] for at in range(len(part) - 1)] if re.match(f"[{HAN}]", part) else []
        found |= set(pairs or [part])
    return sorted(found)


def _sounds(forms: pl.Series, read: Callable[[str], str]) -> pl.Series:
    found = forms.drop_nulls().unique()
    han = found.str.contains(f"[{HAN}]")
    bare = found.str.replace_all(" ", "", literal=True)
    spelt = bare.str.contains(_spelling()) & (bare.str.len_chars() <= _LONGEST_SOUND)
    told = found.filter(han | spelt)
    said = [_joined(read(form)) for form in told]
    sounds = pl.DataFrame({"form": told, "sound": pl.Series(said, dtype=pl.String)})
    joined = forms.to_frame("form").join(sounds, on="form", how="left", maintain_order="left")
    return joined["sound"].alias(forms.name)


def _joined(letters: str) -> str:
    """Return one spelling for those that a reading has: ü is also written u, v and yu."""
    return re.sub(r"([ln])yu", r"\1u", letters.replace(" ", "").replace("v", "u"))


def _turned(letters: str) -> str:
    joined = _joined(letters)[:_LONGEST_SOUND]
    return min((joined[at:] + joined[:at] for at in range(len(joined))), default="")


def _read(form: str) -> str:
    return "".join(syllables(form))


def _read_person(form: str) -> str:
    for family in (form[:2], form[:1]):
        if family in _WORDS["read_as"]:
            return str(_WORDS["read_as"][family]) + _read(form[len(family) :])
    return _read(form)


def syllables(text: str) -> list[str]:
    """Return how each simplified character is read, by itself or with the next; what is no Han character stays."""
    alone, together = _readings()
    read: list[str] = []
    while len(read) < len(text):
        at = len(read)
        pair = together.get(text[at : at + 2])
        read += pair or [alone.get(text[at], text[at])]
    return read


@cache
def _readings() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the reading of each character, and of those pairs that are read otherwise than by themselves."""
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    alone = {chr(code): _toneless(readings.partition(",")[0]) for code, readings in PINYIN_DICT.items()}
    together = {}
    for phrase, readings in PHRASES_DICT.items():
        if len(phrase) == len(readings) == 2:
            said = [_toneless(one[0]) for one in readings]
            if said != [alone.get(character) for character in phrase]:
                together[phrase] = said
    return alone, together


def _toneless(reading: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", reading) if c.isascii())


@cache
def _spelling() -> str:
    """Return the regular expression of letters that may be Mandarin syllables, in any of the spellings of ü."""
    said = {one for one in _readings()[0].values() if re.search(r"[aeiou]", one) and re.fullmatch(r"[a-z]{1,6}", one)}
    said |= {"lv", "nv", "lyu", "nyu", "lve", "nve"}
    return f"^(?:{'|'.join(sorted(said))})+$"


@cache
def _simplified() -> dict[int, str]:
    """Return the simplified form of each traditional character."""
    from icu import Transliterator

    every = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    simple = Transliterator.createInstance("Traditional-Simplified").transliterate("".join(every))
    return {ord(one): other for one, other in zip(every, simple, strict=True) if one != other}

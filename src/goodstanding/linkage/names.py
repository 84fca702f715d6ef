"""Names in the form in which they are compared: one script, no case, no accents, no order, no legal form.

What is compared is never shown: a form is for finding, the name itself is for people. Han characters are read by their
Mandarin sound (`pypinyin`), other scripts and legal forms are taken from `rigour`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import polars as pl

_HAN = r"[\u3400-\u9fff\uf900-\ufaff]"
_HAN_FORMS = ("股份有限公司", "有限责任公司", "有限公司", "集团公司", "分公司", "公司", "集团")
"""Legal forms that Chinese names end in, the longest first."""
_READ_AS = {"单": "shan", "解": "xie", "仇": "qiu", "朴": "piao", "区": "ou", "查": "zha", "任": "ren", "曾": "zeng"}
_READ_AS |= {"覃": "qin", "盖": "ge", "尉迟": "yu chi", "万俟": "mo qi", "乐": "yue", "翟": "zhai", "缪": "miao"}
"""Family names that are read otherwise than the same characters elsewhere."""
LONGEST = 200
"""Characters of a name that are looked at; nobody is told apart by what follows."""


def person(names: pl.Series) -> pl.Series:
    """Return names of people as Latin words without case and accents, in the order in which they were written."""
    return _each(names, _person)


def organisation(names: pl.Series) -> pl.Series:
    """Return names of organisations likewise, without their legal forms where something else is left."""
    return _each(names, _organisation)


def text(cells: pl.Series) -> pl.Series:
    """Return any text without case, accents and punctuation, in its own script."""
    return cells.to_frame("it").select(_plain(pl.col("it")).alias(cells.name)).to_series()


def _plain(cells: pl.Expr) -> pl.Expr:
    bare = cells.str.slice(0, LONGEST).str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    words = bare.str.replace_all(r"['’`´]", "").str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.when(words != "").then(words)


def _each(names: pl.Series, form: Callable[[str], str]) -> pl.Series:
    """Apply a form once to every different name; plain ASCII words of people need nothing but folding."""
    found = names.drop_nulls().unique()
    folded = text(found)
    plain = folded.str.contains(r"^[a-z0-9 ]*$").fill_null(value=True) if form is _person else pl.Series([False])
    read = folded if plain.all() else pl.Series([form(name) for name in found], dtype=pl.String)
    read = pl.select(pl.when(plain).then(folded).otherwise(read)).to_series() if len(plain) == len(found) else read
    forms = pl.DataFrame({"name": found, "form": read}).with_columns(pl.when(pl.col("form") != "").then("form"))
    return names.to_frame("name").join(forms, on="name", how="left", maintain_order="left")["form"].alias(names.name)


def _person(name: str) -> str:
    from rigour.names import remove_person_prefixes

    cut = unicodedata.normalize("NFKC", name[:LONGEST])
    return _latin(remove_person_prefixes(cut) or cut)


def _organisation(name: str) -> str:
    from rigour.names import remove_org_types

    cut = unicodedata.normalize("NFKC", name[:LONGEST])
    for form in _HAN_FORMS:
        if cut.endswith(form) and len(cut) > len(form):
            cut = cut.removesuffix(form)
            break
    bare = remove_org_types(cut.lower()).strip()
    return _latin(bare) or _latin(cut)


def _latin(name: str) -> str:
    from rigour.text.translit import ascii_text

    read = _sound(name) if re.search(_HAN, name) else name
    bare = "".join(c for c in unicodedata.normalize("NFKD", ascii_text(read)) if not unicodedata.combining(c)).lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’`´]", "", bare)).split())


def _sound(name: str) -> str:
    from pypinyin import Style, lazy_pinyin

    for family in (name[:2], name[:1]):
        if family in _READ_AS:
            return " ".join([_READ_AS[family], *lazy_pinyin(name[len(family) :], style=Style.NORMAL)])
    return " ".join(lazy_pinyin(name, style=Style.NORMAL))

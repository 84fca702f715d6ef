"""How two rows are compared, field by field: levels of agreement, the strongest first, as Splink weighs them.

Levels name only normal forms (see `columns`), so a model holds for every table that was prepared with the same roles.
Where equal values are common they weigh little: such levels carry term frequencies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import splink.comparison_level_library as cll
from splink.comparison_library import CustomComparison

from goodstanding.linkage.columns import Columns

_CLOSE = 0.9
_LIKE = 0.8
"""Jaro-Winkler similarities from which two words count as one word written twice, and as alike."""


def comparisons(columns: Columns, told: Collection[str], common: Mapping[str, Sequence[str]]) -> list[CustomComparison]:
    """Return one comparison for each thing that the columns say of a subject, of those that `told` names.

    `common`: the words that many rows have, for each form of `worded`. To share one of them tells little.
    """
    made = []
    if "name" in told:
        made.append(_comparison("name", _person_levels()))
    for label, field in columns.labels():
        if field.role not in ("name", "given", "family") and label in told:
            words = common.get(f"{label}_words", ())
            levels = _WORDED[field.role](label, words) if field.role in _WORDED else _LEVELS[field.role](label)
            made.append(_comparison(label, levels))
    return made


def frequencies(columns: Columns, told: Collection[str]) -> list[str]:
    """Return the forms whose term frequencies the comparisons use."""
    found = [level["tf_adjustment_column"] for one in comparisons(columns, told, {}) for level in _tf_levels(one)]
    return list(dict.fromkeys(found))


def worded(columns: Columns, told: Collection[str]) -> list[str]:
    """Return the forms that are lists of words of which some may be common."""
    return [f"{label}_words" for label, field in columns.labels() if field.role in _WORDED and label in told]


def _tf_levels(comparison: CustomComparison) -> Iterator[dict[str, Any]]:
    for level in comparison.create_comparison_dict("duckdb")["comparison_levels"]:
        if level.get("tf_adjustment_column"):
            yield level


def _comparison(name: str, levels: Sequence[Any]) -> CustomComparison:
    return CustomComparison(output_column_name=name, comparison_levels=[*levels, cll.ElseLevel()])


def _equal(form: str) -> Any:
    return cll.ExactMatchLevel(form).configure(tf_adjustment_column=form, label_for_charts=f"same {form}")


def _when(sql: str, label: str) -> Any:
    return cll.CustomLevel(sql, label)


def _close(form: str, least: float = _CLOSE) -> str:
    """Return the condition that two forms are close in letters; Han characters are not made of letters."""
    close = f"jaro_winkler_similarity({form}_l, {form}_r) >= {least}"
    return f"({close} AND {_in_letters(f'{form}_l')} AND {_in_letters(f'{form}_r')})"


def _in_letters(cell: str) -> str:
    return f"strlen({cell}) = length({cell})"


def _homophones(form: str) -> Any:
    """Return the level of names that sound alike in other characters: a little against, whatever was learned."""
    written = f"NOT {_in_letters(f'{form}_l')} AND NOT {_in_letters(f'{form}_r')}"
    return _when(f"{form}_sound_l = {form}_sound_r AND {written}", "same sound, other characters").configure(
        m_probability=_HOMOPHONES / 2, u_probability=_HOMOPHONES, fix_m_probability=True, fix_u_probability=True
    )


def _spelt(form: str) -> Any:
    """Return the level of Latin letters that may be the reading of the other's Han characters."""
    other = f"({_in_letters(f'{form}_l')}) <> ({_in_letters(f'{form}_r')})"
    return _when(f"{form}_sound_l = {form}_sound_r AND {other}", "may be the reading of the characters")


_HOMOPHONES = 0.001
"""The share of strangers that is taken to have names of one sound; of one subject, half of that."""


def _shared(form: str, least: int) -> str:
    any_shared = f"list_has_any({form}_l, {form}_r)"
    return any_shared if least == 1 else f"{any_shared} AND len(list_intersect({form}_l, {form}_r)) >= {least}"


def _telling(form: str, common: Sequence[str]) -> str:
    """Return the condition that a word is shared that is not common."""
    if not common:
        return _shared(form, 1)
    words = ", ".join("'" + word.replace("'", "''") + "'" for word in common)
    shared = f"list_intersect({form}_l, {form}_r)"
    return f"{_shared(form, 1)} AND len({shared}) > len(list_intersect({shared}, [{words}]))"


def _slips(form: str, most: int) -> str:
    """Letters that are wrong, lacking, too many or exchanged. The dearer count is made of the few that may pass."""
    return f"levenshtein({form}_l, {form}_r) <= {most + 1} AND damerau_levenshtein({form}_l, {form}_r) <= {most}"


def _same_letters(form: str) -> str:
    return f"left({form}_l, 1) = left({form}_r, 1) AND replace({form}_l, ' ', '') = replace({form}_r, ' ', '')"


def _person_levels() -> list[Any]:
    return [
        cll.NullLevel("name"),
        _equal("name"),
        _when(_same_letters("name"), "same letters"),
        _homophones("name"),
        _spelt("name"),
        _when(f"family_l = family_r AND {_close('given')}", "same family, close given name"),
        _when(f"len(words_l) + len(words_r) > 4 AND {_shared('words', 2)}", "two words shared"),
        _when(f"{_close('family')} AND {_close('given')} OR {_close('name', 0.95)}", "close names"),
        _when(
            f"family_l = family_r AND left(given_l, 1) = left(given_r, 1) AND {_in_letters('given_l')}",
            "same family name and initial",
        ),
        _equal("family"),
        _when(_close("family"), "close family name"),
        _equal("given"),
        _when(_shared("words", 1), "a word shared"),
    ]


def _organisation_levels(label: str, common: Sequence[str]) -> list[Any]:
    words = f"{label}_words"
    smaller = f"least(len({words}_l), len({words}_r))"
    marked = f"{label}_marks_l IS NOT DISTINCT FROM {label}_marks_r"
    return [
        cll.NullLevel(label),
        _equal(label),
        _when(_same_letters(label), "same letters"),
        _when(f"{words}_l = {words}_r AND {_in_letters(f'{label}_l')}", "same words in another order"),
        _homophones(label),
        _spelt(label),
        _when(f"{_close(label, 0.95)} AND {marked}", "close name"),
        _when(
            f"{smaller} >= 2 AND {_shared(words, 2)} AND len(list_intersect({words}_l, {words}_r)) >= {smaller} "
            f"AND {marked}",
            "all words of one in the other",
        ),
        _when(f"{_close(label)} AND {marked}", "alike name"),
        *_word_levels(words, common),
    ]


def _date_levels(label: str) -> list[Any]:
    return [
        cll.NullLevel(label),
        _equal(label),
        _when(_slips(label, 1), "one slip"),
        _when(
            f"{label}_year_l = {label}_year_r AND {label}_day_l = substr({label}_day_r, 3) || left({label}_day_r, 2)",
            "day and month exchanged",
        ),
        _when(
            f"{label}_year_l = {label}_year_r AND ({label}_day_l = '0101' OR {label}_day_r = '0101')",
            "same year, 1 January on one side",
        ),
        _when(_slips(label, 2), "two slips"),
        _equal(f"{label}_year"),
        _when(f"{label}_day_l = {label}_day_r", "another year"),
    ]


def _postcode_levels(label: str) -> list[Any]:
    return [
        cll.NullLevel(label),
        _equal(label),
        _when(_slips(label, 1), "one slip"),
        _equal(f"{label}_area"),
        _when(_slips(label, 2), "two slips"),
        _when(f"left({label}_l, 2) = left({label}_r, 2)", "same beginning"),
    ]


def _identifier_levels(label: str) -> list[Any]:
    return [
        cll.NullLevel(label),
        _equal(label),
        _when(_slips(label, 1), "one slip"),
        _when(_slips(label, 2), "two slips"),
    ]


def _text_levels(label: str) -> list[Any]:
    return [cll.NullLevel(label), _equal(label), _when(_close(label), "close"), _when(_close(label, _LIKE), "alike")]


def _place_levels(label: str) -> list[Any]:
    within = f"contains(' ' || {label}_l || ' ', ' ' || {label}_r || ' ')"
    turned = f"contains(' ' || {label}_r || ' ', ' ' || {label}_l || ' ')"
    missing, equal, close, alike = _text_levels(label)
    return [missing, equal, _spelt(label), close, _when(f"{within} OR {turned}", "one within the other"), alike]


def _address_levels(label: str, common: Sequence[str]) -> list[Any]:
    return [*_text_levels(label)[:3], *_word_levels(f"{label}_words", common)]


def _word_levels(words: str, common: Sequence[str]) -> list[Any]:
    two, telling = _shared(words, 2), _telling(words, common)
    levels = [_when(f"{telling} AND {two}", "two words shared, one of them rare"), _when(telling, "a rare word shared")]
    return [*levels, _when(two, "two words shared"), _when(_shared(words, 1), "a word shared")]


def _code_levels(label: str) -> list[Any]:
    return [cll.NullLevel(label), _equal(label)]


_WORDED: dict[str, Any] = {"organisation": _organisation_levels, "address": _address_levels}
_LEVELS: dict[str, Any] = {
    "date": _date_levels,
    "place": _place_levels,
    "postcode": _postcode_levels,
    "identifier": _identifier_levels,
    "code": _code_levels,
}

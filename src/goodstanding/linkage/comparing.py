"""How two rows are compared, field by field: levels of agreement, the strongest first, as Splink weighs them.

Levels name only normal forms (see `columns`), so a model holds for every table that was prepared with the same roles.
Where equal values are common they weigh little: such levels carry term frequencies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import splink.comparison_level_library as cll
from splink.comparison_library import CustomComparison

from goodstanding.linkage.columns import Columns

_CLOSE = 0.9
_LIKE = 0.8
"""Jaro-Winkler similarities from which two words count as one word written twice, and as alike."""


def comparisons(columns: Columns, told: Collection[str]) -> list[CustomComparison]:
    """Return one comparison for each thing that the columns say of a subject, of those that `told` names."""
    made = []
    if "name" in told:
        made.append(_comparison("name", _person_levels()))
    for label, field in columns.labels():
        if field.role not in ("name", "given", "family") and label in told:
            made.append(_comparison(label, _LEVELS[field.role](label)))
    return made


def frequencies(columns: Columns, told: Collection[str]) -> list[str]:
    """Return the forms whose term frequencies the comparisons use."""
    found = [level["tf_adjustment_column"] for one in comparisons(columns, told) for level in _tf_levels(one)]
    return list(dict.fromkeys(found))


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
    return f"jaro_winkler_similarity({form}_l, {form}_r) >= {least}"


def _shared(form: str, least: int) -> str:
    any_shared = f"list_has_any({form}_l, {form}_r)"
    return any_shared if least == 1 else f"{any_shared} AND len(list_intersect({form}_l, {form}_r)) >= {least}"


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
        _when(f"family_l = family_r AND {_close('given')}", "same family, close given name"),
        _when(f"len(words_l) + len(words_r) > 4 AND {_shared('words', 2)}", "two words shared"),
        _when(f"{_close('family')} AND {_close('given')} OR {_close('name', 0.95)}", "close names"),
        _when("family_l = family_r AND left(given_l, 1) = left(given_r, 1)", "same family name and initial"),
        _equal("family"),
        _when(_close("family"), "close family name"),
        _equal("given"),
        _when(_shared("words", 1), "a word shared"),
    ]


def _organisation_levels(label: str) -> list[Any]:
    words = f"{label}_words"
    smaller = f"least(len({words}_l), len({words}_r))"
    return [
        cll.NullLevel(label),
        _equal(label),
        _when(_same_letters(label), "same letters"),
        _when(f"{words}_l = {words}_r", "same words in another order"),
        _when(_close(label, 0.95), "close name"),
        _when(
            f"{smaller} >= 2 AND {_shared(words, 2)} AND len(list_intersect({words}_l, {words}_r)) >= {smaller}",
            "all words of one in the other",
        ),
        _when(_close(label), "alike name"),
        _when(_shared(words, 2), "two words shared"),
        _when(_shared(words, 1), "a word shared"),
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
    return [*_text_levels(label)[:3], _when(f"{within} OR {turned}", "one within the other"), *_text_levels(label)[3:]]


def _address_levels(label: str) -> list[Any]:
    words = f"{label}_words"
    return [
        *_text_levels(label)[:3],
        _when(_shared(words, 2), "two words shared"),
        _when(_shared(words, 1), "a word shared"),
    ]


def _code_levels(label: str) -> list[Any]:
    return [cll.NullLevel(label), _equal(label)]


_LEVELS: dict[str, Any] = {
    "organisation": _organisation_levels,
    "date": _date_levels,
    "place": _place_levels,
    "address": _address_levels,
    "postcode": _postcode_levels,
    "identifier": _identifier_levels,
    "code": _code_levels,
}

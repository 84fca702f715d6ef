"""The bank of hard cases: what must be decided rightly is, and of what should be no less than was reached before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
import yaml
from splink import SettingsCreator

from goodstanding.linkage import weighing
from goodstanding.linkage.agreement import LIKELY
from goodstanding.linkage.blocking import Key
from goodstanding.linkage.columns import KEY, Columns, Field, prepared
from goodstanding.linkage.comparing import comparisons, frequencies
from goodstanding.linkage.linking import links
from goodstanding.linkage.lookup import Asked, Entry, Lookup, build
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model

_HERE = Path(__file__).parent
_ROLES = {"persons": "name", "organisations": "organisation"}
_TIERS = ("must", "should", "may")


class Case(NamedTuple):
    """Two descriptions (name, date, place), and what is to be said of them."""

    left: tuple[str, str | None, str | None]
    right: tuple[str, str | None, str | None]
    same: bool
    tier: str
    why: str
    by: tuple[str, ...]


def _bank() -> dict[str, Any]:
    return dict(yaml.safe_load((_HERE / "hard_cases.yaml").read_text(encoding="utf-8")))


def _cases(kind: str) -> list[Case]:
    return [case for group in _bank()[kind] for case in _group(group)]


def _group(group: dict[str, Any]) -> Iterator[Case]:
    sides = [[said if isinstance(said, list) else [said] * 2 for said in (group.get("date"), group.get("place"))]] * 2
    for pair in group["pairs"]:
        one, other = (
            (str(pair[n]), *(None if both[n] is None else str(both[n]) for both in sides[n])) for n in range(2)
        )
        by = tuple(group.get("by", ("link", "lookup")))
        yield Case(one, other, group["same"], group["tier"], group["why"], by)


def _rows(cases: list[Case], side: str, columns: Columns, role: str) -> pl.DataFrame:
    rows = [
        {"id": f"{n:04}", role: said[0], "date": said[1], "place": said[2], "code": str(n)}
        for n, said in enumerate(getattr(case, side) for case in cases)
    ]
    schema = dict.fromkeys(("id", role, "date", "place", "code"), pl.String)
    return prepared(pl.DataFrame(rows, schema=schema), columns)


def _model(kind: str, columns: Columns) -> Model:
    """Return the model of `hard_weights.yaml`, with the levels that linkage has."""
    said = yaml.safe_load((_HERE / "hard_weights.yaml").read_text(encoding="utf-8"))[kind]
    told = frozenset((_ROLES[kind], "date", "place"))
    settings = SettingsCreator(
        link_type="link_only", comparisons=list(comparisons(columns, told, {})), unique_id_column_name=KEY
    ).create_settings_dict("duckdb")
    shares = []
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            label = "nothing in common" if level["sql_condition"] == "ELSE" else level.get("label_for_charts")
            bits = said[comparison["output_column_name"]].get(label)
            if bits is not None and "m_probability" not in level:
                level |= {"u_probability": 0.3 * 2.0 ** -max(bits, 0), "m_probability": 0.3 * 2.0 ** min(bits, 0)}
            if form := level.get("tf_adjustment_column"):
                shares.append({"form": form, "value": None, "share": level["u_probability"]})
                for value, times in said["common"].get(form, {}).items():
                    shares.append({"form": form, "value": value, "share": times * level["u_probability"]})
    assert {share["form"] for share in shares} == set(frequencies(columns, told))
    whole = weighing.whole(settings, 1e6) | {"probability_two_random_records_match": 1 / (1 + 2.0 ** -said["prior"])}
    crowds = pl.DataFrame(schema=CROWDS)
    return Model(whole, columns, (Key(("code",), 10),), {}, pl.DataFrame(shares, schema=FREQUENCIES), crowds)


def _linked(kind: str) -> list[tuple[Case, bool]]:
    role, cases = _ROLES[kind], _cases(kind)
    fields = tuple(Field(column=one, role=one) for one in (role, "date", "place", "code"))
    columns = Columns(key="id", fields=fields)
    left, right = (_rows(cases, side, columns, role) for side in ("left", "right"))
    found = links(_model(kind, columns), left, right)
    pairs = {one for one, other in found.select("left", "right").iter_rows() if one == other}
    return [(case, f"{n:04}" in pairs) for n, case in enumerate(cases) if "link" in case.by]


def _looked_up(folder: Path) -> list[tuple[Case, bool]]:
    cases = _cases("organisations")
    entries = [Entry(str(n), case.right[0], case.right[2] or "", case.right[1] or "") for n, case in enumerate(cases)]
    build(entries, folder)
    lookup = Lookup([folder])
    decided = []
    for case, entry in zip(cases, entries, strict=True):
        if "lookup" in case.by:
            name, date, place = case.left
            decided.append((case, lookup.compare(Asked(name, place or "", date or ""), entry).score >= LIKELY))
    return decided


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Case, bool]]]:
    return {
        "link": _linked("persons") + _linked("organisations"),
        "lookup": _looked_up(tmp_path_factory.mktemp("hard") / "index"),
    }


@pytest.mark.parametrize("by", ["link", "lookup"])
def test_what_must_be_is_and_no_share_falls(by: str, decided: dict[str, list[tuple[Case, bool]]]) -> None:
    right, all_, wrong = Counter[str](), Counter[str](), defaultdict[str, list[str]](list)
    for case, same in decided[by]:
        all_[case.tier] += 1
        right[case.tier] += same == case.same
        if same != case.same:
            wrong[case.tier].append(f"{case.left} {'is not' if case.same else 'is'} {case.right}: {case.why}")
    for tier in _TIERS:
        print(f"hard cases, {by}, {tier}: {right[tier]} of {all_[tier]}", *wrong[tier], sep="\n  ")
    assert wrong["must"] == []
    for tier, share in _bank()["reached"][by].items():
        assert right[tier] / all_[tier] >= share


def test_the_bank_is_large_and_no_pair_stands_in_it_twice() -> None:
    cases = [case for kind in _ROLES for case in _cases(kind)]
    assert len(cases) >= 300
    assert len({(case.left, case.right) for case in cases}) == len(cases)
    assert {case.tier for case in cases} == set(_TIERS)
    assert all(case.why for case in cases)

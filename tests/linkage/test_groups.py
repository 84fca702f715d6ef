"""Groups of records: chains do not hold, strong evidence against splits, and order decides nothing."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import linked, people
from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import prepared
from goodstanding.linkage.groups import AGAINST, UNSEEN, grouped, groups
from goodstanding.linkage.linking import LINKS, links, weights
from goodstanding.linkage.training import train

_RECORDS = "abcdefg"
_PAIRS = st.dictionaries(
    st.tuples(st.sampled_from(_RECORDS), st.sampled_from(_RECORDS)).filter(lambda pair: pair[0] < pair[1]),
    st.floats(-30, 30) | st.sampled_from([-10.0, -5.0, 0.0, 10.0]),
    max_size=21,
)


def _links(pairs: dict[tuple[str, str], float]) -> pl.DataFrame:
    return pl.DataFrame([(*pair, weight, 0.5) for pair, weight in pairs.items()], schema=LINKS, orient="row")


def _sets(pairs: dict[tuple[str, str], float], least: float = 0.0, prior: float = 0.0) -> list[str]:
    found = groups(_links(pairs), least, prior).group_by("group", maintain_order=True).agg("record")
    return sorted("".join(records) for records in found["record"])


def test_records_that_are_all_alike_are_one_group() -> None:
    assert _sets({("a", "b"): 8, ("b", "c"): 8, ("a", "c"): 8}) == ["abc"]


def test_a_weak_link_does_not_chain_two_groups() -> None:
    pairs = {("a", "b"): 9.0, ("b", "c"): 1.0, ("c", "d"): 9.0}
    assert _sets(pairs) == ["ab", "cd"]


def test_a_pair_that_speaks_strongly_against_keeps_two_records_apart() -> None:
    assert _sets({("a", "b"): 9, ("b", "c"): 8, ("a", "c"): -30}) == ["ab", "c"]
    assert _sets({("a", "b"): 9, ("b", "c"): 8, ("a", "c"): -2}) == ["abc"]


def test_a_pair_that_speaks_strongly_against_is_not_outvoted_by_many_that_speak_for() -> None:
    alike = {(one, other): 30.0 for one in _RECORDS for other in _RECORDS if one < other}
    assert _sets(alike) == [_RECORDS]
    for pair in alike:
        parted = _sets(alike | {pair: AGAINST})
        assert not [group for group in parted if set(pair) <= set(group)]
        assert sorted("".join(parted)) == list(_RECORDS)


def test_a_pair_that_weighs_little_since_little_is_known_does_not_speak_against() -> None:
    pairs = {("a", "b"): 12, ("b", "c"): 12, ("a", "c"): -14}
    assert _sets(pairs, prior=-20) == ["abc"]
    assert _sets(pairs, prior=-4) == ["ab", "c"]


def test_a_threshold_above_what_one_pair_may_weigh_is_a_threshold() -> None:
    assert _sets({("a", "b"): 14, ("b", "c"): 11}, least=12) == ["ab"]


def test_no_links_no_groups() -> None:
    assert groups(_links({})).is_empty()
    assert groups(_links({("a", "a"): 20})).is_empty()


@given(_PAIRS, st.randoms(), st.floats(-4, 15))
def test_groups_do_not_depend_on_the_order_of_links_nor_of_the_records_in_them(
    pairs: dict[tuple[str, str], float], random, least: float
) -> None:
    shuffled = [(pair if random.random() < 0.5 else pair[::-1], weight) for pair, weight in pairs.items()]
    random.shuffle(shuffled)
    twice = pl.concat([_links(dict(shuffled)), _links(pairs)])
    assert groups(_links(pairs), least).equals(groups(_links(dict(shuffled)), least))
    assert groups(_links(pairs), least).equals(groups(twice, least))


@given(_PAIRS)
def test_every_linked_record_has_one_group_named_by_its_first(pairs: dict[tuple[str, str], float]) -> None:
    found = groups(_links(pairs))
    assert found["record"].to_list() == sorted({name for pair, weight in pairs.items() if weight >= 0 for name in pair})
    for name, records in found.group_by("group").agg(pl.col("record").min()).iter_rows():
        assert name == records


@given(_PAIRS, st.floats(-4, 15), st.floats(-12, 0))
def test_no_two_records_with_strong_evidence_against_each_other_are_in_one_group(
    pairs: dict[tuple[str, str], float], least: float, prior: float
) -> None:
    group = dict(groups(_links(pairs), least, prior).iter_rows())
    for (left, right), weight in pairs.items():
        if weight - prior <= AGAINST and left in group and right in group:
            assert group[left] != group[right]


@given(_PAIRS, st.floats(-4, 15))
def test_no_two_groups_are_left_that_could_be_one(pairs: dict[tuple[str, str], float], least: float) -> None:
    sets = _sets(pairs, least)
    for one in sets:
        for other in sets:
            between = [pairs.get((min(a, b), max(a, b)), -5.0) for a in one for b in other]
            capped = [max(-10.0, min(max(10.0, least), weight)) for weight in between]
            if one < other and min(between) > AGAINST:
                assert sum(capped) / len(capped) < least + 1e-9


def test_every_pair_of_a_group_was_compared_and_none_speaks_strongly_against() -> None:
    rows = prepared(people.records(0, 1_000, 3), linked.COLUMNS["people"])
    model = train(rows, None, linked.COLUMNS["people"], {})
    near = links(model, rows, None, UNSEEN)
    for least in (-3.0, 0.0):
        found = grouped(model, rows, near, least)
        assert grouped(model, rows.reverse(), near.reverse(), least).equals(found)
        pairs = found.join(found, on="group").filter(pl.col("record") < pl.col("record_right"))
        weighed = weights(model, pairs.select(left="record", right="record_right"), rows)
        assert weighed.height == pairs.height > 100
        assert weighed.filter(pl.col("weight") - model.prior <= AGAINST).is_empty()
    with pytest.raises(InputError, match="is linked, but is not in the table"):
        grouped(model, rows.head(3), near)

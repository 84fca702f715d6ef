"""Groups of records: chains do not hold, strong evidence against splits, and order decides nothing."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.linkage.groups import groups
from goodstanding.linkage.linking import LINKS

_PAIRS = st.dictionaries(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")).filter(lambda pair: pair[0] < pair[1]),
    st.floats(-30, 30),
    max_size=21,
)


def _links(pairs: dict[tuple[str, str], float]) -> pl.DataFrame:
    return pl.DataFrame([(*pair, weight, 0.5) for pair, weight in pairs.items()], schema=LINKS, orient="row")


def _sets(pairs: dict[tuple[str, str], float]) -> list[str]:
    found = groups(_links(pairs)).group_by("group", maintain_order=True).agg("record")
    return sorted("".join(records) for records in found["record"])


def test_records_that_are_all_alike_are_one_group() -> None:
    assert _sets({("a", "b"): 8, ("b", "c"): 8, ("a", "c"): 8}) == ["abc"]


def test_a_weak_link_does_not_chain_two_groups() -> None:
    pairs = {("a", "b"): 9.0, ("b", "c"): 1.0, ("c", "d"): 9.0}
    assert _sets(pairs) == ["ab", "cd"]


def test_a_pair_that_speaks_strongly_against_keeps_two_records_apart() -> None:
    assert _sets({("a", "b"): 9, ("b", "c"): 8, ("a", "c"): -30}) == ["ab", "c"]
    assert _sets({("a", "b"): 9, ("b", "c"): 8, ("a", "c"): -2}) == ["abc"]


def test_no_links_no_groups() -> None:
    assert groups(_links({})).is_empty()


@given(_PAIRS, st.randoms())
def test_groups_do_not_depend_on_the_order_of_links(pairs: dict[tuple[str, str], float], random) -> None:
    shuffled = list(pairs.items())
    random.shuffle(shuffled)
    assert groups(_links(pairs)).equals(groups(_links(dict(shuffled))))


@given(_PAIRS)
def test_every_linked_record_has_one_group_named_by_its_first(pairs: dict[tuple[str, str], float]) -> None:
    found = groups(_links(pairs))
    assert found["record"].to_list() == sorted({name for pair, weight in pairs.items() if weight >= 0 for name in pair})
    assert all(group <= record for record, group in found.iter_rows())

"""Every adverse kind has a term below the ceiling, and what the law still needs for a standing is known not to fit."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.terms import Term, read_terms, shipped_terms
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy

KINDS = catalogue(World.SYNTHETIC).kinds
REAL = catalogue(World.REAL).kinds
ADVERSE = sorted(kind for kind, spec in KINDS.items() if spec.direction == "adverse")


def term(**length):
    return Term(since="act", clause="Act, s. 1", **length)


def test_every_adverse_kind_has_a_term_and_each_ends_at_the_ceiling_at_the_latest():
    for kind in ADVERSE:
        terms = shipped_terms().of(kind, KINDS[kind])
        assert any(not one.where and one.within(5) for one in terms), kind
        assert all(one.within(7) for one in terms), kind
        assert all(one.clause for one in terms), kind
    for kind in set(ADVERSE) & set(REAL):
        spec = KINDS[kind]
        assert len(shipped_terms().of(kind, spec)) > 1, f"{kind}: has the ceiling only"


@given(st.sampled_from(ADVERSE), st.integers(0, 12), st.integers(0, 200), st.integers(1, 9000))
def test_whatever_a_registrar_says_the_ceiling_is_among_the_terms_or_it_is_refused(kind, years, months, days):
    own = (term(years=years, months=months, days=days),)
    terms = shipped_terms().of(kind, KINDS[kind], own)
    assert any(one.within(5) and one.since in ("settled", "end") and not one.where for one in terms)
    if own[0].within(5):
        shipped_terms().check_own(kind, KINDS[kind], own)
    else:
        with pytest.raises(ValueError, match="expected at most 5 years"):
            shipped_terms().check_own(kind, KINDS[kind], own)


@pytest.mark.parametrize(
    ("length", "fits"),
    [({"years": 5}, True), ({"months": 60}, True), ({"days": 1826}, True), ({"years": 5, "days": 1}, False)],
)
def test_the_ceiling_is_met_to_the_day(length, fits):
    assert term(**length).within(5) is fits


def test_sources_that_keep_adverse_records_beyond_the_ceiling_are_refused_and_others_not(tmp_path):
    path = tmp_path / "sources.yaml"
    words = {"en": "w", "nl": "w", "zh": "w"}
    plain = {"words": words, "agency": words, "key": words, "origin": "court", "schedule": "daily", "max_lag_days": 1}
    for kind, years, says in (
        ("exclusion.conviction", 6, "found 6 years, expected at most 5 years"),
        ("exclusion.conviction", 5, None),
        ("food.inspection", 30, None),
    ):
        kept = {kind: [{"years": years, "since": "act", "clause": "Act, s. 1"}]}
        path.write_text(yaml.safe_dump({"sources": [{"id": "s", "kinds": [kind], "kept": kept} | plain]}))
        if says is None:
            assert read_sources(path, catalogue(World.REAL))["s"].kept
        else:
            with pytest.raises(InputError, match=says):
                read_sources(path, catalogue(World.REAL))


DEFAULTS = {name: {"years": 1, "since": "act", "clause": "c"} for name in ("minor", "ordinary", "serious")}
RIGHT = {
    "ceiling": 5,
    "ceiling_of_statutes": 7,
    "defaults": DEFAULTS,
    "gravity": {kind: "serious" for kind in REAL if REAL[kind].direction == "adverse"},
    "terms": {},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gravity": {}}, "expected each adverse kind"),
        ({"gravity": RIGHT["gravity"] | {"food.inspection": "minor"}}, "food.inspection: expected each adverse kind"),
        ({"terms": {"food.conviction": [{"years": 8, "since": "act", "clause": "c"}]}}, "no term over the 7 years"),
        ({"defaults": DEFAULTS | {"minor": {"years": 6, "since": "act", "clause": "c"}}}, "over the ceiling of 5"),
    ],
)
def test_terms_that_break_a_ceiling_or_miss_a_kind_are_refused(change, says):
    read_terms(yaml.safe_dump(RIGHT).encode(), REAL)
    with pytest.raises(InputError, match=says):
        read_terms(yaml.safe_dump(RIGHT | change).encode(), REAL)


def test_a_statute_may_say_seven_years_and_then_the_ceiling_is_seven():
    said = {"food.conviction": [{"years": 7, "since": "act", "clause": "Act, s. 1"}]}
    terms = read_terms(yaml.safe_dump(RIGHT | {"terms": said}).encode(), REAL).of(
        "food.conviction", REAL["food.conviction"]
    )
    assert [one.years for one in terms] == [7, 7]


MONTHS = {"year": 12, "month": 1, "day": 1 / 30}
FOR_EVER = 10**6


def lookback(policy, rule, kind):
    """Months for which a rule looks at a record at most: the longest period that it names, directly or by a table."""
    texts = [rule.counts.until or "", rule.where or "", rule.when or ""]
    texts += [effect.where or "" for effect in (rule.ends, rule.spends) if effect]
    told = " ".join(texts)
    for name, table in policy.tables.items():
        if re.search(rf"\b{re.escape(name)}\b", told):
            told += " " + " ".join([*(table.map or {}).values(), *(table.since or {}).values()])
    named = [float(count) * MONTHS[unit] for count, unit in re.findall(r"(\d+) (year|month|day)s?\b", told)]
    stands = not rule.counts.until and not rule.superseded_by
    until_said = any(name.endswith("until") for name in KINDS[kind].attributes if name in told)
    return FOR_EVER if stands or until_said else max(named, default=0)


def kept_months(kind):
    """Months for which a record of a kind is kept by what ships: the shortest term that holds for all of them."""
    terms = [one for one in shipped_terms().of(kind, REAL[kind]) if not one.where]
    return min(12 * one.years + one.months + one.days / 30 for one in terms)


DOES_NOT_FIT = {
    # what a judgment or notice itself says may last longer than the ceiling; Taiwan looks back five years for repeats
    "int-exclusion-lists": {
        "exclusion.conviction",
        "exclusion.event",
        "exclusion.debarment",
        "exclusion.bank-notice",
        "exclusion.us-debarment",
        "exclusion.tw-notice",
    },
    # `until` of each item, or no end but that of the conduct: the ceiling runs from there
    "cn-credit-clocks": {"publicity.adverse-item"},
    # reviews of past years read directives of those years; a rehabilitation may go on for longer than three years
    "jp-construction-w": {"construction.directive", "construction.suspension", "construction.rehabilitation-opened"},
    # a ban of two years that begins with the last of 18 months
    "sg-workplace-safety": {"safety.composition-fine", "safety.stop-work-order", "safety.prosecution"},
}
"""A registrar who runs these says in `kept` how long, up to the ceiling; beyond it the standing is not decidable."""


def test_what_policies_need_for_longer_than_it_is_kept_is_named():
    found = {}
    for folder in sorted(one for one in shipped("policies").iterdir() if (one / "policy.yaml").is_file()):
        policy = read_policy(folder).policy
        holds = max((months for one in policy.measures.values() for months in _periods(one.until or "")), default=0)
        for rule in policy.entries.values():
            for kind in set(policy.kinds_of(rule)) & set(REAL) & set(ADVERSE):
                needs = lookback(policy, rule, kind) + (holds if rule.account else 0)
                if needs > kept_months(kind):
                    found[policy.id, kind] = max(needs, found.get((policy.id, kind), 0))
    assert set(found) == {(policy, kind) for policy, kinds in DOES_NOT_FIT.items() for kind in kinds}, sorted(
        found.items()
    )


def _periods(text):
    return [float(count) * MONTHS[unit] for count, unit in re.findall(r"(\d+) (year|month|day)s?\b", text)]

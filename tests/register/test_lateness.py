"""Late sources: shown as late, and what rests on their records is not decided until they deliver again (R15, C29)."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from goodstanding.engine.standing import Outcome
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.differences import difference
from goodstanding.register.ledger.dossiers import changes, dossier, history, standing
from goodstanding.register.ledger.lateness import PAUSED, Pause, late, resting, timeliness
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.operation.metrics import Figures
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.scoring import score, scored_then, standings
from tests.register.conftest import FIRM, MANIFEST, PEOPLE, PERSON, RECEIVED, SOURCES, inspection, row, source

DAY = dt.timedelta(1)
LAST = RECEIVED + 30 * DAY
"""The last day on which a source that delivered on RECEIVED is not late: it may be 30 days old."""
LATE = LAST + DAY
OTHERS = PEOPLE.filter(~pl.col("subject").is_in([PERSON["subject"], FIRM["subject"]]))
DONOR, CHEAT = OTHERS.row(0, named=True), OTHERS.row(1, named=True)
SAID = "source city.tax: late since 2026-11-01, decidable until 2026-10-31"
NOW = dt.datetime.now(dt.UTC).date()


@pytest.fixture
def delivered(synthetic, file, wendeng):
    """The court delivers to the end; the tax bureau delivered once, of a person, and of a donor."""
    load_policy(synthetic, wendeng)
    donation = row(DONOR, "D-2", kind="civic.donation", amount="1234.56")
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), donation, row(CHEAT, "D-3", act=RECEIVED)), RECEIVED)
    deliver(synthetic, "city.court", file(row(FIRM, "C-1", kind="court.defaulter")), LATE + 20 * DAY)
    return synthetic


def told(register, who, on, known_on=None):
    return standing(register, dossier(register, by_identifier(register, who["subject"])), "cn-wendeng", on, known_on)


def test_a_source_is_late_on_the_day_after_its_last_one(delivered):
    assert late(delivered, LAST) == {}
    assert late(delivered, LATE) == {"city.tax": LATE}
    stands = timeliness(delivered, LATE)["city.tax"]
    assert (stands.last, stands.due, stands.late, stands.paused) == (RECEIVED, LAST, LATE, ("cn-wendeng",))
    assert timeliness(delivered, LATE)["city.court"].late is None


def test_a_source_that_never_delivered_is_late_when_its_founding_is_too_long_ago(synthetic, real):
    assert late(synthetic, MANIFEST.until + 30 * DAY) == {}
    assert set(late(synthetic, MANIFEST.until + 31 * DAY)) == set(SOURCES)
    assert late(real, NOW + 42 * DAY) == {}
    assert late(real, NOW + 43 * DAY) == {"gb.fsa": NOW + 43 * DAY}


def test_whoever_has_an_adverse_record_of_a_late_source_gets_no_answer_and_nobody_else_is_touched(delivered):
    before = {who["subject"]: told(delivered, who, LAST) for who in PEOPLE.iter_rows(named=True)}
    after = {who["subject"]: told(delivered, who, LATE) for who in PEOPLE.iter_rows(named=True)}
    paused = {PERSON["subject"], CHEAT["subject"]}
    assert {who for who, one in before.items() if one.missing} == set()
    assert {who for who, one in after.items() if one.missing} == paused
    for who in paused:
        one = after[who]
        assert (one.outcome, one.missing, one.score, one.grade) == (Outcome.NOT_DECIDABLE, (SAID,), None, None)
        assert (one.measures, one.stages, one.decisions) == ((), (), {})
        assert one.entries == before[who].entries
    assert after[DONOR["subject"]].score > after[OTHERS.row(2, named=True)["subject"]].score
    assert after[FIRM["subject"]].grade == before[FIRM["subject"]].grade != None  # noqa: E711


def test_a_run_says_the_same_as_each_dossier(delivered):
    for on in (LAST, LATE, LATE + 60 * DAY):
        run = standings(delivered, score(delivered, "cn-wendeng", on))
        for one in run.iter_rows(named=True):
            exact = told(delivered, one, on)
            assert (one["outcome"], one["grade"], one["missing"]) == (
                exact.outcome,
                exact.grade,
                "; ".join(exact.missing) or None,
            )
    assert verify(delivered) == []


def test_delivering_again_ends_the_pause_of_every_day(delivered, file):
    assert told(delivered, PERSON, LATE).missing
    deliver(delivered, "city.tax", file(row(PERSON, "D-1")), LATE + 10 * DAY)
    assert late(delivered, LATE) == {}
    assert told(delivered, PERSON, LATE).grade == told(delivered, PERSON, LAST).grade
    assert told(delivered, PERSON, LATE + 40 * DAY).grade
    assert told(delivered, PERSON, LATE + 41 * DAY).missing


def test_a_delivery_of_which_every_row_was_refused_is_one(delivered, file):
    deliver(delivered, "city.tax", file(row(PERSON, "D-9", act="soon")), LATE)
    assert late(delivered, LATE) == {}


def test_what_was_known_then_is_asked_of_the_deliveries_of_then(delivered, file):
    then = NOW - DAY
    assert set(late(delivered, LATE)) == {"city.tax"}
    assert {name for name, one in timeliness(delivered, LATE + 30 * DAY, then).items() if one.late} == set(SOURCES)
    assert timeliness(delivered, LATE + 30 * DAY, then)["city.tax"].last is None
    assert scored_then(delivered, "cn-wendeng", LATE, NOW).filter(pl.col("missing") == SAID).height == 2
    assert set(scored_then(delivered, "cn-wendeng", LATE, then)["outcome"]) == {"graded"}
    assert told(delivered, PERSON, LATE, NOW).missing == (SAID,)
    assert told(delivered, PERSON, LATE, then).missing == ()


def test_a_history_ends_on_the_day_of_the_pause_and_no_change_is_foreseen_from_there(delivered):
    held = dossier(delivered, by_identifier(delivered, PERSON["subject"]))
    steps = history(delivered, held, "cn-wendeng", LATE + 30 * DAY)
    assert [(one.on, one.missing) for one in steps][-1] == (LATE, (SAID,))
    assert steps[:-1] == history(delivered, held, "cn-wendeng", LAST)
    assert all(not one.missing for one in steps[:-1])
    assert changes(delivered, held, "cn-wendeng", LAST)
    assert changes(delivered, held, "cn-wendeng", LATE) == []


def test_what_changed_between_two_days_says_that_the_standing_paused(delivered):
    subject = by_identifier(delivered, PERSON["subject"])
    moved = difference(delivered, subject, NOW - DAY, max(NOW, LATE)).standings
    assert [(one.before.missing, one.after.missing) for one in moved] == [((), (SAID,))]


def test_a_paused_run_that_was_tampered_with_is_named_and_no_other_standing(delivered, tamper):
    run = score(delivered, "cn-wendeng", LATE)
    number = by_identifier(delivered, PERSON["subject"]).id
    tamper(delivered, f"UPDATE standing SET outcome = 'graded', grade = 'D' WHERE subject_id = {number}")
    faults = [str(one) for one in verify(delivered)]
    assert len([one for one in faults if one.startswith(f"standing run {run.number} ")]) == 1


def test_days_before_the_register_and_deliveries_after_the_day_pause_nothing(real, file, food):
    load_policy(real, food)
    deliver(real, "gb.fsa", file(inspection("1-1", "D-1", act="2015-03-01")), NOW)
    for on in (dt.date(2015, 12, 31), NOW + 42 * DAY):
        assert score(real, "uk-food-hygiene", on).outcomes == {"graded": 1}
    assert score(real, "uk-food-hygiene", NOW + 43 * DAY).outcomes == {"not decidable": 1}


def test_a_record_also_pauses_for_whoever_alone_would_tell_of_its_end(wendeng):
    kinds = catalogue(World.SYNTHETIC)
    known = {
        "court": source("court", "court.defaulter"),
        "both": source("both", "court.defaulter", "conduct.ended"),
        "ends": source("ends", "conduct.ended"),
        "other": source("other", "tax.arrears", "civic.donation"),
    }
    assert kinds.kinds["court.defaulter"].continuing
    found = resting(wendeng.policy, kinds, known, {"ends": LATE})
    assert {(one.source, one.kind) for one in found} == {("court", "court.defaulter")}
    found = resting(wendeng.policy, kinds, known, {"both": LATE, "other": LATE})
    assert {(one.late, one.source, one.kind) for one in found} == {
        ("both", "both", "court.defaulter"),
        ("both", "court", "court.defaulter"),
        ("other", "other", "tax.arrears"),
    }


def test_what_a_pause_says_can_be_read_again():
    assert PAUSED.fullmatch(SAID).groups() == ("city.tax", "2026-11-01", "2026-10-31")
    assert str(Pause("city.tax", LATE, "city.tax", "tax.arrears")) == SAID


def test_figures_name_the_sources_that_are_late_and_the_jobs_that_wait(delivered):
    for until, expected in ((LAST, set()), (LATE, {"city.tax"})):
        now = replace(delivered, manifest=MANIFEST.model_copy(update={"until": until}))
        found = {metric.name: metric.samples for metric in Figures(now).collect()}
        assert {one.labels["source"] for one in found["goodstanding_late_source"]} == expected
        assert found["goodstanding_jobs"]


def test_a_policy_says_which_kinds_end_what_another_kind_opens(food, wendeng):
    assert food.policy.enders("food.inspection") == {"food.inspection", "food.unrated"}
    assert "court.performed" in wendeng.policy.enders("court.defaulter")
    assert wendeng.policy.enders("tax.arrears") == set()

"""The meaning of each construct of the language, on dossiers of a few records worked out by hand."""

from fractions import Fraction
from typing import ClassVar

import pytest

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Outcome, Status
from tests.engine.small import KINDS, day, loaded, record

FAULT = "contract.default"


def told(policy, records, on, known_on=None):
    return Evaluator(policy, KINDS).standing(records, "person", day(on), known_on and day(known_on))


def score(policy, records, on):
    return told(policy, records, on).score


def faults(*days, **more):
    return [record(FAULT, one, document=f"o{place}", **more) for place, one in enumerate(days)]


class TestPlaces:
    def test_a_rule_that_is_placed_by_the_final_day_looks_on_that_day(self):
        policy = loaded(entries={"fault": {"for": FAULT, "placed": "final", "amount": "1"}})
        records = [record(FAULT, "2020-01-01", final="2020-03-01")]
        assert score(policy, records, "2020-02-29") == 0
        assert score(policy, records, "2020-03-01") == 1

    def test_an_amount_is_fixed_at_its_place_from_what_was_placed_before(self):
        policy = loaded(entries={"fault": {"for": FAULT, "amount": "1 + count(ever fault)"}})
        assert score(policy, faults("2020-01-01", "2020-02-01", "2020-03-01"), "2020-04-01") == 1 + 2 + 3

    def test_a_deadline_opens_in_the_morning_after_it_unless_it_was_met(self):
        policy = loaded(
            entries={
                "met": {"for": "court.performed", "account": None, "counts": {"from": "act"}},
                "late": {
                    "for": FAULT,
                    "after": "act + 10 days",
                    "where": "not some(met where occurrence = this.occurrence)",
                    "amount": "1",
                    "counts": {"from": "placed"},
                },
            }
        )
        fault = record(FAULT, "2020-01-01", document="x1", occurrence="a")
        assert score(policy, [fault], "2020-01-11") == 0
        assert score(policy, [fault], "2020-01-12") == 1
        on_time = record("court.performed", "2020-01-11", document="x2", occurrence="a")
        assert score(policy, [fault, on_time], "2020-06-01") == 0
        too_late = record("court.performed", "2020-01-12", document="x3", occurrence="a")
        assert score(policy, [fault, too_late], "2020-06-01") == 1

    def test_a_deadline_that_is_a_period_opens_on_the_first_day_after_it(self):
        policy = loaded(
            calendar={"rest": ["saturday", "sunday"], "holidays": ["2021-03-03"]},
            entries={"late": {"for": FAULT, "after": "2 working days after act", "amount": "1"}},
        )
        friday = [record(FAULT, "2021-02-26")]
        assert score(policy, friday, "2021-03-02") == 0
        assert score(policy, friday, "2021-03-03") == 1


class TestConditions:
    FULL: ClassVar = {
        "entries": {
            "fault": {"for": FAULT, "amount": "1", "counts": {"from": "act", "until": "1 year after act"}},
            "full": {"when": "sum(points) >= 2", "account": "marks", "amount": "1", "counts": {"from": "today"}},
        },
        "accounts": {"marks": {}},
        "values": {"score": {"is": "count(full)", "grid": {"step": "1"}}},
    }

    def test_a_condition_opens_an_entry_on_each_day_on_which_it_becomes_true(self):
        policy = loaded(**self.FULL)
        assert score(policy, faults("2020-01-01", "2020-02-01"), "2020-12-31") == 1
        again = faults("2020-01-01", "2020-02-01", "2021-02-01")
        assert score(policy, again, "2021-02-01") == 2

    def test_a_condition_that_stays_true_opens_nothing_more(self):
        assert score(loaded(**self.FULL), faults("2020-01-01", "2020-02-01", "2020-03-01"), "2020-06-01") == 1

    def test_time_alone_makes_a_condition_true(self):
        policy = loaded(
            entries={
                "fault": {"for": FAULT, "amount": "1"},
                "clean": {
                    "when": "some(fault) and today >= 2 years after latest(act of fault else 1900-01-01)",
                    "account": None,
                    "counts": {"from": "today"},
                    "ends": "points",
                },
            }
        )
        records = faults("2020-01-01")
        changes = Evaluator(policy, KINDS).changes(records, "person", day("2020-01-01"))
        assert score(policy, records, "2022-01-01") == 1
        assert [(one.on, one.score) for one in changes] == [(day("2022-01-02"), 0)]

    def test_what_the_calendar_makes_true_does_not_hang_on_when_the_first_record_was(self):
        policy = loaded(
            entries={
                "fault": {"for": FAULT, "amount": "1"},
                "late": {"when": "today >= 2020-04-30", "amount": "10", "counts": {"from": "placed"}},
            }
        )
        for records in ([], faults("2019-01-01"), faults("2020-05-05")):
            assert score(policy, records, "2020-05-10") == 10 + len(records)


class TestEnds:
    def test_a_tested_end_reads_the_close_of_the_day_before_and_is_tested_again(self):
        counts = {"from": "act", "until": "1 year beginning act", "if": "sum(points) < 2", "again": "1 year"}
        policy = loaded(entries={"fault": {"for": FAULT, "amount": "1", "counts": counts}})
        records = faults("2020-01-01", "2020-07-01")
        assert score(policy, records, "2021-01-01") == 2
        assert score(policy, records, "2021-07-01") == 2
        assert score(policy, faults("2020-01-01"), "2021-01-01") == 0
        ended = [*records, record("court.performed", "2021-08-01", document="x4", occurrence="o1")]
        policy = loaded(
            entries={"fault": {"for": FAULT, "amount": "1", "counts": counts, "ended by": "court.performed"}}
        )
        assert score(policy, ended, "2021-12-31") == 1
        assert score(policy, ended, "2022-01-01") == 0

    @pytest.mark.parametrize(("effect", "before"), [("ends", 2), ("spends", 0)])
    def test_what_ended_still_counted_on_days_before_and_what_was_spent_on_none(self, effect, before):
        policy = loaded(
            entries={
                "fault": {"for": FAULT, "amount": "1"},
                "clear": {"for": "court.performed", "account": None, effect: "points"},
            },
            values={
                "score": {"is": "sum(points)", "grid": {"step": "1"}},
                "then": {"is": "sum(points on 2020-02-15)"},
            },
        )
        records = [
            *faults("2020-01-01", "2020-02-01"),
            record("court.performed", "2020-03-01", document="x5", occurrence="z"),
        ]
        standing = told(policy, records, "2020-03-01")
        assert standing.score == 0
        assert {step.name: step.result for step in standing.arithmetic}["then"] == before
        status = Status.SPENT if effect == "spends" else Status.ENDED
        assert {entry.status for entry in standing.entries if entry.rule == "fault"} == {status}

    def test_only_entries_on_which_the_condition_holds_are_ended(self):
        policy = loaded(
            entries={
                "fault": {"for": FAULT, "amount": "1"},
                "clear": {
                    "for": "court.performed",
                    "account": None,
                    "ends": {"entries": ["points"], "where": "act < this.act and occurrence != this.occurrence"},
                },
            }
        )
        records = [
            *faults("2020-01-01", "2020-02-01"),
            record("court.performed", "2020-03-01", document="x6", occurrence="o0"),
        ]
        assert score(policy, records, "2020-03-01") == 1


class TestAccounts:
    def test_a_walked_floor_swallows_what_a_floor_at_the_end_would_keep(self):
        entries = {
            "fault": {"for": FAULT, "amount": "3"},
            "good": {"for": "civic.marrow-donation", "amount": "-5"},
        }
        records = [
            record(FAULT, "2020-01-01", document="x7", occurrence="a"),
            record("civic.marrow-donation", "2020-02-01", document="x8", occurrence="b"),
            record(FAULT, "2020-03-01", document="x9", occurrence="c"),
        ]
        walked = loaded(entries=entries, accounts={"points": {"floor": "0"}})
        at_the_end = loaded(entries=entries, values={"score": {"is": "max(0, sum(points))", "grid": {"step": "1"}}})
        assert score(walked, records, "2020-04-01") == 3
        assert score(at_the_end, records, "2020-04-01") == 1
        moved = [entry.amount for entry in told(walked, records, "2020-04-01").entries]
        assert moved == [3, -3, 3]

    def test_peak_is_the_highest_sum_of_any_day_by_what_is_known_now(self):
        policy = loaded(
            entries={
                "fault": {
                    "for": FAULT,
                    "placed": "final",
                    "amount": "1",
                    "counts": {"from": "act", "until": "1 year after act"},
                }
            },
            values={"score": {"is": "peak(points)", "grid": {"step": "1"}}},
        )
        records = [
            record(FAULT, "2020-01-01", final="2020-02-01", document="x10", occurrence="a"),
            record(FAULT, "2020-06-01", final="2022-01-01", document="x11", occurrence="b"),
        ]
        assert score(policy, records, "2021-12-31") == 1
        assert score(policy, records, "2022-01-01") == 2


class TestMeasures:
    STAGED: ClassVar = {
        "entries": {
            "fault": {"for": FAULT, "amount": "1", "counts": {"from": "act", "until": "1 year after act"}},
            "lowered": {"for": "warned", "amount": "1 - sum(points)", "where": "sum(points) > 1"},
        },
        "measures": {
            "warned": {
                "when": "sum(points) >= 2",
                "imposed by": "court.performed",
                "if its ground falls": "falls",
                "until": "1 month after act",
            }
        },
    }
    RECORDS = (
        *faults("2020-01-01", "2020-02-01"),
        record("court.performed", "2021-06-01", document="x12", occurrence="z"),
    )

    def stage(self, standing):
        return [(stage.state, stage.reached, stage.imposed) for stage in standing.stages]

    def test_a_measure_is_pending_from_the_day_it_is_reached_and_stays_so_until_an_act(self):
        policy = loaded(**self.STAGED)
        reached = day("2020-02-01")
        assert self.stage(told(policy, self.RECORDS, "2020-01-31")) == []
        assert self.stage(told(policy, self.RECORDS, "2021-05-31")) == [("pending", reached, None)]
        assert self.stage(told(policy, self.RECORDS, "2021-06-01")) == [("imposed", reached, day("2021-06-01"))]
        assert self.stage(told(policy, self.RECORDS, "2021-07-02")) == []

    def test_a_withdrawn_ground_takes_the_measure_and_all_that_followed_with_it(self):
        policy = loaded(**self.STAGED)
        ground = record(
            FAULT, "2020-02-01", document="x13", occurrence="o1", known="2020-02-01", withdrawn="2021-06-15"
        )
        records = [self.RECORDS[0], ground, record("court.performed", "2020-03-01", document="x14", occurrence="z")]
        assert score(policy, records, "2020-03-01") == 1
        as_known_now = told(policy, records, "2020-03-01", "2021-06-15")
        assert (as_known_now.score, as_known_now.stages) == (1, ())
        assert {entry.rule for entry in as_known_now.entries} == {"fault"}

    def test_an_act_that_stands_without_its_ground_says_so(self):
        stands = {"warned": self.STAGED["measures"]["warned"] | {"if its ground falls": "stands"}}
        policy = loaded(**(self.STAGED | {"measures": stands}))
        standing = told(policy, [self.RECORDS[0], self.RECORDS[2]], "2021-06-01")
        assert [stage.ground_fell for stage in standing.stages] == [True]


class TestTime:
    def test_a_table_by_day_changes_the_standing_on_its_day(self):
        policy = loaded(
            tables={"rate": {"since": {"2020-01-01": "1", "2021-01-01": "2"}}},
            values={"score": {"is": "sum(points) * rate[today]", "grid": {"step": "1"}}},
        )
        records = faults("2020-06-01")
        assert (score(policy, records, "2020-12-31"), score(policy, records, "2021-01-01")) == (1, 2)
        history = Evaluator(policy, KINDS).history(records, "person", day("2022-01-01"))
        assert [(one.on, one.score) for one in history] == [(day("2020-06-01"), 1), (day("2021-01-01"), 2)]

    def test_the_day_before_is_asked_with_before(self):
        policy = loaded(
            entries={
                "fault": {"for": FAULT, "amount": "1"},
                "rise": {
                    "when": "sum(points) > before(total)",
                    "account": "marks",
                    "amount": "before(total)",
                    "counts": {"from": "today"},
                },
            },
            accounts={"marks": {}},
            values={"total": {"is": "sum(points)"}, "score": {"is": "sum(marks)", "grid": {"step": "1"}}},
        )
        assert score(policy, faults("2020-01-01", "2020-02-01", "2020-02-01"), "2020-02-01") == 0 + 1

    def test_a_condition_that_nobody_can_tell_of_an_empty_dossier_leaves_it_undecided(self):
        policy = loaded(
            entries={
                "fault": {"for": FAULT, "amount": "1"},
                "more": {"when": "latest(amount of fault) > 0", "amount": "1", "counts": {"from": "today"}},
            },
        )
        for on in ("1900-01-01", "2020-01-01"):
            assert told(policy, [], on).missing == ("fault",)

    def test_the_grade_of_a_day_reads_the_close_of_the_day_before(self):
        policy = loaded(
            entries={"fault": {"for": FAULT, "amount": "1"}},
            overrides=[{"grade": "'worse'", "when": "before(score) >= 1"}],
        )
        grades = [told(policy, faults("2020-01-01"), on).grade for on in ("2019-12-31", "2020-01-01", "2020-01-02")]
        assert grades == ["good", "good", "worse"]
        history = Evaluator(policy, KINDS).history(faults("2020-01-01"), "person", day("2020-02-01"))
        assert [(one.on, one.grade) for one in history] == [(day("2020-01-01"), "good"), (day("2020-01-02"), "worse")]

    def test_what_was_not_known_then_is_left_out_and_what_is_withdrawn_too(self):
        policy = loaded()
        late = record(FAULT, "2020-01-01", known="2020-06-01", withdrawn="2021-01-01")
        assert [
            told(policy, [late], "2020-03-01", known).score for known in ("2020-03-01", "2020-06-01", "2021-01-01")
        ] == [0, 1, 0]

    def test_a_duration_may_be_a_number_of_the_record(self):
        counts = {"from": "act", "until": "days(hours) after act"}
        policy = loaded(entries={"fault": {"for": "civic.volunteering", "amount": "1", "counts": counts}})
        ten = [record("civic.volunteering", "2020-01-01", hours=10)]
        assert (score(policy, ten, "2020-01-11"), score(policy, ten, "2020-01-12")) == (1, 0)


class TestLast:
    """Of entries that are asked for, those placed last."""

    HOURS = "civic.volunteering"
    DAYS = ("2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01")

    def policy(self, text, **more):
        return loaded(
            entries={"work": {"for": self.HOURS, "amount": "hours"} | more},
            values={"score": {"is": f"round({text}, 0.5, 'half-up')", "grid": {"step": "0.5"}}},
            ladders=[{"of": "score", "bands": {"good": "to 9.5", "bad": "from 10"}}],
        )

    def worked(self, *hours):
        return [
            record(self.HOURS, on, document=f"o{place}", **({} if one is None else {"hours": one}))
            for place, (on, one) in enumerate(zip(self.DAYS, hours, strict=False))
        ]

    def test_the_average_is_over_the_last_three_as_many_as_there_are(self):
        policy = self.policy("sum(work last 3) / count(work last 3)")
        of = [score(policy, self.worked(9, 1, 2, 6), on) for on in self.DAYS]
        assert of == [9, 5, 4, 3]

    def test_only_those_that_are_asked_for_are_among_the_last(self):
        records = self.worked(8, 3, 5, 1)
        texts = {
            "highest(hours of work last 2)": 5,
            "lowest(hours of work where hours > 2 last 2)": 3,
            "first(hours of work last 3)": 3,
            "latest(hours of work where hours > 4 last 1)": 5,
            "count(work where hours > 4 last 5)": 2,
        }
        assert {text: score(self.policy(text), records, "2020-05-01") for text in texts} == texts

    def test_what_is_over_is_among_them_only_with_ever(self):
        short = {"counts": {"from": "act", "until": "1 month after act"}}
        records = self.worked(8, 3, 5)
        assert score(self.policy("sum(work last 2)", **short), records, "2020-03-05") == 5
        assert score(self.policy("sum(ever work last 2)", **short), records, "2020-03-05") == 3 + 5

    def test_of_one_day_the_later_in_the_order_of_the_day_are_the_last(self):
        records = [record(self.HOURS, "2020-01-01", document=f"x{n}", occurrence=one, hours=n)
                   for n, one in ((1, "b"), (2, "c"), (4, "a"))]  # fmt: skip
        assert score(self.policy("sum(work last 2)"), records, "2020-01-01") == 1 + 2

    def test_one_in_doubt_makes_those_doubtful_that_it_would_push_out(self):
        texts = ("latest(hours of work where hours > 2 last 1)", "sum(work where known(hours) last 2)")
        asked = [told(self.policy(text), self.worked(8, 3, None), "2020-05-01") for text in texts]
        assert [one.outcome for one in asked] == [Outcome.NOT_DECIDABLE, Outcome.GRADED]
        surely = told(
            self.policy("lowest(hours of work where hours > 2 last 2)"), self.worked(None, 8, 3), "2020-05-01"
        )
        assert surely.score == 3


class TestUnknown:
    def test_a_condition_that_hangs_on_an_unknown_makes_what_follows_undecidable(self):
        policy = loaded(
            entries={
                "fault": {"for": "tax.evasion", "amount": "1"},
                "big": {
                    "when": "some(fault where size = 'huge')",
                    "account": None,
                    "counts": {"from": "today"},
                    "ends": "points",
                },
            }
        )
        standing = told(policy, [record("tax.evasion", "2020-01-01")], "2020-02-01")
        assert (standing.outcome, standing.missing) == (Outcome.NOT_DECIDABLE, ("tax.evasion.size",))

    def test_a_condition_that_is_no_longer_known_is_asked_on_the_next_day(self):
        fault = {"for": FAULT, "grade": "'worse' if decided > act else 'good'", "counts": {"from": "act"}}
        policy = loaded(
            entries={"fault": fault, "over": {"when": "worst(fault else 'good') = 'good'", "counts": {"from": "today"}}}
        )
        of = [told(policy, faults("2020-01-01"), on).outcome for on in ("2020-01-01", "2020-01-02")]
        assert of == [Outcome.GRADED, Outcome.NOT_DECIDABLE]

    def test_none_is_not_unknown(self):
        policy = loaded(values={"score": {"is": "highest(amount of points else 7)", "grid": {"step": "1"}}})
        assert score(policy, [], "2020-01-01") == Fraction(7)

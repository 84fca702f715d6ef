"""Repairs that cannot be are refused with their place, before anything is looked for."""

import shutil

import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import PolicyError, read_policy

WHOLE = "  volunteering:\n    by: civic.volunteering\n    giving: {hours: {from: 10, to: 300, step: 10}}\n"


@pytest.fixture
def wendeng(tmp_path):
    shutil.copytree(shipped("policies") / "cn-wendeng", tmp_path / "p")
    return tmp_path / "p"


def repaired(folder, text):
    file = folder / "policy.yaml"
    assert WHOLE in file.read_text()
    file.write_text(file.read_text().replace(WHOLE, f"  volunteering:\n{text}\n"))
    return read_policy(folder).policy.repairs["volunteering"]


WRONG = {
    "kind": ("    by: civic.volunteer", "volunteering.by: found 'civic.volunteer', no kind"),
    "rule": ("    by: court.performed\n    of: directly", "volunteering.of: found 'directly', no rule"),
    "where": ("    by: court.performed\n    where: kind = 'x'", "volunteering.where: expected 'of' beside it"),
    "type": ("    by: court.performed\n    of: direct\n    where: act", "'act': found a date where a flag is expected"),
    "attribute": ("    by: civic.volunteering\n    giving: {hour: '1'}", "found 'hour'; did you mean 'hours'?"),
    "required": ("    by: civic.volunteering", "expected 'hours', which every civic.volunteering has"),
    "number": ("    by: civic.volunteering\n    giving: {hours: many}", "hours: found 'many', no such hours"),
    "code": ("    by: credit.commitment\n    giving: {grade_repaired: B}", "found 'B', no such grade_repaired"),
    "flag": ("    by: driving.exam\n    giving: {passed: maybe}", "found 'maybe', no such passed"),
    "date": ("    by: driving.seminar\n    giving: {submitted: 2021-02-30}", "no such submitted"),
    "order": (
        "    by: civic.volunteering\n    giving: {hours: {from: 9, to: 1}}",
        "numbers from the least to the most",
    ),
    "numbers of a code": (
        "    by: credit.commitment\n    giving: {grade_repaired: {from: 1, to: 2}}",
        "numbers from the least to the most, of a number",
    ),
    "too many": (
        "    by: civic.volunteering\n    giving: {hours: {from: 0, to: 1000000}}",
        "found 1,000,001 choices, expected at most 2,000",
    ),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_repair_that_cannot_be_is_refused_with_its_place(wendeng, text, says):
    with pytest.raises(PolicyError) as told:
        repaired(wendeng, text)
    assert says in str(told.value)


def test_a_day_may_be_that_of_the_act(wendeng):
    repair = repaired(wendeng, "    by: driving.seminar\n    giving: {submitted: today}")
    assert repair.giving == {"submitted": ("today",)}

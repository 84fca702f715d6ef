"""Every construct of the language in words, in three languages."""

import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.occurrences import occurrences
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.prose import markdown, sections
from goodstanding.policy.reader import read_policy
from goodstanding.policy.sheet import page
from goodstanding.policy.starting import start

KINDS = catalogue(World.SYNTHETIC)
LANGUAGES = ("en", "nl", "zh")
FOLDERS = sorted(folder for folder in shipped("policies").iterdir() if (folder / "policy.yaml").is_file())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    one = tmp_path_factory.mktemp("p") / "wharf"
    start(one)
    return one


PHRASES = [
    ("count(fine)", "the number of entries “fire service fine”", "het aantal posten “boete van de brandweer”"),
    (
        "sum(points on placed)",
        "the sum of safety points on the day of origin",
        "de som van veiligheidspunten op de dag van ontstaan",
    ),
    (
        "latest(severity of accident else 'general')",
        "(class of accident of the latest entry “work accident”, or general where there is none)",
        "(ongevalsklasse van de laatste post “arbeidsongeval”, of general als er geen is)",
    ),
    (
        "some(ever accident where act < this.act)",
        "there is an entry “work accident” (past ones included) (for which the act is before the act of this record)",
        "er een post “arbeidsongeval” (ook voorbije) (waarvoor het feit voor het feit van dit gegeven ligt) is",
    ),
    (
        "not some(fine where occurrence = this.occurrence)",
        "there is no entry “fire service fine” (for which it is of the same occurrence)",
        "er geen post “boete van de brandweer” (waarvoor hij van hetzelfde voorval is) is",
    ),
    (
        "sum(amount of accident last 3)",
        "the sum of the amount of the last 3 entries “work accident”",
        "de som van het bedrag van de laatste 3 posten “arbeidsongeval”",
    ),
    (
        "count(accident last 3)",
        "how many there are of the last 3 entries “work accident”",
        "hoeveel er zijn van de laatste 3 posten “arbeidsongeval”",
    ),
    (
        "severity in ('major', 'extraordinary')",
        "class of accident is one of major, extraordinary",
        "ongevalsklasse een van groot, buitengewoon is",
    ),
    (
        "act in 12 months after final",
        "the act lies in 12 months after the day it became final",
        "het feit in 12 maanden na de dag van onherroepelijkheid ligt",
    ),
    ("act + 14 days", "14 days after the act", "14 dagen na het feit"),
    ("3 working days after act", "3 working days after the act", "3 werkdagen na het feit"),
    ("act >= 2020-01-01", "the act is not before 1 January 2020", "het feit niet voor 1 januari 2020 ligt"),
    (
        "max(act, final)",
        "the latest of (the act; the day it became final)",
        "het laatste van (het feit; de dag van onherroepelijkheid)",
    ),
    (
        "round(total, 1, 'half-up')",
        "total of the points, rounded to 1 (half away from zero)",
        "totaal van de punten, afgerond op 1 (half van nul af)",
    ),
    ("not known(final)", "the day it became final is not known", "de dag van onherroepelijkheid niet bekend is"),
    (
        "imposed(inspection)",
        "“an inspection within a month” is in force",
        "“een inspectie binnen een maand” van kracht is",
    ),
    (
        "before(grade) = 'red'",
        "the grade at the close of the day before is red",
        "de klasse aan het einde van de dag ervoor red is",
    ),
    ("not (amount > 5)", "not: (amount in yuan is above 5)", "niet: (bedrag in yuan hoger dan 5 is)"),
    ("1 - (2 - 3)", "1 − (2 − 3)", "1 − (2 − 3)"),
]


@pytest.mark.parametrize("expected", PHRASES, ids=[one[0] for one in PHRASES])
def test_an_expression_is_said_in_words(folder, expected):
    text, *said = expected
    policy = read_policy(folder).policy
    assert [Speaker(policy, one, KINDS).phrase(text) for one in ("en", "nl")] == said
    assert Speaker(policy, "zh", KINDS).phrase(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("policy", FOLDERS, ids=lambda folder: folder.name)
def test_every_expression_of_every_shipped_policy_can_be_said(policy, language):
    loaded = read_policy(policy)
    speaker = Speaker(loaded.policy, language, KINDS)
    for one in occurrences(loaded.policy):
        assert speaker._node(one.node)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("policy", FOLDERS, ids=lambda folder: folder.name)
def test_every_part_of_every_shipped_policy_is_told_and_every_reference_leads_somewhere(policy, language):
    loaded = read_policy(policy)
    rows = [row for part in sections(loaded, language, KINDS) for table in part.tables for row in table.rows]
    anchors = [row.anchor for row in rows if row.anchor]
    assert len(set(anchors)) == len(anchors)
    wanted = {f"rule-{name}" for name in loaded.policy.entries} | {f"measure-{name}" for name in loaded.policy.measures}
    wanted |= {f"decision-{name}" for name in loaded.policy.decisions} | {
        f"value-{name}" for name in loaded.policy.values
    }
    wanted |= {f"table-{name}" for name in loaded.policy.tables} | {f"clause-{name}" for name in loaded.policy.law}
    assert wanted <= set(anchors)
    assert {cell.to for row in rows for cell in row.cells if cell.to} <= set(anchors)
    assert page(loaded, language, KINDS).startswith("<!DOCTYPE html>")


def told(folder, old, new):
    file = folder / "policy.yaml"
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new, 1))
    try:
        return markdown(read_policy(folder), "en", KINDS)
    finally:
        file.write_text(before)


WORDS = "words: {en: a, nl: a, zh: a}"
PARTS = [
    (
        "    placed: act\n",
        "    placed: final\n    where: known(final)\n",
        ["read on: the day it became final", "only where the day it became final is known"],
    ),
    ("    placed: act\n", "    after: act\n", ["looked at in the morning after the act"]),
    (
        "counts: {from: act, until: 2 years after act}",
        "counts: {from: act, until: 2 years after act, if: sum(points) < 9, again: 1 year}",
        ["the end is tested: it ends only if the sum of safety points is below 9", "tested again every 1 year"],
    ),
    (
        "    clause: art-1\n    words: {en: work",
        "    ends: {entries: fine, where: act < this.act}\n    clause: art-1\n    words: {en: work",
        ["ends “fire service fine” (for which the act is before the act of this record)"],
    ),
    ("accounts:\n", f"accounts:\n  low: {{{WORDS}, floor: 0, clause: art-1}}\n", ["“a” never goes below 0;"]),
    (
        "accounts:\n",
        f"calendar: {{rest: [sunday], holidays: [2026-10-01], clause: art-1, {WORDS}}}\naccounts:\n",
        ["Sunday", "1 October 2026"],
    ),
    ("tables:\n", f"tables:\n  rate: {{since: {{2020-01-01: 1, 2021-01-01: 2}}, {WORDS}}}\n", ["1 January 2021 | 2"]),
    (
        "    grades: [red]\n",
        "    when: total >= 12\n    at: fine\n    imposed by: licence.revoked\n    if its ground falls: stands\n",
        [
            "when “fire service fine” comes on the file, if total of the points is at least 12",
            "pending until imposed by: licence revoked",
            "once reached it stays reached",
            "an act stands",
        ],
    ),
    ("  ladders:\n", "  otherwise: green\n  ladders:\n", ["Where nothing else gives a grade it is green."]),
    (
        "measures:\n",
        "decisions:\n  tender:\n    purpose: {en: a tender, nl: a, zh: a}\n    reads: [grade, "
        "total]\n    outcomes: [{outcome: refuse, when: total > 3}]\n"
        "    otherwise: admit\n    words: {refuse: {en: no, nl: a, zh: a}, admit: {en: yes, nl: a, "
        "zh: a}}\n    review: human\n"
        "    notice: 14 days after today\n    appeal: {en: the board, nl: a, zh: a}\n    clause: art-4\nmeasures:\n",
        [
            "| a tender | “no” if total of the points is above 3; otherwise “yes” | the grade, total "
            "of the points | a person looks at it before it takes effect; notice: 14 days after "
            "today; appeal: the board |"
        ],
    ),
    (
        "measures:\n",
        "repairs:\n  gift:\n    by: civic.donation\n    giving: {amount: {from: 100, to: 500, step: 100}}\n"
        f"    {WORDS}\n    clause: art-1\nmeasures:\n",
        ["| a | donation | none; it stands alone | amount in yuan: 100 to 500 in steps of 100 |"],
    ),
    (
        "read: made up}\n\n",
        "read: unverified}\n\n",
        ["Template rules art. 4 *not verified*", "what follows | *not verified*"],
    ),
]


@pytest.mark.parametrize(("old", "new", "says"), PARTS)
def test_a_part_is_told_in_words(folder, old, new, says):
    text = told(folder, old, new)
    for part in says:
        assert part in text

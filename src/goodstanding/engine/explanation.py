"""A standing in words: every entry with its record, rule and clause, the arithmetic, what changes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from goodstanding.engine.standing import Change, Entry, Number, Standing, Step, number_text
from goodstanding.facts.catalogue import Catalogue, Language
from goodstanding.policy.model import Policy

_WORDS: dict[str, dict[Language, str]] = {
    "graded": {
        "en": "{title} on {on}: {grade} ({words}), {score}",
        "nl": "{title} op {on}: {grade} ({words}), {score}",
        "zh": "{title}，{on}：{grade}（{words}），{score}",
    },
    "not rated": {
        "en": "{title} on {on}: not rated, {reason}",
        "nl": "{title} op {on}: niet gewaardeerd, {reason}",
        "zh": "{title}，{on}：未评级，{reason}",
    },
    "not decidable": {
        "en": "{title} on {on}: not decidable without {missing}",
        "nl": "{title} op {on}: niet te bepalen zonder {missing}",
        "zh": "{title}，{on}：缺少{missing}，无法认定",
    },
    "from": {"en": "from {start}", "nl": "vanaf {start}", "zh": "自{start}起"},
    "until": {"en": "until {until}", "nl": "tot {until}", "zh": "至{until}前"},
    "open": {"en": "no end known", "nl": "geen einde bekend", "zh": "终止日未知"},
    "doubled": {
        "en": "{base} × {times} for repetition",
        "nl": "{base} × {times} wegens herhaling",
        "zh": "重复：{base} × {times}",
    },
    "counts": {"en": "counts", "nl": "telt", "zh": "有效"},
    "held": {"en": "kept, not counted", "nl": "bewaard, telt niet", "zh": "保留，暂不计"},
    "ended": {"en": "over", "nl": "voorbij", "zh": "已失效"},
    "change": {
        "en": "changes by itself on {on}: {what}",
        "nl": "verandert vanzelf op {on}: {what}",
        "zh": "{on}自动变更：{what}",
    },
}


def explained(
    policy: Policy, catalogue: Catalogue, standing: Standing, changes: Sequence[Change], language: Language
) -> str:
    """Return a standing as text, a line a fact, in English (en), Dutch (nl) or Chinese (zh)."""
    lines = [
        _headline(policy, catalogue, standing, language),
        *(line for entry in standing.entries for line in _entry(policy, catalogue, entry, language)),
        *(_step(policy, step, language) for step in standing.arithmetic),
        *(f"- {policy.measures[name].words[language]}" for name in standing.measures),
        *(_change(policy, change, language) for change in changes),
    ]
    return "\n".join(lines)


def _step(policy: Policy, step: Step, language: Language) -> str:
    cite = _cite(policy, step.clause, language)
    return f"{step.words[language]}: {step.filled} = {number_text(step.result)}  [{cite}]"


def _headline(policy: Policy, catalogue: Catalogue, standing: Standing, language: Language) -> str:
    return _WORDS[standing.outcome.value][language].format(
        title=policy.title[language],
        on=standing.on,
        grade=standing.grade,
        words=policy.grades.order[standing.grade][language] if standing.grade else "",
        score=number_text(standing.score) if standing.score is not None else "",
        reason=reason_words(policy, catalogue, standing.reason, language),
        missing=", ".join(standing.missing),
    )


def reason_words(policy: Policy, catalogue: Catalogue, reason: str | None, language: Language) -> str:
    """Return why there is no score, in words: from the policy, or from the code list that the reason comes from."""
    own = {row.because: row.words for row in policy.unrated if row.words}
    if reason in own:
        return own[reason][language]
    return next((codes[reason][language] for codes in catalogue.codes.values() if reason in codes), reason or "")


def _entry(policy: Policy, catalogue: Catalogue, entry: Entry, language: Language) -> Iterator[str]:
    much = entry.grade if entry.amount is None and entry.grade else _amount(entry.amount)
    status = _WORDS[entry.status.value][language]
    item = f"{entry.item.id} " if entry.item else ""
    yield f"{entry.record.act}  {much:>6}  {item}{entry.words[language]} ({status})"
    until = _WORDS["until" if entry.until else "open"][language].format(until=entry.until)
    parts = [
        catalogue.kinds[entry.record.kind].words[language],
        entry.record.document,
        _WORDS["from"][language].format(start=entry.start) + " " + until,
        _cite(policy, entry.clause, language) + (f", {entry.item.cite}" if entry.item else ""),
    ]
    if entry.times != 1 and entry.base is not None:
        doubled = _WORDS["doubled"][language]
        parts.append(doubled.format(base=number_text(entry.base), times=number_text(entry.times)))
    yield "                    " + " · ".join(part for part in parts if part)


def _amount(amount: Number | None) -> str:
    if amount is None:
        return ""
    text = number_text(amount)
    return text if text.startswith(("-", "?", "0")) else f"+{text}"


def _cite(policy: Policy, clause: str, language: Language) -> str:
    return policy.law[clause].cite if clause in policy.law else f"{clause}: {policy.interpretations[clause][language]}"


def _change(policy: Policy, change: Change, language: Language) -> str:
    what = change.grade or change.outcome.value
    score = f" ({number_text(change.score)})" if change.score is not None else ""
    return _WORDS["change"][language].format(on=change.on, what=what + score)

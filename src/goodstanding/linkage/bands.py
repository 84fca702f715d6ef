"""Which groups an organisation is counted in when links are judged: the script of its name, its age; nothing else.

Of a person neither is asked, and where a name comes from is inferred of nobody.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter

SCRIPTS = {"LATIN": "latin", "CJK": "han", "CYRILLIC": "cyrillic", "GREEK": "greek", "ARABIC": "arabic"}
"""By the first word of the name that Unicode gives a letter."""
AGES = ((2, "under 2"), (5, "2 to 4"), (10, "5 to 9"), (25, "10 to 24"))
"""Below how many years an organisation is of a band."""
OLDEST = "25 and over"
NOT_KNOWN = "not known"


def script(name: str | None) -> str:
    """Return the script of most letters of a name: of `SCRIPTS`, `other`, or `not known` without a letter."""
    letters = [unicodedata.name(letter, "").split(" ", 1)[0] for letter in name or "" if letter.isalpha()]
    if not letters:
        return NOT_KNOWN
    most, _ = max(Counter(letters).items(), key=lambda found: (found[1], found[0]))
    return SCRIPTS.get(most, "other")


def age(founded: dt.date | None, on: dt.date) -> str:
    """Return the band of an organisation's age in whole years on a day; not known before it was founded."""
    if founded is None or founded > on:
        return NOT_KNOWN
    years = on.year - founded.year - ((on.month, on.day) < (founded.month, founded.day))
    return next((band for below, band in AGES if years < below), OLDEST)

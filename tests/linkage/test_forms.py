"""Normal forms have a version: whoever changes what they are is made to raise it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import FORMS, Columns, Field, prepared
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model, read_model, write_model

BANK = {
    "name": ["Dr. Anna-Marie van der Berg", "Çelik, Ömer", "欧阳修", "Пётр Ильич", "O’Neill  Seán", "Lü Buwei", None],
    "organisation": [
        "Müller & Söhne GmbH",
        "北京范氏有限公司",
        "ACME II Ltd.",
        "Société Générale S.A.",
        "范記",
        "",
        "a b c",
    ],
    "date": ["1970-01-31", "31/1/1970", "19700131", "1970", "", None, "1.2.2000"],
    "place": ["'s-Gravenhage", "上海市", "Köln", "ST. ALBANS", "", None, "Rostov-na-Donu"],
    "address": ["Hauptstraße 5", "12 High St", "南京路1号", "12, High Street", "", None, "rue de l’Été 3"],
    "postcode": ["2514 EA", "sw1a 1aa", "50667", "", None, "-", "100-0001"],
    "identifier": ["GB 123-456", "nl001", "", None, "９９", "a.b", "7"],
    "code": ["M", "f ", "Größe", "", None, "x/y", "男"],
}
COLUMNS = Columns(key="key", fields=tuple(Field(column=role, role=role) for role in BANK))


def test_forms_that_change_have_another_version() -> None:
    forms = prepared(pl.DataFrame({"key": [str(n) for n in range(7)], **BANK}), COLUMNS)
    hashed = duckdb.sql("SELECT hash('anna', '1970'), hash('范')").fetchall()
    made = hashlib.sha256(f"{forms.write_json()}{hashed}".encode()).hexdigest()[:16]
    assert (FORMS, made) == ("d4a7add0828b2f47", "48129c01627d5aec"), (
        "raise columns._NUMBER, then write both here again"
    )


def test_a_model_of_other_forms_is_refused_with_what_to_do(tmp_path: Path) -> None:
    empty = (pl.DataFrame(schema=schema) for schema in (FREQUENCIES, CROWDS))
    model = Model({}, COLUMNS, (), {}, *empty)
    write_model(replace(model, forms="0123456789abcdef"), tmp_path / "other")
    with pytest.raises(InputError, match=r"other: was learned from other forms of names \(0123456789abcdef\).*again"):
        read_model(tmp_path / "other")
    write_model(model, tmp_path / "same")
    text = (tmp_path / "same" / "model.json").read_text()
    (tmp_path / "same" / "model.json").write_text(text.replace('"forms": "', '"former": "'))
    with pytest.raises(InputError, match=r"those of an earlier release"):
        read_model(tmp_path / "same")

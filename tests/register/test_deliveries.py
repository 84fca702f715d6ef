"""Deliveries: what is accepted, what is known already, what is refused, and what is told about it."""

import datetime as dt
import os

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.reading import read_table
from goodstanding.facts.refusals import with_refusals
from goodstanding.register.deliveries.delivering import deliver, deliveries, refusal_reasons, refusals
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.proving.verification import verify
from tests.register.conftest import FIRM, PEOPLE, PERSON, RECEIVED, inspection, row, state


def counts(delivered):
    return delivered.rows, delivered.accepted, delivered.repeated, delivered.refused


def test_records_come_back_as_they_were_delivered(synthetic, file) -> None:
    rows = [
        row(PERSON, "D-1", size="huge", decided="2026-04-01", final="2026-05-01", occurrence='affair \\. "1", a'),
        row(PERSON, "D-2", kind="civic.donation", amount="1234.5"),
    ]
    path = file(*rows)
    assert counts(deliver(synthetic, "city.tax", path, RECEIVED)) == (2, 2, 0, 0)
    first, second = dossier(synthetic, by_identifier(synthetic, PERSON["subject"])).records
    assert (first.delivery, first.row, second.row) == (1, 1, 2)
    assert first.record.occurrence == 'affair \\. "1", a'
    assert (first.record.decided, first.record.final) == (dt.date(2026, 4, 1), dt.date(2026, 5, 1))
    assert first.record.attributes == {"size": "huge"}
    assert second.record.attributes == {"amount": second.record.attributes["amount"]}
    assert float(second.record.attributes["amount"]) == 1234.5
    assert (second.record.decided, second.record.occurrence) == (None, "D-2")


def test_numbers_are_kept_to_the_last_unit(synthetic, file) -> None:
    amounts = ["0", "-1", "0.01", "999999999999.99"]
    rows = [row(PERSON, f"D-{n}", kind="civic.donation", amount=amount) for n, amount in enumerate(amounts)]
    path = file(*rows)
    deliver(synthetic, "city.tax", path, RECEIVED)
    assert verify(synthetic) == []


def test_the_same_file_again_is_answered_with_what_became_of_it_then(synthetic, file) -> None:
    path = file(row(PERSON, "D-1"), row(PERSON, "D-2", size="colossal"))
    first = deliver(synthetic, "city.tax", path, RECEIVED)
    again = deliver(synthetic, "city.tax", path, dt.date(2026, 10, 2))
    assert (first.earlier, again.earlier) == (False, True)
    assert counts(again) == counts(first) == (2, 1, 0, 1)
    assert again.refusals.equals(first.refusals)
    assert len(deliveries(synthetic)) == 1


def test_the_same_file_from_another_source_is_another_delivery(synthetic, file) -> None:
    path = file(row(PERSON, "D-1", kind="contract.default"))
    assert counts(deliver(synthetic, "city.tax", path, RECEIVED)) == (1, 0, 0, 1)
    assert counts(deliver(synthetic, "city.court", path, RECEIVED)) == (1, 1, 0, 0)


def test_a_record_that_is_known_is_skipped_and_counted(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    again = deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2"), row(PERSON, "D-2")), RECEIVED)
    assert counts(again) == (3, 1, 2, 0)
    assert len(state(synthetic)) == 2


def test_a_document_that_says_something_else_is_refused(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    kept = state(synthetic)
    changed = deliver(synthetic, "city.tax", file(row(PERSON, "D-1", size="huge"), row(FIRM, "D-2")), RECEIVED)
    assert counts(changed) == (2, 1, 0, 1)
    assert changed.refusals.select("row", "field", "found").rows() == [(1, "document", "D-1")]
    assert "a correction is the same document with a higher version" in changed.refusals["expected"][0]
    assert set(kept) < set(state(synthetic))


def test_rows_that_contradict_each_other_are_all_refused(synthetic, file) -> None:
    rows = [row(PERSON, "D-1"), row(PERSON, "D-1", size="huge"), row(PERSON, "D-2"), row(PERSON, "D-1")]
    assert counts(deliver(synthetic, "city.tax", file(*rows), RECEIVED)) == (4, 1, 0, 3)


def test_two_sources_may_use_the_same_document_number(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    other = deliver(synthetic, "city.court", file(row(PERSON, "D-1", kind="contract.default")), RECEIVED)
    assert counts(other) == (1, 1, 0, 0)


def test_refused_rows_can_be_corrected_and_delivered_again(synthetic, file, tmp_path) -> None:
    path = file(row(PERSON, "D-1"), row(PERSON, "D-2", size="colossal"), row(PERSON, "D-3", name="Somebody"))
    refused = with_refusals(read_table(path), deliver(synthetic, "city.tax", path, RECEIVED).refusals)
    assert refused["document"].to_list() == ["D-2", "D-3"]
    corrected = refused.with_columns(size=pl.lit("large"), name=pl.lit(PERSON["name"]))
    corrected.write_csv(tmp_path / "corrected.csv")
    assert counts(deliver(synthetic, "city.tax", tmp_path / "corrected.csv", RECEIVED)) == (2, 2, 0, 0)
    assert len(state(synthetic)) == 3


def test_refusals_are_listed_by_source_with_the_latest_delivery_first(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1", size="colossal"), row(PERSON, "D-2", act="soon")), RECEIVED)
    deliver(synthetic, "city.tax", file(row(PERSON, "D-3", size="tiny")), RECEIVED)
    deliver(synthetic, "city.court", file(row(PERSON, "D-3", kind="court.unheard")), RECEIVED)
    found = [(one.delivery, one.row, one.field, one.found) for one in refusals(synthetic, "city.tax")]
    assert found == [(2, 1, "size", "tiny"), (1, 1, "size", "colossal"), (1, 2, "act", "soon")]
    assert len(refusals(synthetic, "city.tax", limit=1)) == 1
    assert [(field, count) for field, _, count in refusal_reasons(synthetic, "city.tax")] == [("size", 2), ("act", 1)]


def test_what_was_found_is_kept_without_control_characters(synthetic, file, tmp_path) -> None:
    table = pl.DataFrame([row(PERSON, "D-1", kind="a\0b\x1fc\nd")])
    done = deliver(synthetic, "city.tax", file({"any": "thing"}), RECEIVED, table.cast(pl.String))
    assert "a\ufffdb\ufffdc\ufffdd" in done.refusals["found"].to_list()
    assert verify(synthetic) == []


def test_a_file_may_have_any_name(synthetic, file, tmp_path) -> None:
    path = file(row(PERSON, "D-1")).rename(tmp_path / os.fsdecode(b"\xff \n'.csv"))
    assert deliver(synthetic, "city.tax", path, RECEIVED).file == "? \n'.csv"
    assert verify(synthetic) == []


def test_deliveries_are_listed_with_the_latest_first(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    deliver(synthetic, "city.court", file(row(PERSON, "D-1", kind="contract.default")), dt.date(2026, 10, 9))
    listed = [(one.number, one.source, one.file, one.received, one.accepted) for one in deliveries(synthetic)]
    assert listed == [
        (2, "city.court", "delivery-1.csv", dt.date(2026, 10, 9), 1),
        (1, "city.tax", "delivery-0.csv", RECEIVED, 1),
    ]
    assert [one.number for one in deliveries(synthetic, "city.tax")] == [1]


def test_a_table_that_was_read_already_counts_instead_of_the_file(synthetic, file) -> None:
    path = file({"published": "in another format"})
    table = pl.DataFrame([row(PERSON, "D-1")]).cast(pl.String)
    assert counts(deliver(synthetic, "city.tax", path, RECEIVED, table)) == (1, 1, 0, 0)
    assert deliver(synthetic, "city.tax", path, RECEIVED, table).earlier


@pytest.mark.parametrize(
    ("rows", "message"),
    [([{"subject": "x"}], "missing column kind"), ([row(PERSON, "D-1", mood="bad")], "unknown column mood")],
)
def test_a_file_of_which_no_row_can_be_right_is_no_delivery(synthetic, file, rows, message) -> None:
    path = file(*rows)
    with pytest.raises(InputError, match=f"{path.name}: {message}"):
        deliver(synthetic, "city.tax", path, RECEIVED)
    assert deliveries(synthetic) == []


def test_a_file_or_source_that_is_not_there_is_named(synthetic, file, tmp_path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: cannot be read"):
        deliver(synthetic, "city.tax", tmp_path / "absent.csv", RECEIVED)
    with pytest.raises(InputError, match=r"source city\.moon: this register has no such source"):
        deliver(synthetic, "city.moon", file(row(PERSON, "D-1")), RECEIVED)


def test_a_real_delivery_is_not_received_tomorrow(real, file) -> None:
    with pytest.raises(InputError, match="received: found 9999-01-01"):
        deliver(real, "gb.fsa", file(inspection("1-1", "D-1")), dt.date(9999, 1, 1))


def test_a_delivery_without_rows_is_kept_as_such(synthetic, tmp_path) -> None:
    (tmp_path / "empty.csv").write_text("subject,kind,act,document,authority,basis\n")
    assert counts(deliver(synthetic, "city.tax", tmp_path / "empty.csv", RECEIVED)) == (0, 0, 0, 0)
    assert verify(synthetic) == []


def test_everybody_can_have_records(synthetic, file) -> None:
    rows = [row(who, f"D-{n}") for n, who in enumerate(PEOPLE.iter_rows(named=True))]
    assert counts(deliver(synthetic, "city.tax", file(*rows), RECEIVED)) == (18, 18, 0, 0)
    assert {identifier for identifier, _ in state(synthetic)} == set(PEOPLE["subject"])

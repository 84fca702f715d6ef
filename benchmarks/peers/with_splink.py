"""Splink with the settings of its documentation, end to end: `python benchmarks/peers/with_splink.py WHAT OUT FILE...`.

WHAT is `people` (records of benchmarks/people.py), `figures` (historical figures, the settings of Splink's tutorial for
them), `febrl` (FEBRL 4, two files, the settings of its example) or a data set of
benchmarks/unlike.py. OUT is written as Parquet: left, right, weight. One line of JSON says seconds from files to
result, CPU seconds and the most memory, in GB, that the process had.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

LEAST = 0.01
"""The least probability of a pair that is returned."""


def _people() -> tuple[dict[str, Any], list[Any], float, list[Any]]:
    settings = {
        "link_type": "dedupe_only",
        "blocking_rules_to_generate_predictions": [
            block_on("given", "family"),
            block_on("family", "born"),
            block_on("given", "born"),
            block_on("postcode", "given"),
            block_on("postcode", "family"),
            block_on("born", "town"),
        ],
        "comparisons": [
            cl.ForenameSurnameComparison("given", "family", forename_surname_concat_col_name="whole"),
            cl.DateOfBirthComparison("born", input_is_string=True),
            cl.LevenshteinAtThresholds("postcode", 2),
            cl.ExactMatch("town").configure(term_frequency_adjustments=True),
        ],
    }
    sure = [block_on("given", "family", "born"), block_on("born", "postcode")]
    return settings, sure, 0.7, [block_on("given", "family"), block_on("born")]


def _figures() -> tuple[dict[str, Any], list[Any], float, list[Any]]:
    settings = {
        "link_type": "dedupe_only",
        "blocking_rules_to_generate_predictions": [
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode_fake,1,3)", "dob"),
            block_on("substr(postcode_fake,1,3)", "first_name"),
            block_on("substr(postcode_fake,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ],
        "comparisons": [
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="whole"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.LevenshteinAtThresholds("postcode_fake", 2),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
    }
    sure = [
        "l.first_name = r.first_name and l.surname = r.surname and l.dob = r.dob",
        "substr(l.first_name,1,2) = substr(r.first_name,1,2) and l.surname = r.surname "
        "and substr(l.postcode_fake,1,2) = substr(r.postcode_fake,1,2)",
        "l.dob = r.dob and l.postcode_fake = r.postcode_fake",
    ]
    return settings, sure, 0.6, [block_on("first_name", "surname"), block_on("dob")]


def _febrl() -> tuple[dict[str, Any], list[Any], float, list[Any]]:
    settings = {
        "link_type": "link_only",
        "blocking_rules_to_generate_predictions": [
            block_on("given_name", "surname"),
            block_on("surname", "date_of_birth"),
            block_on("given_name", "date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        "comparisons": [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
    }
    sure = [
        "l.given_name = r.given_name and l.surname = r.surname and l.date_of_birth = r.date_of_birth",
        "l.soc_sec_id = r.soc_sec_id",
    ]
    return settings, sure, 0.8, [block_on("date_of_birth"), block_on("given_name")]


def _few() -> tuple[dict[str, Any], list[Any], float, list[Any]]:
    settings = {
        "link_type": "dedupe_only",
        "blocking_rules_to_generate_predictions": [
            block_on("name"),
            block_on("substr(name, 1, 4)", "town"),
            block_on("split_part(name, ' ', 2)"),
            block_on("split_part(name, ' ', 1)", "town"),
        ],
        "comparisons": [
            cl.NameComparison("name"),
            cl.ExactMatch("town").configure(term_frequency_adjustments=True),
        ],
    }
    return settings, [block_on("name", "town")], 0.7, [block_on("town"), block_on("name")]


def _gaps() -> tuple[dict[str, Any], list[Any], float, list[Any]]:
    settings, sure, recall, sessions = _people()
    names = [cl.NameComparison("given"), cl.NameComparison("family")]
    return settings | {"comparisons": [*names, *settings["comparisons"][1:]]}, sure, recall, sessions


def _organisations() -> tuple[dict[str, Any], list[Any], float, list[Any]]:
    settings = {
        "link_type": "link_only",
        "blocking_rules_to_generate_predictions": [
            block_on("company"),
            block_on("postcode"),
            block_on("street", "town"),
            block_on("substr(company, 1, 4)", "town"),
            block_on("substr(company, 1, 4)", "street"),
            block_on("substr(company, 1, 8)"),
        ],
        "comparisons": [
            cl.NameComparison("company"),
            cl.JaroWinklerAtThresholds("street", [0.95, 0.88]),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("town").configure(term_frequency_adjustments=True),
        ],
    }
    sure = [block_on("company", "postcode"), block_on("company", "street")]
    return settings, sure, 0.7, [block_on("postcode"), block_on("company")]


_WHAT = {
    "people": (_people, "id", "*, given || ' ' || family AS whole"),
    "figures": (_figures, "unique_id", "*, first_name || ' ' || surname AS whole"),
    "febrl": (_febrl, "rec_id", "*"),
    "few": (_few, "id", "*"),
    "gaps": (_gaps, "id", "*"),
    "organisations": (_organisations, "id", "*"),
    "many": (_organisations, "id", "*"),
}


def main(what: str, out: str, *files: str) -> None:
    """Link the files, write the pairs, print seconds and memory."""
    make, key, columns = _WHAT[what]
    settings, sure, recall, sessions = make()
    start = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for place, file in enumerate(files):
            connection.execute(f"CREATE TABLE t{place} AS SELECT {columns} FROM read_parquet('{file}')")
        database = DuckDBAPI(connection=connection)
        tables = [database.register(f"t{place}") for place in range(len(files))]
        creator = SettingsCreator(**settings, unique_id_column_name=key, retain_matching_columns=False)
        linker = Linker(tables, creator, log_level=None)
        linker.training.estimate_probability_two_random_records_match(sure, recall=recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
        for session in sessions:
            linker.training.estimate_parameters_using_expectation_maximisation(session)
        found = linker.inference.predict(threshold_match_probability=LEAST).physical_name
        connection.execute(
            f"COPY (SELECT {key}_l AS left, {key}_r AS right, match_weight AS weight FROM {found}) "
            f"TO '{out}' (FORMAT parquet)"
        )
    used = resource.getrusage(resource.RUSAGE_SELF)
    taken = {"seconds": time.perf_counter() - start, "cpu": used.ru_utime + used.ru_stime}
    print(json.dumps(taken | {"memory": used.ru_maxrss / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])

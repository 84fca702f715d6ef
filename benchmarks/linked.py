"""Our linkage, end to end, in a process of its own: `python -m benchmarks.linked WHAT OUT FILE...`.

WHAT is `people`, `figures` or `febrl`; OUT is written as Parquet: left, right, weight. `python -m benchmarks.linked
deliver FOLDER OUT RECORDS` links records with kept subjects. One line of JSON says seconds, CPU seconds and GB.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

from goodstanding.linkage import kept
from goodstanding.linkage.columns import Columns, Field, Role, prepare
from goodstanding.linkage.linking import links
from goodstanding.linkage.training import train

LEAST = -6.6
"""The least weight of a pair that is returned: a probability of 0.01."""


def _columns(key: str, **roles: Role) -> Columns:
    return Columns(key=key, fields=tuple(Field(column=column, role=role) for column, role in roles.items()))


COLUMNS = {
    "people": _columns("id", given="given", family="family", born="date", postcode="postcode", town="place"),
    "figures": _columns(
        "unique_id",
        full_name="name",
        first_name="given",
        surname="family",
        dob="date",
        birth_place="place",
        postcode_fake="postcode",
        gender="code",
        occupation="code",
    ),
    "febrl": _columns(
        "rec_id",
        given_name="given",
        surname="family",
        date_of_birth="date",
        soc_sec_id="identifier",
        suburb="place",
        postcode="postcode",
        address_1="address",
        address_2="address",
        street_number="code",
        state="code",
    ),
}


def run(what: str, out: Path, files: list[Path]) -> None:
    """Prepare the files, learn a model from them, link them, write the links."""
    with tempfile.TemporaryDirectory() as name:
        forms = [Path(name) / f"{place}.parquet" for place in range(len(files))]
        for file, target in zip(files, forms, strict=True):
            prepare(file, COLUMNS[what], target)
        right = forms[1] if len(forms) > 1 else None
        model = train(forms[0], right, COLUMNS[what], {})
        links(model, forms[0], right, LEAST).write_parquet(out)


def deliver(folder: Path, out: Path, records: Path) -> None:
    """Prepare records, link them with kept subjects, write the links."""
    with tempfile.TemporaryDirectory() as name:
        forms = Path(name) / "records.parquet"
        prepare(records, COLUMNS["people"], forms)
        kept.linked(folder, forms, LEAST).write_parquet(out)


def main(what: str, *paths: str) -> None:
    """Do what was asked, and print what it took."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    start = time.perf_counter()
    first, *others = [Path(path) for path in paths]
    if what == "deliver":
        deliver(first, *others)
    else:
        run(what, first, others)
    used = resource.getrusage(resource.RUSAGE_SELF)
    taken = {"seconds": time.perf_counter() - start, "cpu": used.ru_utime + used.ru_stime}
    print(json.dumps(taken | {"memory": used.ru_maxrss / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])

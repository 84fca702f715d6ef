"""Our linkage, end to end, in a process of its own: `python -m benchmarks.linked WHAT OUT FILE...`.

WHAT is a name in `COLUMNS`; OUT is written as Parquet: left, right, weight. `keep FOLDER SUBJECTS` prepares
subjects, learns a model from them and keeps them; `deliver FOLDER OUT RECORDS` links records with kept subjects;
`again FOLDER OUT SUBJECTS RECORDS` links them with all rows of the subjects, by the same model. One line of JSON says
seconds, in all and by phase, CPU seconds and GB.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from goodstanding.facts.errors import InputError
from goodstanding.linkage import kept
from goodstanding.linkage.columns import Columns, Field, Role, prepare
from goodstanding.linkage.linking import links
from goodstanding.linkage.models import read_model
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
    "few": _columns("id", name="name", town="place"),
    "gaps": _columns("id", given="given", family="family", born="date", postcode="postcode", town="place"),
    "organisations": _columns("id", company="organisation", street="address", postcode="postcode", town="place"),
    "many": _columns("id", company="organisation", street="address", postcode="postcode", town="place"),
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


PHASES: dict[str, float] = {}


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Note how many seconds something takes."""
    start = time.perf_counter()
    yield
    PHASES[name] = PHASES.get(name, 0.0) + time.perf_counter() - start


def run(what: str, out: Path, *files: Path) -> None:
    """Prepare the files, learn a model from them, link them, write the links."""
    with tempfile.TemporaryDirectory() as name:
        forms = [Path(name) / f"{place}.parquet" for place in range(len(files))]
        with phase("prepare"):
            for file, target in zip(files, forms, strict=True):
                prepare(file, COLUMNS[what], target)
        right = forms[1] if len(forms) > 1 else None
        with phase("learn"):
            model = train(forms[0], right, COLUMNS[what], {})
        with phase("link"):
            links(model, forms[0], right, LEAST).write_parquet(out)


def keep(folder: Path, subjects: Path) -> None:
    """Prepare subjects, learn a model from them, keep them."""
    with tempfile.TemporaryDirectory() as name:
        forms = Path(name) / "subjects.parquet"
        with phase("prepare"):
            prepare(subjects, COLUMNS["people"], forms)
        with phase("learn"):
            model = train(forms, None, COLUMNS["people"], {})
        with phase("keep"):
            kept.keep(folder, forms, model)


def deliver(folder: Path, out: Path, records: Path) -> None:
    """Prepare records, link them with kept subjects, write the links."""
    with tempfile.TemporaryDirectory() as name:
        forms = Path(name) / "records.parquet"
        with phase("prepare"):
            prepare(records, COLUMNS["people"], forms)
        with phase("link"):
            kept.linked(folder, forms, LEAST).write_parquet(out)


def again(folder: Path, out: Path, subjects: Path, records: Path) -> None:
    """Link records with all subjects as they are, read and prepared again; only the model is the kept one."""
    with tempfile.TemporaryDirectory() as name:
        forms = [Path(name) / f"{place}.parquet" for place in range(2)]
        with phase("prepare"):
            for file, target in zip((subjects, records), forms, strict=True):
                prepare(file, COLUMNS["people"], target)
        with phase("link"):
            links(read_model(folder / "model"), forms[0], forms[1], LEAST).write_parquet(out)


def main(what: str, *paths: str) -> None:
    """Do what was asked, and print what it took."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    start = time.perf_counter()
    asked = [Path(path) for path in paths]
    try:
        (_OTHERS[what] if what in _OTHERS else partial(run, what))(*asked)
        refused = ""
    except InputError as error:
        refused = str(error)
    used = resource.getrusage(resource.RUSAGE_SELF)
    taken = {"seconds": time.perf_counter() - start, "cpu": used.ru_utime + used.ru_stime}
    print(json.dumps(taken | {"memory": used.ru_maxrss / 1e6, "phases": PHASES, "refused": refused}))


_OTHERS: dict[str, Callable[..., None]] = {"keep": keep, "deliver": deliver, "again": again}

if __name__ == "__main__":
    main(*sys.argv[1:])

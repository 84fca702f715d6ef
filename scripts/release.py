"""Write what belongs to a release beside its wheel in `dist`: hashes, and where it is from, signed.

Usage: python scripts/release.py KEY. KEY is the file of the release key (`goodstanding.proof.notes.Signer`), read by
its owner alone; it is made where there is none, and its public half is printed. `dist` has the wheel and the SBOM.
The statement is in-toto's (v1), its predicate SLSA's provenance (v1), and it stands in a signed note (C2SP).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from goodstanding.facts.errors import InputError
from goodstanding.proof import notes
from goodstanding.register.log.keys import read_key

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
NAME = "goodstanding-release"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def statement(products: list[Path]) -> dict[str, Any]:
    """Return what was made, from which commit and locked packages, how and when (UTC)."""
    commit = _git("rev-parse", "HEAD")
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    locks = [ROOT / name for name in ("requirements.txt", "requirements-dev.txt")]
    sources = [{"uri": "git+goodstanding", "digest": {"gitCommit": commit}}]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": path.name, "digest": {"sha256": digest(path)}} for path in products],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "make release",
                "externalParameters": {"version": version("goodstanding")},
                "internalParameters": {"python": platform.python_version(), "machine": platform.machine()},
                "resolvedDependencies": sources
                + [{"uri": path.name, "digest": {"sha256": digest(path)}} for path in locks],
            },
            "runDetails": {"builder": {"id": NAME}, "metadata": {"finishedOn": now}},
        },
    }


def key_of(file: Path) -> notes.Signer:
    """Return the release key, made and kept for its owner alone where there is none yet."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"{notes.Signer.generate(NAME)}\n", "utf-8")
    return read_key(file)


def main(file: Path) -> None:
    """Write `SHA256SUMS` and `provenance.note`, and print the key to check them with."""
    if _git("status", "--porcelain"):
        raise InputError(
            "the checkout has changes that are in no commit: commit them, so that the release can be traced"
        )
    products = sorted([*DIST.glob("*.whl"), DIST / "sbom.json"])
    key = key_of(file)
    (DIST / "SHA256SUMS").write_text("".join(f"{digest(path)}  {path.name}\n" for path in products))
    said = json.dumps(statement(products), indent=1, sort_keys=True)
    (DIST / "provenance.note").write_text(notes.sign(f"{said}\n", key), "utf-8")
    print(f"{len(products)} files of a release, signed; check provenance.note with {key.verifier}")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603, S607


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except InputError as error:
        sys.exit(str(error))

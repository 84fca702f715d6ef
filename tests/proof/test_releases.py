"""Files of a release are those that its maker signed for, or it is said which are not."""

import hashlib
import json

import pytest

from goodstanding.proof import releases
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Signer, sign
from tests.proof.test_cli import goodstanding

KEY = Signer.generate("goodstanding-release")


@pytest.fixture
def dist(tmp_path):
    (tmp_path / "a.whl").write_bytes(b"wheel")
    write(tmp_path, [("a.whl", hashlib.sha256(b"wheel").hexdigest())])
    return tmp_path


def write(folder, files, key=KEY, kind="https://in-toto.io/Statement/v1"):
    subject = [{"name": name, "digest": {"sha256": digest}} for name, digest in files]
    (folder / releases.NOTE).write_text(sign(json.dumps({"_type": kind, "subject": subject}) + "\n", key))


def test_a_release_as_it_was_signed_holds(dist) -> None:
    assert releases.check(dist, [KEY.verifier]) == ["a.whl: as it was released"]
    answer = goodstanding("proof", "release", dist, "--key", KEY.verifier)
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (0, f"{dist}: all of this holds")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: (folder / "a.whl").write_bytes(b"other"), "a.whl: its SHA-256 is"),
        (lambda folder: (folder / "a.whl").unlink(), "a.whl: cannot be read"),
        (lambda folder: write(folder, [("../a.whl", "0")]), "a file outside of its folder"),
        (lambda folder: write(folder, []), "about files"),
        (lambda folder: write(folder, [("a.whl", "0")], kind="x"), "no statement of the form"),
        (lambda folder: write(folder, [], key=Signer.generate("goodstanding-release")), "sign"),
    ],
)
def test_what_is_not_as_it_was_signed_is_named(dist, change, says) -> None:
    change(dist)
    with pytest.raises(ProofError, match=says):
        releases.check(dist, [KEY.verifier])
    answer = goodstanding("proof", "release", dist, "--key", KEY.verifier)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


def test_a_folder_without_a_statement_is_told_so(tmp_path) -> None:
    answer = goodstanding("proof", "release", tmp_path, "--key", KEY.verifier)
    assert (answer.returncode, "cannot be read" in answer.stderr) == (2, True)

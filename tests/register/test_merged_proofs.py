"""The proof of a merged dossier holds the head of each who is one with it, and stays true after merges and splits."""

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.proof import bundles
from goodstanding.proof.errors import ProofError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger import merging
from goodstanding.register.ledger.subjects import asked_for
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.proving.proofs import prove_dossier
from tests.register.conftest import PEOPLE, RECEIVED, row

FIRMS = PEOPLE.filter(pl.col("is_a") == "organisation").to_dicts()
BY = ("A. Jansen", "one firm, two numbers")


@pytest.fixture
def signed(synthetic, file, tmp_path):
    """A register whose first three firms have records, the third merged into the second, and that into the first."""
    deliver(synthetic, "city.tax", file(*(row(one, f"T-{n}") for n, one in enumerate(FIRMS[:3]))), RECEIVED)
    log_keys.make_key(synthetic, tmp_path / "log.key")
    key = log_keys.read_key(tmp_path / "log.key")
    merge(synthetic, 1, 2)
    merge(synthetic, 0, 1)
    sequence.sign(synthetic, key)
    return synthetic, key


def merge(register, kept, merged):
    pair = (asked_for(register, FIRMS[place]["subject"]) for place in (kept, merged))
    return merging.merge(register, *pair, *BY).number


def test_a_bundle_has_the_head_of_each_whoever_is_asked_for(signed) -> None:
    register, key = signed
    for one in FIRMS[:3]:
        proof = bundles.read(prove_dossier(register, one["subject"]).text())
        assert isinstance(proof, bundles.MergedDossierProof)
        assert (proof.identifier, len(proof.dossiers), len(proof.merges)) == (FIRMS[0]["subject"], 3, 2)
        assert all(len(each.items) == 1 for each in proof.dossiers)
        said = bundles.check(proof, [key.verifier])
        assert said[-1].startswith("3 subjects are one by the merges that are leaves")


def test_a_merge_that_is_not_signed_yet_is_not_shown_and_after_a_split_each_is_proved_alone(signed) -> None:
    register, key = signed
    merge(register, 0, 3)
    assert len(prove_dossier(register, FIRMS[0]["subject"]).dossiers) == 3
    assert isinstance(prove_dossier(register, FIRMS[3]["subject"]), bundles.DossierProof)
    first = merging.all_merges(register)[1]
    before = prove_dossier(register, FIRMS[0]["subject"])
    merging.split(register, first.number, *BY)
    sequence.sign(register, key)
    after = prove_dossier(register, FIRMS[1]["subject"])
    assert [one.identifier for one in after.dossiers] == [FIRMS[1]["subject"], FIRMS[2]["subject"]]
    assert bundles.check_grown(before, after).count("with 0 records added") == 2
    with pytest.raises(ProofError, match="two subjects"):
        bundles.check_grown(prove_dossier(register, FIRMS[4]["subject"]), after)


def changed(proof, what):
    """A bundle in which one thing is not as it was proved."""
    parts = {
        "a dossier is left out": {"dossiers": proof.dossiers[:2]},
        "the kept one is not first": {"dossiers": proof.dossiers[::-1]},
        "one stands twice": {"dossiers": (*proof.dossiers[:2], proof.dossiers[1])},
        "a merge is left out": {"merges": proof.merges[:1]},
        "a merge stands twice": {"merges": (proof.merges[0], proof.merges[0])},
        "a merge is another": {
            "merges": (
                proof.merges[0],
                proof.merges[1].model_copy(
                    update={"content": {**proof.merges[1].content, "row": {"kept": "1", "merged": "2"}}}
                ),
            )
        },
    }
    return proof.model_copy(update=parts[what])


@pytest.mark.parametrize(
    "what",
    [
        "a dossier is left out",
        "the kept one is not first",
        "one stands twice",
        "a merge is left out",
        "a merge stands twice",
        "a merge is another",
    ],
)
def test_what_does_not_fit_is_found(signed, what) -> None:
    register, key = signed
    with pytest.raises(ProofError):
        bundles.check(changed(prove_dossier(register, FIRMS[0]["subject"]), what), [key.verifier])


def test_a_bundle_of_one_is_no_document() -> None:
    with pytest.raises(InputError):
        bundles.read('{"goodstanding": "merged-dossier-proof/1", "identifier": "x", "dossiers": [], "merges": []}')

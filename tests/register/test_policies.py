"""Policies: kept with their files, never changed, the newest version in use."""

import pytest
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.policy.reader import policy_from
from goodstanding.register.ledger.policies import load_policy, policies
from goodstanding.register.store import schema


def version(loaded, number, title=b""):
    contents = dict(loaded.contents)
    contents["policy.yaml"] = contents["policy.yaml"].replace(b'version: "1"', b'version: "%d"' % number) + title
    return policy_from(contents, loaded.folder)


def test_a_policy_comes_back_byte_for_byte(synthetic, wendeng) -> None:
    load_policy(synthetic, wendeng)
    kept = policies(synthetic)["cn-wendeng"]
    assert (kept.hash, kept.contents, kept.policy) == (wendeng.hash, wendeng.contents, wendeng.policy)


def test_loading_a_policy_twice_keeps_it_once(synthetic, wendeng) -> None:
    load_policy(synthetic, wendeng)
    load_policy(synthetic, wendeng)
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.policy)).scalar_one() == 1


def test_the_version_that_was_loaded_last_is_in_use(synthetic, food) -> None:
    later = version(food, 2)
    load_policy(synthetic, food)
    load_policy(synthetic, later)
    load_policy(synthetic, food)
    assert policies(synthetic)["uk-food-hygiene"].hash == later.hash


def test_a_version_is_not_loaded_with_other_files(synthetic, food) -> None:
    load_policy(synthetic, food)
    with pytest.raises(InputError, match="version 1 is loaded already, with other files"):
        load_policy(synthetic, version(food, 1, b"\n# changed\n"))
    assert policies(synthetic)["uk-food-hygiene"].hash == food.hash

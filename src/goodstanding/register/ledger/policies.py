"""The policies of a register: their files as they were loaded, never changed; a new version is another policy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from goodstanding.engine.admission import admit_policy
from goodstanding.facts.errors import InputError
from goodstanding.policy.reader import Loaded, policy_from
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

_POLICY = schema.policy.c


def load_policy(register: Register, loaded: Loaded) -> None:
    """Keep a checked policy, its files included; one that is there already is left as it is.

    Raises InputError where the world is real and the policy judges persons, where it reads kinds that this world's
    catalogue has not, or where this version of it is there with other files.
    """
    policy = loaded.policy
    admit_policy(policy, register.world)
    unknown = sorted(policy.kinds - set(register.catalogue.kinds))
    if unknown:
        raise InputError(
            f"policy {policy.id}: reads {unknown[0]}, which the catalogue of the {register.world} world does not have; "
            "expected kinds that goodstanding catalogue lists for it"
        )
    row = {"id": policy.id, "version": policy.version, "hash": loaded.hash, "subjects": list(policy.subjects)}
    contents = {name: content.decode() for name, content in loaded.contents.items()}
    with register.engine.begin() as connection:
        added = insert(schema.policy).values(**row, contents=contents).on_conflict_do_nothing()
        events.happened(
            connection, "policy", [dict(row) for row in connection.execute(added.returning(schema.policy)).mappings()]
        )
        same = sa.select(_POLICY.hash).where(_POLICY.id == policy.id, _POLICY.version == policy.version)
        if connection.execute(same).scalar_one() != loaded.hash:
            raise InputError(
                f"policy {policy.id}: version {policy.version} is loaded already, with other files; "
                "give the changed policy a new version"
            )


def policies(register: Register) -> dict[str, Loaded]:
    """Return the newest version of each policy by id, in order of id; the newest is the one loaded last."""
    newest = sa.select(sa.func.max(_POLICY.number)).group_by(_POLICY.id)
    query = sa.select(_POLICY.id, _POLICY.contents).where(_POLICY.number.in_(newest)).order_by(_POLICY.id)
    with register.engine.connect() as connection:
        return {row.id: kept(row.id, row.contents) for row in connection.execute(query)}


def policy_of(register: Register, policy: str) -> Loaded:
    """Return the newest version of a policy. Raises InputError where no such policy is loaded."""
    known = policies(register)
    if policy not in known:
        there = ", ".join(known) or "none so far"
        raise InputError(f"policy {policy}: is not loaded; found {there}; load it with goodstanding register load")
    return known[policy]


def kept(policy: str, contents: dict[str, str]) -> Loaded:
    """Read a policy from its files as the register keeps them; `policy` is what errors call their folder."""
    return _read(policy, tuple(contents.items()))


@lru_cache(maxsize=64)
def _read(policy: str, contents: tuple[tuple[str, str], ...]) -> Loaded:
    return policy_from({name: content.encode() for name, content in contents}, Path(policy))

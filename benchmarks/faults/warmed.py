"""What a service needs before it can score, made once: services are forked from a process that has imported this."""

from benchmarks.faults.service import POLICY
from goodstanding.engine.compiled.runner import runner
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy
from goodstanding.register.ledger.policies import kept

_FILES = read_policy(shipped("policies") / POLICY).contents
_KEPT = {name: _FILES[name].decode() for name in sorted(_FILES, key=lambda name: (len(name.encode()), name))}
"""In the order in which the database gives them."""
runner(kept(POLICY, _KEPT).policy, catalogue(World.SYNTHETIC))

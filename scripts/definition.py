"""Write what the migrations make, for `goodstanding register verify` to compare a database with.

Usage: python scripts/definition.py, after a migration was added or changed. Founds a register on a PostgreSQL of its
own.
"""

import json
import tempfile
from pathlib import Path

from goodstanding.facts.world import World
from goodstanding.register.founding import found
from goodstanding.register.store import definition, embedded

FILE = Path(definition.__file__).with_suffix(".json")

with tempfile.TemporaryDirectory() as name:
    folder = Path(name) / "postgresql"
    try:
        with found(embedded.start(folder), World.REAL, {}).engine.connect() as connection:
            made = definition.definition(connection)
    finally:
        embedded.stop(folder)
FILE.write_text(json.dumps(dict(sorted(made.items())), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")

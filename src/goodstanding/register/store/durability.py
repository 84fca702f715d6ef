"""Whether the server keeps what it acknowledges: a register that could lose it takes nothing in."""

from __future__ import annotations

import sqlalchemy as sa

from goodstanding.facts.errors import InputError

_WHY = {
    "fsync": "what was acknowledged would be lost with the machine",
    "full_page_writes": "a page that was written by half would not be found again",
    "synchronous_commit": "what was acknowledged would be lost with the server",
}
"""The settings that must not be off, and what would happen."""

_KEEPS = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}
"""The values that keep what is acknowledged."""


def check_durable(engine: sa.Engine) -> list[str]:
    """Return warnings about how a server keeps its data, as the sessions of an engine have it.

    Raises InputError, naming the setting and what set it, where something acknowledged could be lost.
    """
    names = [*_KEEPS, "data_checksums"]
    query = sa.text("SELECT name, setting, source FROM pg_settings WHERE name = ANY (:names)")
    with engine.connect() as connection:
        found = {row.name: row for row in connection.execute(query, {"names": names})}
    for name, keeps in _KEEPS.items():
        row = found[name]
        if row.setting not in keeps:
            raise InputError(
                f"PostgreSQL's setting {name} is {row.setting} (source: {row.source}): {_WHY[name]}; "
                "expected on; set it there, let the server read its settings again, and start again"
            )
    if found["data_checksums"].setting != "on":
        return ["PostgreSQL keeps no data checksums: a page that the disk changed is found late; see pg_checksums"]
    return []

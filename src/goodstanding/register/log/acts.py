"""Single acts, made durable together: whoever comes while others are being written is written with the next ones.

A commit waits for the disk, however little is in it. So one caller commits for all who have come by then; each returns
after the commit that holds its own act. No thread of its own is needed, and a caller who is alone waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from goodstanding.register.log import events
from goodstanding.register.store.database import Register

_AT_ONCE = 2_000
"""So many acts are in one transaction at most."""


@dataclass
class _Act:
    kind: str
    row: Mapping[str, Any]
    woken: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    error: BaseException | None = None


@dataclass
class _Together:
    """Those of one database who wait; whoever leads commits for all of them, and wakes the next to lead."""

    door: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[_Act] = field(default_factory=list)
    led: bool = False

    def add(self, act: _Act, engine: sa.Engine) -> None:
        with self.door:
            self.waiting.append(act)
            follows, self.led = self.led, True
        if follows:
            act.woken.wait()
        if not act.done:
            self._lead(engine)

    def _lead(self, engine: sa.Engine) -> None:
        with self.door:
            acts, self.waiting = self.waiting[:_AT_ONCE], self.waiting[_AT_ONCE:]
        try:
            _together(engine, acts)
        finally:
            with self.door:
                self.led = bool(self.waiting)
                if self.waiting:
                    self.waiting[0].woken.set()
            for act in acts:
                act.done = True
                act.woken.set()


_ALL: WeakKeyDictionary[sa.Engine, _Together] = WeakKeyDictionary()
_MAKING = threading.Lock()


def add(register: Register, kind: str, row: Mapping[str, Any]) -> None:
    """Add a row of a kind of `events.KINDS`, and return when it is durable; from as many threads as there are.

    Raises what the database says of this row, and of no other one; where the line was lost, nobody knows whether the
    row was kept, and the caller must look before it adds it again.
    """
    with _MAKING:
        together = _ALL.setdefault(register.engine, _Together())
    act = _Act(kind, row)
    together.add(act, register.engine)
    if act.error is not None:
        raise act.error


def _together(engine: sa.Engine, acts: Sequence[_Act]) -> None:
    try:
        _write(engine, acts)
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated or len(acts) == 1:  # a commit whose answer was lost may have been made
            for act in acts:
                act.error = error
        else:
            for act in acts:  # one that cannot be written must not keep the others from it
                _alone(engine, act)
    except BaseException as error:
        for act in acts:
            act.error = error
        raise


def _write(engine: sa.Engine, acts: Sequence[_Act]) -> None:
    with engine.begin() as connection:
        for kind, some in groupby(sorted(acts, key=lambda act: act.kind), key=lambda act: act.kind):
            events.add(connection, kind, [act.row for act in some])


def _alone(engine: sa.Engine, act: _Act) -> None:
    try:
        _write(engine, [act])
    except sa.exc.DBAPIError as error:
        act.error = error

"""What the register does by itself: expiry, rescoring, signing, lateness, quality, messages; on many machines at once.

The queue (`procrastinate`, in the same database) only says that something is to be done; a job may run twice, or be
killed half-way. What it does happens once, since each effect is written with its key in the transaction that has it
(`effects`), and each job looks at the register, not at what it was told, to see what is to be done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from psycopg import AsyncConnection, sql

from goodstanding.facts.errors import InputError
from goodstanding.proof.notes import Signer
from goodstanding.register.deliveries.claiming import end_unanswered
from goodstanding.register.deliveries.drawing import draw_samples
from goodstanding.register.deliveries.rereading import let_go
from goodstanding.register.deliveries.reviewing import end_unfound, find
from goodstanding.register.keeping.expiry import expire
from goodstanding.register.keeping.receivers import send_each, tell_changed
from goodstanding.register.ledger.finding import prepare
from goodstanding.register.ledger.lateness import timeliness
from goodstanding.register.ledger.pausing import judge
from goodstanding.register.ledger.policies import policies
from goodstanding.register.ledger.quality import measure
from goodstanding.register.log import effects
from goodstanding.register.log.effects import Receiver
from goodstanding.register.log.sequence import sign
from goodstanding.register.standings.increments import rescore
from goodstanding.register.store.database import Register, place
from goodstanding.register.store.roles import SERVICE

_STALLED = 30.0
"""A worker that says nothing for so many seconds is dead, and its jobs are given to another."""
_KEPT_HOURS = 72
"""Done jobs stay in the queue for so long, for whoever looks what happened."""


@dataclass(frozen=True)
class Duties:
    """What the jobs work with: the register, what signs its log, where its messages go; None: that is not done here.

    `failed` names the jobs that could not be done, and why; each is tried again when it is due next.
    """

    register: Register
    key: Signer | None = None
    receiver: Receiver | None = None
    failed: list[str] = field(default_factory=list)

    def expire(self) -> None:
        """Erase what is past its term."""
        expire(self.register, self.register.today)

    def rescore(self) -> None:
        """Make a run of each policy for whom records, erasures or the day have changed something."""
        for policy in policies(self.register):
            rescore(self.register, policy, self.register.today)

    def find(self) -> None:
        """Look whom rows without a number may be about; end those that nobody could tell in time, and what is over."""
        end_unfound(self.register)
        end_unanswered(self.register)
        let_go(self.register)
        find(self.register)

    def sign(self) -> None:
        """Sign a checkpoint over what happened since the last one."""
        if self.key is not None:
            sign(self.register, self.key)

    def late(self) -> None:
        """Tell of each source whose delivery is overdue, once for each delivery that it did not make.

        What pauses for it is worked out again at once; what it pauses no longer, when it delivers.
        """
        for source, stands in timeliness(self.register, self.register.today).items():
            if stands.late is None:
                continue
            key, message = f"late/{source}/{stands.late}", {"source": source, "since": stands.late.isoformat()}
            with self.register.engine.begin() as connection:
                if effects.once(connection, key):
                    effects.put(connection, key, "late", message | {"paused": list(stands.paused)})
                    connection.execute(_QUEUE)
                    connection.execute(_RESCORE)

    def names(self) -> None:
        """Put the subjects that came into the index by which organisations are looked up, on this machine."""
        prepare(self.register.engine)

    def quality(self) -> None:
        """Draw what people read of links, work out how right links are by that, pause or resume their sources."""
        draw_samples(self.register)
        measure(self.register)
        judge(self.register)

    def send(self) -> None:
        """Tell receivers of what was changed, and send the messages that wait."""
        tell_changed(self.register)
        send_each(self.register)
        if self.receiver is not None:
            effects.send(self.register, self.receiver)


_QUEUE = sa.text("SET LOCAL search_path TO queue")
_RESCORE = sa.text("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'rescore')")
"""As a delivery queues it."""

_JOBS: dict[str, str] = {
    "expire": "7 * * * *",
    "late": "17 * * * *",
    "quality": "37 * * * *",
    "names": "* * * * *",
    "find": "27 * * * *",
    "rescore": "* * * * *",
    "sign": "* * * * *",
    "send": "* * * * *",
}
"""Each job and when it is queued (cron, UTC); expiry every hour, since a worker may be away at midnight."""


def application(dsn: str, duties: Duties) -> App:
    """Return the application whose workers do a register's duties, over the queue in the same database."""
    connector = PsycopgConnector(conninfo=dsn, configure=_as_service, min_size=1, max_size=4)
    app = App(connector=connector, periodic_defaults={"max_delay": 3600})
    for name, cron in _JOBS.items():
        task = app.task(name=name, pass_context=False)(_told(duties, name))
        app.periodic(cron=cron, periodic_id=name, queueing_lock=name)(task)
    _recovery(app)
    return app


def _told(duties: Duties, name: str) -> Callable[..., None]:
    def run(timestamp: int = 0) -> None:
        del timestamp  # what is to be done follows from the register, not from when it was queued
        try:
            getattr(duties, name)()
        except Exception as error:
            duties.failed.append(f"{name}: {error}")
            raise

    return run


def _recovery(app: App) -> None:
    """Give the jobs of dead workers to others, and forget what was done long ago."""

    @app.periodic(cron="* * * * *", periodic_id="recover", queueing_lock="recover")
    @app.task(name="recover")
    async def recover(timestamp: int = 0) -> None:
        del timestamp
        await recovered(app)
        await app.job_manager.delete_old_jobs(nb_hours=_KEPT_HOURS, include_failed=True)


async def recovered(app: App) -> None:
    """Queue the jobs of dead workers again, but for those that are queued again already."""
    await app.job_manager.prune_stalled_workers(_STALLED)
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


async def _as_service(connection: AsyncConnection[Any]) -> None:
    await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(SERVICE)))
    await connection.execute("SET search_path TO queue")
    await connection.execute("SET TIME ZONE 'UTC'")
    await connection.commit()


def work(dsn: str, duties: Duties, *, once: bool = False) -> None:
    """Do what is due, and with `once` end; else go on until the process is told to stop (SIGINT, SIGTERM).

    What is due now is queued at the start: a register whose workers were away catches up at once. Raises InputError
    where a job failed that was to be done once, or the database went away.
    """
    try:
        asyncio.run(_work(application(dsn, duties), once=once))
    except ConnectorException:
        raise InputError(f"{place(dsn)}: the queue was lost; start the database, and the jobs again") from None
    if once and duties.failed:
        raise InputError("not everything could be done: " + "; ".join(duties.failed))


async def _work(app: App, *, once: bool, names: Sequence[str] = tuple(_JOBS)) -> None:
    async with app.open_async():
        await recovered(app)
        for name in names:
            try:
                await app.configure_task(name, queueing_lock=name).defer_async()
            except AlreadyEnqueued:
                continue
        await app.run_worker_async(wait=not once, delete_jobs="never", stalled_worker_timeout=_STALLED)

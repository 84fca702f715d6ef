"""What a register counts, for Prometheus: of deliveries, standings, its log and its jobs, and of nobody in it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from goodstanding.register.ledger import lateness
from goodstanding.register.ledger.pausing import now_paused
from goodstanding.register.ledger.quality import newest
from goodstanding.register.store.database import Register

_DELIVERED = """
    SELECT source, count(*) AS deliveries, sum(accepted) AS accepted, sum(repeated) AS repeated, sum(refused) AS refused
    FROM delivery GROUP BY source"""
_STANDINGS = """
    SELECT DISTINCT ON (policy) policy, outcomes FROM run ORDER BY policy, number DESC"""
_LOG = """
    SELECT (SELECT count(*) FROM waiting) AS waiting,
        (SELECT extract(epoch FROM now() - max(at)) FROM checkpoint) AS age,
        (SELECT max(size) FROM checkpoint) AS size"""
_OVERDUE = """
    SELECT name, count(*) AS messages FROM told JOIN receiver ON receiver.number = told.receiver
    WHERE due < current_date AND NOT EXISTS (SELECT FROM answer WHERE answer.message = told.message) GROUP BY name"""
_HELD = """
    SELECT source, count(*) FROM held
    WHERE NOT EXISTS (SELECT FROM held_decision WHERE held_decision.held = held.number) GROUP BY source"""
_ALARMS = """
    SELECT count(*) FROM same WHERE cardinality(despite) > 0
    AND NOT EXISTS (SELECT FROM alarm_end WHERE alarm_end.same = same.number)"""
_JOBS = "SELECT status::text, count(*) FROM queue.procrastinate_jobs GROUP BY status"


class Figures(Collector):
    """The figures of a register, asked of its database at each scrape."""

    def __init__(self, register: Register) -> None:
        """Keep the register."""
        self._register = register

    def describe(self) -> list[Metric]:
        """Ask nothing of the database before the first scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; where the database does not answer, only that."""
        up = GaugeMetricFamily("goodstanding_database_up", "1 where the register's database answers, else 0.")
        try:
            with self._register.engine.connect() as connection:
                found = [
                    *_delivered(connection),
                    *self._late(),
                    *_quality(connection),
                    *_kept(connection),
                    *_jobs(connection),
                ]
        except sa.exc.SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _late(self) -> Iterator[Metric]:
        late = GaugeMetricFamily(
            "goodstanding_late_source", "1 for a source that is later than it may be.", labels=["source"]
        )
        for source in lateness.late(self._register, self._register.today):
            late.add_metric([source], 1)
        yield late


def _delivered(connection: sa.Connection) -> Iterator[Metric]:
    deliveries = CounterMetricFamily("goodstanding_deliveries", "Deliveries applied.", labels=["source"])
    rows = CounterMetricFamily("goodstanding_rows", "Rows delivered, by outcome.", labels=["source", "outcome"])
    for row in connection.execute(sa.text(_DELIVERED)):
        deliveries.add_metric([row.source], row.deliveries)
        for outcome in ("accepted", "repeated", "refused"):
            rows.add_metric([row.source, outcome], float(getattr(row, outcome)))
    overdue = GaugeMetricFamily(
        "goodstanding_overdue_answers", "Messages that a receiver has not answered in time.", labels=["receiver"]
    )
    for row in connection.execute(sa.text(_OVERDUE)):
        overdue.add_metric([row.name], row.messages)
    held = GaugeMetricFamily(
        "goodstanding_held_deliveries", "Deliveries held back that wait for a person.", labels=["source"]
    )
    for source, count in connection.execute(sa.text(_HELD)):
        held.add_metric([source], count)
    yield from (deliveries, rows, overdue, held)


def _quality(connection: sa.Connection) -> Iterator[Metric]:
    paused = GaugeMetricFamily(
        "goodstanding_paused_source", "1 for a source whose links wait for a person.", labels=["source"]
    )
    for source in now_paused(connection):
        paused.add_metric([source], 1)
    precision = GaugeMetricFamily(
        "goodstanding_link_precision_low", "The lower end of the interval of its links' precision.", labels=["source"]
    )
    for one in newest(connection):
        if one.group is None and one.measure == "precision" and one.figure.low is not None:
            precision.add_metric([one.source], one.figure.low)
    yield from (paused, precision)


def _kept(connection: sa.Connection) -> Iterator[Metric]:
    standings = GaugeMetricFamily(
        "goodstanding_standings", "Standings of the latest run, by outcome.", labels=["policy", "outcome"]
    )
    for policy, outcomes in connection.execute(sa.text(_STANDINGS)):
        for outcome, count in outcomes.items():
            standings.add_metric([policy, outcome], count)
    yield standings
    open_ = connection.execute(sa.text(_ALARMS)).scalar_one()
    told = "Merges made although it was said that their subjects are different, not acknowledged."
    yield GaugeMetricFamily("goodstanding_merge_alarms", told, value=open_)
    row = connection.execute(sa.text(_LOG)).one()
    yield GaugeMetricFamily("goodstanding_waiting_events", "Events that no checkpoint covers yet.", value=row.waiting)
    if row.size is not None:
        yield GaugeMetricFamily("goodstanding_log_size", "Leaves under the newest checkpoint.", value=row.size)
        yield GaugeMetricFamily("goodstanding_checkpoint_age_seconds", "Age of the newest one.", value=float(row.age))


def _jobs(connection: sa.Connection) -> Iterator[Metric]:
    if connection.execute(sa.text("SELECT to_regclass('queue.procrastinate_jobs')")).scalar_one() is None:
        return
    jobs = GaugeMetricFamily("goodstanding_jobs", "Jobs of the queue, by status.", labels=["status"])
    for status, count in connection.execute(sa.text(_JOBS)):
        jobs.add_metric([status], count)
    yield jobs

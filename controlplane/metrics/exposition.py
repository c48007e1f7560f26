"""Figures as Prometheus reads them. Every label is a word of ours: no names of people, agents or tools."""

import platform
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from agents.lifecycle import OPEN, RUN_MOVES, State
from controlplane.metrics import figures, requests
from controlplane.release import VERSION

URGENCIES = ("late", "at_risk", "on_time")
TIERS = range(5)


class Collector:
    """Asks for figures at every scrape. `read` returns them."""

    def __init__(self, read: Callable[[], figures.Figures]):
        self.read = read

    def collect(self) -> Iterator[Metric]:
        """Yield what stands now; nothing but the two gauges of what answers when the database doesn't."""
        found = self.read()
        yield _gauge("countersign_database_up", "1 while the database answers.", found.up)
        yield _gauge(
            "countersign_broker_up", "1 while the broker answers; without it everything runs late.", found.broker
        )
        yield InfoMetricFamily(
            "countersign_build", "What runs.", {"version": VERSION, "python": platform.python_version()}
        )
        if found.up:
            yield from _queue(found)
            yield from _actions(found)
            yield from _runs(found)
            yield from _behind(found)


def _queue(found: figures.Figures) -> Iterator[Metric]:
    waiting = [each for each in found.actions if each.state == State.AWAITING_REVIEW]
    depth = {(each.tier, each.urgency): each.count for each in waiting}
    labels = ("tier", "urgency")
    family = GaugeMetricFamily("countersign_queue_depth", "Actions that wait for people.", labels=labels)
    for tier in TIERS:
        for urgency in URGENCIES:
            family.add_metric((str(tier), urgency), depth.get((tier, urgency), 0))
    yield family
    oldest = max((each.oldest for each in waiting), default=0)
    yield _gauge("countersign_queue_oldest_seconds", "How long the oldest of them has been waiting.", oldest)


def _actions(found: figures.Figures) -> Iterator[Metric]:
    count, oldest = Counter(), dict.fromkeys(OPEN, 0.0)
    for each in found.actions:
        count[each.state] += each.count
        oldest[each.state] = max(oldest[each.state], each.oldest)
    yield _by("countersign_actions", "Actions that haven't ended.", "state", {state: count[state] for state in OPEN})
    yield _by("countersign_actions_oldest_seconds", "The longest one of a state has stood in it.", "state", oldest)
    ended = {state: found.ended.get(state, 0) for state in sorted(set(State) - OPEN)}
    yield _by("countersign_actions_ended_last_hour", "Actions that ended in the last hour.", "state", ended)
    words = {word: found.decisions.get(word, 0) for word in ("approve", "reject")}
    yield _by("countersign_decisions_last_hour", "What people decided in the last hour.", "word", words)


def _runs(found: figures.Figures) -> Iterator[Metric]:
    count = {state: number for state, number, _ in found.runs}
    open_runs = {state: count.get(state, 0) for state in RUN_MOVES}
    yield _by("countersign_runs", "Runs that haven't ended.", "state", open_runs)


def _behind(found: figures.Figures) -> Iterator[Metric]:
    yield _gauge("countersign_clock_lag_seconds", "How long something has been due that no clock looked at.", found.lag)
    late, oldest = found.notices
    yield _gauge("countersign_notices_due", "Messages that should have been sent by now.", late)
    yield _gauge("countersign_notices_oldest_seconds", "How long the oldest of them has been due.", oldest)
    yield _by("countersign_rings_waiting", "Messages in the broker that no worker took yet.", "queue", found.rings)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=float(value))


def _by(name: str, about: str, label: str, values: dict) -> Metric:
    family = GaugeMetricFamily(name, about, labels=(label,))
    for word, value in values.items():
        family.add_metric((str(word),), value)
    return family


requests.REGISTRY.register(Collector(figures.kept.figures))

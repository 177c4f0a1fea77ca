"""Random cohorts about the events in a clinic."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Rule,
    Window,
    WindowSide,
)
from services.patients.records.model import Sex
from tests.services.analytics.omop.cdm import Event

_DAYS = (1, 7, 30, 90, 365, 3653)
_AGES = (0, 18, 20, 50, 64, 65, 80)


def cohorts_of_chance(
    number: int, events: Collection[Event], *, seed: int
) -> Iterator[Cohort]:
    """Yield this many cohorts, the same ones in each run.

    Each asks for events that somebody has had, so that most keep a few patients.
    """
    random = Random(seed)  # noqa: S311 - nothing is secret here
    by_patient: dict[Hashable, list[Event]] = {}
    for event in events:
        by_patient.setdefault(event.patient, []).append(event)
    lives = [life for life in by_patient.values() if len(life) > 1]
    for _ in range(number):
        yield _cohort(random, random.choice(lives))


def _cohort(random: Random, life: Sequence[Event]) -> Cohort:
    return Cohort(
        entry=_event(random, life),
        sexes=random.choice(((), (), (), (Sex.FEMALE,), (Sex.MALE, Sex.OTHER))),
        steps=tuple(_step(random, life) for _ in range(random.choice((1, 1, 2, 3)))),
    )


def _step(random: Random, life: Sequence[Event]) -> tuple[Rule, ...]:
    return tuple(_rule(random, life) for _ in range(random.choice((1, 1, 2, 3))))


def _rule(random: Random, life: Sequence[Event]) -> Rule:
    window = Window(random.choice(_DAYS), random.choice(list(WindowSide)))
    return Rule(
        event=_event(random, life),
        has=random.random() < 0.6,
        times=random.choice((1, 1, 2, 3)),
        within=random.choice((None, window)),
    )


def _event(random: Random, life: Sequence[Event]) -> CohortEvent:
    """Return an event like one of somebody's."""
    example = random.choice(life)
    event = CohortEvent(kind=example.kind)
    words = example.term.split()
    if words and random.random() < 0.6:
        event = replace(event, words=random.choice(words)[:8])
    if example.code and random.random() < 0.3:
        event = replace(event, code=example.code)
    if example.value is not None and random.random() < 0.5:
        event = replace(event, at_least=example.value)
    if random.random() < 0.2:
        lowest = random.choice(_AGES)
        event = replace(event, from_age=lowest, to_age=lowest + random.choice(_AGES))
    if random.random() < 0.2:
        first = example.day - timedelta(random.choice(_DAYS))
        event = replace(event, since=first, until=random.choice((None, example.day)))
    return event

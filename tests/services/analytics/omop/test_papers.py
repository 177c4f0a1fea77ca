"""Cohorts of prescriptions and documents match those that OHDSI's Circe counts.

In a CDM each line of a prescription is a drug exposure, and each document an
observation. Only the clinic has what analysts are not shown: next to each paper are one
that was withdrawn, is confidential or was deleted, and the earlier version of an
amended prescription.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    Window,
    WindowSide,
)
from tests.services.analytics.omop.cdm import Event
from tests.services.analytics.omop.chance import cohorts_of_chance
from tests.services.analytics.omop.clinics import (
    AMENDED,
    UNSEEN,
    WITHDRAWN,
    BothSides,
    both_sides,
    events_of,
)
from tests.services.analytics.omop.edges import has, has_not, ill, on

PAPER, DOCUMENT = EventKind.PRESCRIPTION, EventKind.DOCUMENT
MIGRAINE = ill("2025-05-01", "Migraine")


def who(*events: Event, sex: str = "female") -> tuple[str, str, list[Event]]:
    return sex, "1985-05-02", list(events)


PEOPLE = {
    "two drugs on one paper": who(
        MIGRAINE,
        on("2025-05-02", PAPER, "Ibuprofen 400 mg"),
        on("2025-05-02", PAPER, "Sumatriptan 50 mg"),
    ),
    "a drug on two papers": who(
        MIGRAINE,
        on("2025-05-01", PAPER, "Ibuprofen 400 mg"),
        on("2025-05-31", PAPER, "ibuprofen 600 mg"),
        sex="male",
    ),
    "a drug the day before": who(
        MIGRAINE, on("2025-04-30", PAPER, "Ibuprofen 400 mg"), sex="male"
    ),
    "takes the drug": who(
        MIGRAINE, on("2025-05-02", EventKind.MEDICATION, "Ibuprofen 400 mg")
    ),
    "three papers of a day": who(
        MIGRAINE,
        on("2025-05-03", DOCUMENT, "lab_report"),
        on("2025-05-03", DOCUMENT, "lab_report"),
        on("2025-05-03", DOCUMENT, "imaging"),
    ),
    "a letter 30 days before": who(
        MIGRAINE, on("2025-04-01", DOCUMENT, "referral_letter"), sex="male"
    ),
    "a letter on the day": who(MIGRAINE, on("2025-05-01", DOCUMENT, "referral_letter")),
    "a paper about a drug": who(MIGRAINE, on("2025-05-31", DOCUMENT, "prescription")),
}
ILL = CohortEvent(kind=EventKind.DIAGNOSIS, words="migraine")
PRESCRIBED = CohortEvent(kind=PAPER)
IBUPROFEN = CohortEvent(kind=PAPER, words="ibuprofen")
FILED = CohortEvent(kind=DOCUMENT)
PRESCRIBED_TO = {
    "two drugs on one paper",
    "a drug on two papers",
    "a drug the day before",
}
FILED_OF = {
    "three papers of a day",
    "a letter 30 days before",
    "a letter on the day",
    "a paper about a drug",
}
# Each with the people who remain.
COHORTS: Mapping[str, tuple[Cohort, set[str]]] = {
    "prescribed within days after": (
        Cohort(entry=ILL, steps=((has(PRESCRIBED, within=Window(30)),),)),
        {"two drugs on one paper", "a drug on two papers"},
    ),
    "prescribed no later than a day before the last": (
        Cohort(entry=ILL, steps=((has(IBUPROFEN, within=Window(29)),),)),
        {"two drugs on one paper"},
    ),
    "each line of a paper counts, and each paper": (
        Cohort(entry=ILL, steps=((has(PRESCRIBED, 2),), (has(IBUPROFEN, 2),))),
        {"a drug on two papers"},
    ),
    "taken and not prescribed": (
        Cohort(
            entry=CohortEvent(kind=EventKind.MEDICATION, words="ibuprofen"),
            steps=((has_not(PRESCRIBED),),),
        ),
        {"takes the drug"},
    ),
    "first prescribed at forty, or before the illness": (
        Cohort(
            entry=replace(PRESCRIBED, to_age=40),
            steps=(
                (
                    has(replace(PRESCRIBED, from_age=40)),
                    has(ILL, within=Window(1)),
                ),
            ),
        ),
        PRESCRIBED_TO,
    ),
    "what was amended or withdrawn is prescribed to nobody": (
        Cohort(
            entry=PRESCRIBED,
            steps=(
                (has_not(replace(PRESCRIBED, words=AMENDED)),),
                (has_not(replace(PRESCRIBED, words=WITHDRAWN)),),
            ),
        ),
        PRESCRIBED_TO,
    ),
    "a letter within days before": (
        Cohort(
            entry=ILL,
            steps=(
                (
                    has(
                        replace(FILED, words="referral_letter"),
                        within=Window(30, WindowSide.BEFORE),
                    ),
                ),
            ),
        ),
        {"a letter 30 days before"},
    ),
    "no paper within days after": (
        Cohort(entry=ILL, steps=((has_not(FILED, within=Window(30)),),)),
        set(PEOPLE) - {"three papers of a day", "a paper about a drug"},
    ),
    "two of a type on a day": (
        Cohort(entry=FILED, steps=((has(replace(FILED, words="lab"), 2),),)),
        {"three papers of a day"},
    ),
    "what is confidential or deleted is filed of nobody": (
        Cohort(entry=FILED, steps=((has_not(replace(FILED, words=UNSEEN)),),)),
        FILED_OF,
    ),
}
NAMES = {
    EventKind.DIAGNOSIS: ("Migraine", "Gout"),
    PAPER: ("Ibuprofen 400 mg", "Sumatriptan 50 mg", "Colchicine 500 mcg"),
    DOCUMENT: ("lab_report", "imaging", "referral_letter"),
}


def people_of_chance(number: int) -> dict[str, tuple[str, str, list[Event]]]:
    """Return this many random people with papers in a year or so, always the same."""
    random = Random(18)  # noqa: S311 - nothing is secret here
    people = {}
    for place in range(number):
        events = []
        for _ in range(random.randint(2, 9)):
            kind = random.choice(list(NAMES))
            day = date(2024, 1, 1) + timedelta(random.randint(0, 400))
            events.append(on(day.isoformat(), kind, random.choice(NAMES[kind])))
        events.sort(key=lambda each: each.day)
        sex = random.choice(("female", "male", "other"))
        people[f"somebody {place}"] = who(*events, sex=sex)
    return people


EVERYBODY = PEOPLE | people_of_chance(25)


@pytest.fixture(scope="module")
def both(module_engine) -> Iterator[BothSides]:
    with both_sides(module_engine, EVERYBODY, archived="a letter on the day") as both:
        yield both


@pytest.mark.parametrize("name", COHORTS)
def test_a_cohort_is_the_one_that_circe_counts(both, name):
    cohort, remaining = COHORTS[name]

    circes = both.cdm.count(cohort)

    assert circes.members & PEOPLE.keys() == remaining
    assert both.count(cohort) == circes


def test_cohorts_of_chance_are_those_that_circe_counts(both):
    sizes = []

    for cohort in cohorts_of_chance(8, events_of(EVERYBODY), seed=18):
        circes = both.cdm.count(cohort)
        assert both.count(cohort) == circes, cohort
        sizes.append((circes.attrition[0], circes.attrition[-1]))

    assert any(0 < last < first for first, last in sizes)

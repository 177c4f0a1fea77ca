"""People at the edges of what a cohort says, and cohorts with the people who remain."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
    Window,
    WindowSide,
)
from services.patients.records.model import Sex
from tests.services.analytics.omop.cdm import Event
from tests.services.analytics.omop.clinics import People

DIAGNOSIS, DRUG, VISIT = EventKind.DIAGNOSIS, EventKind.MEDICATION, EventKind.VISIT
# 2024 has a 29th of February within 90 days of this, 2023 has none.
DAYS = {year: date(year, 2, 10) for year in (2023, 2024)}
APART = (-366, -365, -91, -90, -1, 0, 1, 90, 91, 365, 366)


def on(day: str, kind: EventKind, term: str = "", **more) -> Event:
    return Event("", kind, date.fromisoformat(day), term, **more)


def ill(day: str, term: str = "Essential hypertension", **more) -> Event:
    return on(day, DIAGNOSIS, term, **more)


PEOPLE: People = {
    "nothing happened": ("female", "1960-06-15", []),
    **{
        f"seen {days:+} of {year}": (
            ("female", "male")[place % 2],
            "1960-06-15",
            [
                ill(day.isoformat()),
                on((day + timedelta(days)).isoformat(), VISIT, "Cardiology"),
            ],
        )
        for year, day in DAYS.items()
        for place, days in enumerate(APART)
    },
    "gout a day before 65": ("male", "1960-06-15", [ill("2025-06-14", "Gout")]),
    "gout at 65": ("male", "1960-06-15", [ill("2025-06-15", "Gout")]),
    "gout on the last day of 65": ("other", "1960-06-15", [ill("2026-06-14", "Gout")]),
    "gout at 66": ("unknown", "1960-06-15", [ill("2026-06-15", "Gout")]),
    "gout at 64 and at 65": (
        "female",
        "1960-06-15",
        [ill("2024-07-01", "Gout"), ill("2025-07-01", "Gouty arthritis")],
    ),
    "born on New Year's Eve, gout on New Year's Day": (
        "female",
        "1959-12-31",
        [ill("2025-01-01", "Gout")],
    ),
    "leap, a day before 18": ("female", "2000-02-29", [ill("2018-02-28", "Asthma")]),
    "leap, at 18": ("female", "2000-02-29", [ill("2018-03-01", "Asthma")]),
    "leap, a day before 20": ("male", "2000-02-29", [ill("2020-02-28", "Asthma")]),
    "leap, at 20": ("male", "2000-02-29", [ill("2020-02-29", "Asthma")]),
    "before birth": ("male", "2020-06-15", [ill("2020-04-01", "Asthma")]),
    "on the day of birth": ("male", "2020-06-15", [ill("2020-06-15", "Asthma")]),
    "amoxicillin twice in a day": (
        "female",
        "1980-01-01",
        [
            ill("2025-03-01", "Sinusitis", code="36971009"),
            on("2025-03-01", DRUG, "Amoxicillin 250 MG"),
            on("2025-03-04", DRUG, "Amoxicillin 250 MG"),
            on("2025-03-04", DRUG, "Amoxicillin 250 MG"),
        ],
    ),
    "amoxicillin on three days": (
        "female",
        "1980-01-01",
        [
            ill("2025-03-01", "Sinusitis", code="36971009"),
            on("2025-02-20", DRUG, "Amoxicillin 500 MG"),
            on("2025-03-04", DRUG, "amoxicillin 250 MG"),
            on("2025-03-09", DRUG, "Amoxicillin 250 MG"),
        ],
    ),
    "penicillin once": (
        "male",
        "1980-01-01",
        [
            ill("2025-03-01", "Acute sinusitis", code="15805002"),
            on("2025-03-04", DRUG, "Penicillin V 250 MG"),
            on("2019-03-04", EventKind.ALLERGY, "Amoxicillin"),
        ],
    ),
    "sinusitis twice in a day, in the second year": (
        "male",
        "1980-01-01",
        [
            ill("2026-03-01", "Sinusitis", code="36971009"),
            ill("2026-03-01", "Sinusitis", code="36971009"),
        ],
    ),
    "no sinusitis by its words": (
        "male",
        "1980-01-01",
        [ill("2025-03-01", "Pansinusitis", code="36971009")],
    ),
    "Ménière's disease": ("female", "1970-01-01", [ill("2025-01-01", "Ménière's")]),
    "prehypertension": ("female", "1970-01-01", [ill("2025-01-01", "Prehypertension")]),
    **{
        f"pressure {value}": (
            "female",
            "1970-01-01",
            [
                ill("2025-05-01", "Headache"),
                on("2025-05-02", EventKind.VITAL, "Systolic pressure", value=value),
                on("2025-05-02", EventKind.VITAL, "Pulse", value=150),
            ],
        )
        for value in (139.9, 140, 150.25, 160, 160.1)
    },
    "did not come, then cancelled": (
        "male",
        "1970-01-01",
        [
            ill("2025-05-01", "Headache"),
            on("2025-05-03", EventKind.NO_SHOW, "Neurology"),
            on("2025-05-10", EventKind.CANCELLATION, "Neurology"),
        ],
    ),
    "seen elsewhere, and an operation": (
        "male",
        "1970-01-01",
        [
            ill("2025-05-01", "Headache"),
            on("2025-05-01", EventKind.ENCOUNTER, "Emergency"),
            on("2025-05-02", EventKind.PROCEDURE, "Craniotomy", code="25353009"),
            on("2025-05-03", VISIT, "Neurology"),
            on("2025-05-03", VISIT, "Cardiology"),
        ],
    ),
}
HYPERTENSION = CohortEvent(kind=DIAGNOSIS, words="hypertension")
GOUT = CohortEvent(kind=DIAGNOSIS, words="gout")
ASTHMA = CohortEvent(kind=DIAGNOSIS, words="asthma")
SINUSITIS = CohortEvent(kind=DIAGNOSIS, words="sinusitis")
HEADACHE = CohortEvent(kind=DIAGNOSIS, words="headache")
AMOXICILLIN = CohortEvent(kind=DRUG, words="amoxicillin")
SEEN = CohortEvent(kind=VISIT)
PRESSURE = CohortEvent(kind=EventKind.VITAL, words="systolic")
AFTER, BEFORE = Window(90), Window(90, WindowSide.BEFORE)


def has(event: CohortEvent, times: int = 1, within: Window | None = None) -> Rule:
    return Rule(event=event, times=times, within=within)


def has_not(event: CohortEvent, times: int = 1, within: Window | None = None) -> Rule:
    return Rule(event=event, has=False, times=times, within=within)


def seen(*apart: int) -> set[str]:
    return {f"seen {days:+} of {year}" for year in DAYS for days in apart}


def named(part: str) -> set[str]:
    return {name for name in PEOPLE if part in name}


SINUSES = {*named("amoxicillin"), "penicillin once", *named("sinusitis twice")}
# Each with the people who remain.
COHORTS: Mapping[str, tuple[Cohort, set[str]]] = {
    "within days after": (
        Cohort(entry=HYPERTENSION, steps=((has(SEEN, within=AFTER),),)),
        seen(1, 90),
    ),
    "within days before": (
        Cohort(entry=HYPERTENSION, steps=((has(SEEN, within=BEFORE),),)),
        seen(-90, -1),
    ),
    "not within days after": (
        Cohort(entry=HYPERTENSION, steps=((has_not(SEEN, within=AFTER),),)),
        seen(*set(APART) - {1, 90}),
    ),
    "not within days before": (
        Cohort(entry=HYPERTENSION, steps=((has_not(SEEN, within=BEFORE),),)),
        seen(*set(APART) - {-90, -1}),
    ),
    "within a year after, leap or not": (
        Cohort(entry=HYPERTENSION, steps=((has(SEEN, within=Window(365)),),)),
        seen(1, 90, 91, 365),
    ),
    "a year before, or after, of women": (
        Cohort(
            entry=HYPERTENSION,
            sexes=(Sex.FEMALE,),
            steps=(
                (
                    has(SEEN, within=Window(365, WindowSide.BEFORE)),
                    has(SEEN, within=Window(365)),
                ),
            ),
        ),
        seen(-91, -1, 1, 91),
    ),
    "a way in by the other event": (
        Cohort(entry=SEEN, steps=((has(HYPERTENSION, within=AFTER),),)),
        seen(-90, -1),
    ),
    "at any time, between days": (
        Cohort(
            entry=HYPERTENSION,
            steps=(
                (has(replace(SEEN, since=date(2024, 2, 10), until=date(2024, 5, 10))),),
            ),
        ),
        {f"seen {days:+} of 2024" for days in (0, 1, 90)}
        | {"seen +365 of 2023", "seen +366 of 2023"},
    ),
    "at 65 or older": (
        Cohort(entry=replace(GOUT, from_age=65)),
        named("gout") - {"gout a day before 65"},
    ),
    "at 65, no older": (
        Cohort(entry=replace(GOUT, from_age=65, to_age=65)),
        {
            "gout at 65",
            "gout on the last day of 65",
            "gout at 64 and at 65",
            "born on New Year's Eve, gout on New Year's Day",
        },
    ),
    "at 64 or younger": (
        Cohort(entry=replace(GOUT, to_age=64)),
        {"gout a day before 65", "gout at 64 and at 65"},
    ),
    "again at 65": (
        Cohort(
            entry=GOUT, steps=((has(replace(GOUT, from_age=65), within=Window(365)),),)
        ),
        {"gout at 64 and at 65"},
    ),
    "other or of unknown sex": (
        Cohort(entry=GOUT, sexes=(Sex.OTHER, Sex.UNKNOWN)),
        {"gout on the last day of 65", "gout at 66"},
    ),
    "born on a 29th of February, grown up": (
        Cohort(entry=replace(ASTHMA, from_age=18)),
        named("leap") - {"leap, a day before 18"},
    ),
    "born on a 29th of February, below 20": (
        Cohort(entry=replace(ASTHMA, from_age=1, to_age=19)),
        named("leap") - {"leap, at 20"},
    ),
    "from birth on": (
        Cohort(entry=replace(ASTHMA, from_age=0)),
        named("leap") | {"on the day of birth"},
    ),
    "twice on whatever day": (
        Cohort(entry=SINUSITIS, steps=((has(AMOXICILLIN, 3),),)),
        named("amoxicillin"),
    ),
    "twice on a day counts twice": (
        Cohort(entry=SINUSITIS, steps=((has(AMOXICILLIN, 2, AFTER),),)),
        named("amoxicillin"),
    ),
    "not as often as three times": (
        Cohort(entry=SINUSITIS, steps=((has_not(AMOXICILLIN, 3, AFTER),),)),
        SINUSES,
    ),
    "not as often as twice": (
        Cohort(entry=SINUSITIS, steps=((has_not(AMOXICILLIN, 2, AFTER),),)),
        SINUSES - named("amoxicillin"),
    ),
    "a second time on the day of the first is not after it": (
        Cohort(entry=SINUSITIS, steps=((has(SINUSITIS, within=AFTER),),)),
        set(),
    ),
    "twice, the first counts as well": (
        Cohort(entry=SINUSITIS, steps=((has(SINUSITIS, 2),),)),
        named("sinusitis twice"),
    ),
    "words or a code": (
        Cohort(entry=replace(SINUSITIS, code="36971009")),
        SINUSES | {"no sinusitis by its words"},
    ),
    "a code alone, from a day on": (
        Cohort(
            entry=CohortEvent(kind=DIAGNOSIS, code="36971009", since=date(2026, 3, 1))
        ),
        named("sinusitis twice"),
    ),
    "steps of several rules, one after the other": (
        Cohort(
            entry=SINUSITIS,
            steps=(
                (
                    has(AMOXICILLIN),
                    has(CohortEvent(kind=EventKind.ALLERGY, words="amoxicillin")),
                ),
                (
                    has_not(AMOXICILLIN, within=BEFORE),
                    has_not(CohortEvent(kind=DRUG), 2),
                ),
                (has(replace(AMOXICILLIN, words="penicillin")), has(SINUSITIS)),
            ),
        ),
        {"amoxicillin twice in a day", "penicillin once"},
    ),
    "without accents": (
        Cohort(entry=CohortEvent(kind=DIAGNOSIS, words="MENIERE")),
        {"Ménière's disease"},
    ),
    "values with both ends": (
        Cohort(
            entry=HEADACHE,
            steps=((has(replace(PRESSURE, at_least=140, at_most=160)),),),
        ),
        {f"pressure {value}" for value in (140, 150.25, 160)},
    ),
    "never that high": (
        Cohort(entry=HEADACHE, steps=((has_not(replace(PRESSURE, at_least=160)),),)),
        named("pressure 1") - {"pressure 160", "pressure 160.1"}
        | named("did not come")
        | named("seen elsewhere"),
    ),
    "first measured so low": (
        Cohort(entry=replace(PRESSURE, at_most=140)),
        {"pressure 139.9", "pressure 140"},
    ),
    "who did not come": (
        Cohort(
            entry=HEADACHE,
            steps=(
                (has(CohortEvent(kind=EventKind.NO_SHOW), within=AFTER),),
                (has(CohortEvent(kind=EventKind.CANCELLATION), within=AFTER),),
                (has_not(SEEN),),
            ),
        ),
        named("did not come"),
    ),
    "two visits in one day, to whom it was seen elsewhere": (
        Cohort(
            entry=CohortEvent(kind=EventKind.ENCOUNTER),
            steps=(
                (has(SEEN, 2, Window(2)),),
                (has(CohortEvent(kind=EventKind.PROCEDURE), within=Window(1)),),
                (has(replace(SEEN, words="neuro")),),
            ),
        ),
        named("seen elsewhere"),
    ),
    "whom nothing happened to": (
        Cohort(entry=CohortEvent(kind=DIAGNOSIS, words="nothing")),
        set(),
    ),
}

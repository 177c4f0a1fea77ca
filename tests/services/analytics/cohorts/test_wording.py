"""A cohort reads as a sentence."""

from datetime import date

import pytest

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
    WindowSide,
)
from services.analytics.cohorts.model import EntryBounds
from services.analytics.cohorts.wording import describe
from services.patients.records.model import Sex

HYPERTENSION = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension", from_age=51)
SEEN = Rule(event=CohortEvent(kind=EventKind.VISIT), within=Window(90))


@pytest.mark.parametrize(
    ("cohort", "sentence"),
    [
        (
            Cohort(
                entry=HYPERTENSION,
                steps=((SEEN,),),
                split_by=(Dimension.QUARTER, Dimension.SEX),
            ),
            (
                "Patients with a first diagnosis of “hypertension” at age 51 or older, "
                "who had a visit within 90 days after it; by quarter and sex."
            ),
        ),
        (
            Cohort(
                entry=CohortEvent(kind=EventKind.VISIT, since=date(2025, 1, 1)),
                sexes=(Sex.FEMALE,),
                steps=(
                    (
                        Rule(
                            event=CohortEvent(kind=EventKind.ALLERGY, words="nuts"),
                            has=False,
                        ),
                        Rule(
                            event=CohortEvent(kind=EventKind.NO_SHOW),
                            times=2,
                            within=Window(1, WindowSide.BEFORE),
                        ),
                    ),
                ),
            ),
            (
                "Female patients with a first visit since 2025-01-01, who had no "
                "allergy to “nuts” or had at least 2 no-shows within 1 day before it."
            ),
        ),
        (
            Cohort(
                entry=CohortEvent(
                    kind=EventKind.VITAL,
                    words="systolic",
                    at_least=140,
                    at_most=180,
                    to_age=30,
                ),
                steps=(
                    (Rule(event=CohortEvent(kind=EventKind.MEDICATION, code="4")),),
                ),
            ),
            (
                "Patients with a first vital sign of “systolic” with a value of 140 "
                "to 180 at age 30 or younger, who had a medication of code 4."
            ),
        ),
        (
            Cohort(
                entry=CohortEvent(kind=EventKind.DIAGNOSIS, words="asthma"),
                entry_bounds=EntryBounds(
                    from_age=30,
                    to_age=39,
                    since=date(2025, 1, 1),
                    until=date(2025, 3, 31),
                ),
                steps=(
                    (Rule(event=CohortEvent(kind=EventKind.VISIT)),),
                    (Rule(event=CohortEvent(kind=EventKind.NO_SHOW), has=False),),
                    (Rule(event=CohortEvent(kind=EventKind.DOCUMENT)),),
                ),
            ),
            (
                "Patients with a first diagnosis of “asthma”, the first one at age 30 "
                "to 39 from 2025-01-01 to 2025-03-31, who had a visit, and who had no "
                "no-show, and who had a document."
            ),
        ),
    ],
)
def test_a_cohort_is_told_in_a_sentence(cohort, sentence):
    assert describe(cohort) == sentence

"""A cohort's attrition as a table of plain columns."""

from datetime import UTC, datetime

from services.analytics.cohorts import (
    Cohort,
    CohortCount,
    CohortEvent,
    CohortResult,
    EventKind,
    SuppressionReason,
)
from services.analytics.cohorts.results import AttritionStep

VISIT = Cohort(entry=CohortEvent(kind=EventKind.VISIT))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_each_step_is_a_row_and_says_why_its_number_is_empty():
    attrition = (
        AttritionStep("Visit", CohortCount(30)),
        AttritionStep("Another visit", CohortCount(None, SuppressionReason.NEARLY_ALL)),
        AttritionStep("No-show", CohortCount(None, SuppressionReason.FEW)),
    )
    result = CohortResult(VISIT, "Patients with a visit", attrition, (), (), 5, NOW)

    table = result.to_table()

    assert table.columns == {
        "step": int,
        "words": str,
        "patients": int,
        "hidden": str,
    }
    assert table.rows == [
        (1, "Visit", 30, None),
        (2, "Another visit", None, "nearly all"),
        (3, "No-show", None, "few"),
    ]
    assert table.about == {
        "sentence": "Patients with a visit",
        "counted_at": "2026-11-25T12:00:00+00:00",
        "smallest_group": "5",
    }

"""Figures as tables of plain columns."""

from datetime import UTC, datetime

import pytest

from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import (
    Distribution,
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
    table_of,
)

VISIT = Cohort(entry=CohortEvent(kind=EventKind.VISIT))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _result(measure, *cells, by=(Dimension.MONTH, Dimension.AGE_BAND), **more):
    figure = Figure(cohort=VISIT, by=by, measure=measure)
    return FigureResult(figure, "Patients with a visit", cells, 5, NOW, **more)


def test_groups_come_first_and_totals_after_them():
    result = _result(
        FigureMeasure.PATIENTS,
        FigureCell(("2026-10", "30–39"), 12),
        FigureCell(("2026-11", "30–39"), None),
        totals=(FigureCell(("2026-10", ""), 12), FigureCell(("", ""), 30)),
    )

    table = table_of(result)

    assert table.columns == {"month": str, "age_band": str, "patients": int}
    assert table.rows == [
        ("2026-10", "30–39", 12),
        ("2026-11", "30–39", None),
        ("2026-10", None, 12),
        (None, None, 30),
    ]
    assert table.about == {
        "sentence": "Patients with a visit",
        "counted_at": "2026-11-25T12:00:00+00:00",
        "smallest_group": "5",
    }


@pytest.mark.parametrize(
    ("measure", "cell", "columns", "row"),
    [
        (
            FigureMeasure.SHARE,
            FigureCell(("female",), 6, 12),
            ["sex", "entered", "remaining", "share"],
            ("female", 12, 6, 0.5),
        ),
        (
            FigureMeasure.EVENTS,
            FigureCell(("male",), 7),
            ["sex", "events"],
            ("male", 7),
        ),
        (
            FigureMeasure.DISTRIBUTION,
            FigureCell(("male",), 9, distribution=Distribution(41.5, median=40.0)),
            ["sex", "patients", "mean", "p25", "median", "p75", "p90"],
            ("male", 9, 41.5, None, 40.0, None, None),
        ),
        (
            FigureMeasure.DISTRIBUTION,
            FigureCell(("male",), None),
            ["sex", "patients", "mean", "p25", "median", "p75", "p90"],
            ("male", None, None, None, None, None, None),
        ),
    ],
    ids=["share", "events", "ages", "hidden ages"],
)
def test_each_measure_has_columns_of_its_own(measure, cell, columns, row):
    table = table_of(_result(measure, cell, by=(Dimension.SEX,), unit="mmHg"))

    assert (list(table.columns), table.rows) == (columns, [row])
    assert table.about["unit"] == "mmHg"

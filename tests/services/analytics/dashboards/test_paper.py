"""A dashboard on paper says what was told, when, and of whom."""

from datetime import UTC, datetime
from io import BytesIO

import pypdfium2

from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import (
    DashboardDraft,
    DashboardFilter,
    PrintedCard,
    Timespan,
    dashboard_pdf,
)
from services.analytics.figures import (
    Distribution,
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
    Quantity,
)
from services.documents.forms import Clinic

NOW = datetime(2026, 3, 25, 12, 30, tzinfo=UTC)
VISITS = Cohort(entry=CohortEvent(kind=EventKind.VISIT))


def result(measure, *cells, **more):
    figure = Figure(cohort=VISITS, by=(Dimension.SEX,), measure=measure, **more)
    return FigureResult(figure, "", cells, 5, NOW)


def text_of(*cards, timespan=Timespan.ALL):
    made = dashboard_pdf(
        DashboardDraft(name="Monday", description="For the desk"),
        cards,
        DashboardFilter(timespan=timespan),
        clinic=Clinic("Clinic", "1 High Street", ""),
        now=NOW,
    )
    with pypdfium2.PdfDocument(BytesIO(made)) as opened:
        pages = [page.get_textpage().get_text_range() for page in opened]
    return " ".join("\n".join(pages).split())


def test_each_card_is_a_table_with_when_and_of_whom_it_was_counted():
    cells = FigureCell(("female",), 1234), FigureCell(("male",), None)

    said = text_of(
        PrintedCard("Who came", result(FigureMeasure.PATIENTS, *cells)),
        PrintedCard("Ages", None, "These counts are not told."),
        timespan=Timespan.LAST_YEAR,
    )

    for each in (
        "Monday",
        "For the desk",
        "25 March 2026, 12:30, times in UTC",
        "from 2025-01-01 to 2025-12-31",
        "Who came Sex Patients female 1,234 male not told",
        "Patients with a first visit: patients who remain, by sex.",
        "Ages These counts are not told.",
    ):
        assert each in said


def test_shares_and_distributions_have_columns_of_their_own():
    spread = FigureCell(("male",), 30, distribution=Distribution(51.25, None, 50.0))
    said = text_of(
        PrintedCard(
            "Share", result(FigureMeasure.SHARE, FigureCell(("female",), 6, 12))
        ),
        PrintedCard(
            "Age",
            result(FigureMeasure.DISTRIBUTION, spread, quantity=Quantity.AGE),
        ),
    )

    assert "Sex Came in Remain Share female 12 6 50.0%" in said
    assert "male 30 51.2 not told 50.0 not told not told" in said
    assert "all time, all patients" in said

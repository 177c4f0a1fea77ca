"""In which order the groups of a figure are drawn, and under which names."""

from dataclasses import replace
from datetime import date

from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards.printing import PrintedCard
from services.analytics.figures import Figure, FigureCell, FigureMeasure
from services.analytics.figures.drawing import parts_of, ranked
from services.analytics.figures.wording import describe
from tests.services.analytics.dashboards.test_printing import result, text_of


def values_of(measure, *cells, by=(Dimension.WORDS,)):
    """Return the values of a figure's groups in the order in which they are drawn."""
    drawn = ranked(result(measure, *cells, by=by))
    return [cell.values[0] for cell in drawn.cells]


def test_what_most_have_comes_first_and_the_rest_last():
    cells = [
        FigureCell(("Asthma",), 7),
        FigureCell(("Gout",), None),
        FigureCell(("Hypertension",), 30),
        FigureCell(("none",), 50),
        FigureCell(("others",), 40),
    ]

    drawn = values_of(FigureMeasure.EVENTS, *cells)

    assert drawn == ["Hypertension", "Asthma", "Gout", "none", "others"]


def test_what_has_an_order_of_its_own_keeps_it():
    ages = [FigureCell(("0-9",), 7), FigureCell(("10-19",), 30)]
    months = [FigureCell(("2026-01",), 7), FigureCell(("2026-02",), 30)]

    drawn = values_of(FigureMeasure.PATIENTS, *ages, by=(Dimension.AGE_BAND,))
    timed = values_of(FigureMeasure.EVENTS, *months, by=(Dimension.MONTH,))

    assert drawn == ["0-9", "10-19"]
    assert timed == ["2026-01", "2026-02"]


def test_a_card_on_paper_begins_with_what_most_have():
    cells = FigureCell(("Asthma",), 7), FigureCell(("Hypertension",), 30)
    figure = result(FigureMeasure.EVENTS, *cells, by=(Dimension.WORDS,))

    said = text_of(PrintedCard("Diagnoses", figure))

    assert "Hypertension 30 Asthma 7" in said


def test_a_type_of_document_has_its_name_and_a_diagnosis_of_that_text_keeps_its_own():
    cells = (FigureCell(("lab_report",), 7),)
    figure = result(FigureMeasure.EVENTS, *cells, by=(Dimension.WORDS,))
    documents = replace(
        figure.figure, cohort=Cohort(entry=CohortEvent(kind=EventKind.DOCUMENT))
    )

    said = text_of(PrintedCard("Types", replace(figure, figure=documents)))

    assert "Lab report 7" in said
    assert "documents, by type" in said
    assert "visits, by words" in text_of(PrintedCard("Visits", figure))
    assert "Lab_report 7" in text_of(PrintedCard("Visits", figure))


def test_the_days_of_what_is_counted_are_named_once():
    november = {"since": date(2026, 11, 1), "until": date(2026, 11, 30)}
    entry = CohortEvent(kind=EventKind.KEPT_OR_MISSED, **november)
    figure = Figure(
        cohort=Cohort(entry=entry),
        by=(Dimension.SEX,),
        measure=FigureMeasure.PROPORTION,
        numerator=CohortEvent(kind=EventKind.NO_SHOW),
    )

    assert describe(figure) == (
        "Patients with a first kept or missed visit from 2026-11-01 to 2026-11-30: "
        "proportion of such kept or missed visits that are no-shows, by sex."
    )
    assert parts_of(figure) == ("Events: kept or missed visits", "Of these: no-shows")
    any_day = replace(figure, of=CohortEvent(kind=EventKind.VISIT))
    assert ": proportion of visits that are no-shows" in describe(any_day)

"""A dashboard on paper says what was shown, when, and about whom."""

from collections import Counter
from ctypes import c_int, c_uint
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from pypdfium2 import raw

from dashboard.ui.language.papers import wording_in
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import (
    BUILT_IN,
    DashboardDraft,
    DashboardFilter,
    PrintedCard,
    Timespan,
    dashboard_pdf,
)
from services.analytics.dashboards.printed_lists import list_pdf
from services.analytics.figures import (
    Chart,
    Distribution,
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
    Quantity,
)
from services.documents.forms import ENGLISH, Clinic

NOW = datetime(2026, 3, 25, 12, 30, tzinfo=UTC)
VISITS = Cohort(entry=CohortEvent(kind=EventKind.VISIT))


MONTHS = [f"2025-{month:02}" for month in range(1, 7)]
# The margin in points: only the page's number is lower.
FOOT = 68
TEAL, AMBER = (14, 122, 134), (199, 119, 0)


def result(measure, *cells, by=(Dimension.SEX,), **more):
    figure = Figure(cohort=VISITS, by=by, measure=measure, **more)
    return FigureResult(figure, "", cells, 5, NOW)


def text_of(*cards, **more):
    return read(paper_of(*cards, **more))


def read(paper):
    with pypdfium2.PdfDocument(paper) as opened:
        pages = [page.get_textpage().get_text_range() for page in opened]
    return " ".join("\n".join(pages).split())


def paper_of(*cards, timespan=Timespan.ALL, wording=ENGLISH):
    return dashboard_pdf(
        DashboardDraft(name="Monday", description="For the desk"),
        cards,
        DashboardFilter(timespan=timespan),
        clinic=Clinic("Clinic", "1 High Street", ""),
        now=NOW,
        wording=wording,
    )


def colours_of(figure, *, is_filled):
    """Count the shapes on the paper by colour; assert that nothing is a picture."""
    counts = Counter()
    with pypdfium2.PdfDocument(paper_of(PrintedCard("Card", figure))) as opened:
        for page in opened:
            for each in page.get_objects():
                assert each.type != raw.FPDF_PAGEOBJ_IMAGE
                if each.type == raw.FPDF_PAGEOBJ_PATH:
                    counts[_colour_of(each, is_filled=is_filled)] += 1
    return counts


def _colour_of(path, *, is_filled):
    mode, stroked = c_int(), c_int()
    assert raw.FPDFPath_GetDrawMode(path, mode, stroked)
    if bool(mode.value) != is_filled:
        return None
    ask = raw.FPDFPageObj_GetFillColor if is_filled else raw.FPDFPageObj_GetStrokeColor
    red, green, blue, alpha = (c_uint() for _ in range(4))
    assert ask(path, red, green, blue, alpha)
    return red.value, green.value, blue.value


def test_a_pivot_table_has_its_totals_on_paper_as_well():
    by = (Dimension.QUARTER, Dimension.SEX)
    cells = (
        FigureCell(("2025 Q1", "female"), 12),
        FigureCell(("2025 Q1", "male"), 14),
    )
    sums = (
        (("2025 Q1", ""), 26),
        (("", "female"), 12),
        (("", "male"), 14),
        (("", ""), 26),
    )
    shown = result(FigureMeasure.PATIENTS, *cells, by=by, chart=Chart.TABLE)
    totals = tuple(FigureCell(*each) for each in sums)
    card = PrintedCard("Card", replace(shown, totals=totals))

    english, german = text_of(card), text_of(card, wording=wording_in("de", "en"))

    assert "2025 Q1 Total 26 Total Female 12 Total Male 14 Total Total 26" in english
    assert "2025 Q1 Gesamt 26" in german


def test_each_card_is_a_table_with_when_and_of_whom_it_was_counted():
    cells = FigureCell(("female",), 1234), FigureCell(("male",), None)

    said = text_of(
        PrintedCard("Who came", result(FigureMeasure.PATIENTS, *cells)),
        PrintedCard("Ages", None, "These counts are not told."),
        timespan=Timespan.LAST_YEAR,
    )

    for each in (
        "Monday",
        "Description For the desk",
        "25 March 2026, 12:30, times in UTC",
        "from 1 January 2025 to 31 December 2025",
        "Sex Patients Female 1,234 Male suppressed",
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
            "Rate",
            result(
                FigureMeasure.PROPORTION,
                FigureCell(("female",), 6, 24),
                numerator=CohortEvent(kind=EventKind.NO_SHOW),
            ),
        ),
        PrintedCard(
            "Age",
            result(FigureMeasure.DISTRIBUTION, spread, quantity=Quantity.AGE),
        ),
    )

    assert "Sex Entered Remain Share Female 12 6 50.0%" in said
    assert "Sex Events: visits Of these: no-shows Share Female 24 6 25.0%" in said
    assert "Male 30 51.2 suppressed 50.0 suppressed suppressed" in said
    assert "all time, all patients" in said


def test_a_bar_is_drawn_of_each_told_number_and_none_of_others():
    cells = [FigureCell((sex,), 20) for sex in ("female", "male", "other")]
    hidden = FigureCell(("unknown",), None)

    counts = colours_of(result(FigureMeasure.PATIENTS, *cells, hidden), is_filled=True)

    assert counts[TEAL] == 3


def test_series_differ_by_pattern_as_well_as_by_colour():
    cells = [
        FigureCell((words, sex), 20)
        for words in ("Asthma", "Migraine")
        for sex in ("female", "male")
    ]
    by = Dimension.WORDS, Dimension.SEX

    figure = result(FigureMeasure.PATIENTS, *cells, by=by)

    # Two bars and their legend are filled; the others are stripes.
    assert colours_of(figure, is_filled=True)[TEAL] == 3
    assert AMBER not in colours_of(figure, is_filled=True)
    assert colours_of(figure, is_filled=False)[AMBER] > 10


def test_a_line_has_a_gap_where_a_number_is_not_told():
    numbers = [50, 60, None, 70, 80, 90]
    cells = [
        FigureCell((month,), number)
        for month, number in zip(MONTHS, numbers, strict=True)
    ]
    figure = result(FigureMeasure.EVENTS, *cells, by=(Dimension.MONTH,))

    said = text_of(PrintedCard("By month", figure))

    assert "Jan 2025" in said
    assert "2025-01" not in said
    assert "× suppressed" in said
    # Two stretches, and a point for each number.
    assert colours_of(figure, is_filled=False)[TEAL] == 2
    assert colours_of(figure, is_filled=True)[TEAL] == 5


def test_a_heat_map_has_a_cell_of_each_told_number_with_the_number_in_it():
    cells = [
        FigureCell((day, hour), None if (day, hour) == ("monday", "09") else 7)
        for day in ("monday", "tuesday")
        for hour in ("08", "09")
    ]
    by = Dimension.WEEKDAY, Dimension.HOUR
    figure = result(FigureMeasure.EVENTS, *cells, by=by)

    assert colours_of(figure, is_filled=True)[TEAL] == 3
    assert "Monday 7 × Tuesday 7 7 08 09 Darker means more, up to 7" in text_of(
        PrintedCard("When", figure)
    )


def test_boxes_are_drawn_of_what_is_told_of_a_distribution():
    whole = Distribution(50.0, 40.0, 51.0, 60.0, 70.0)
    cells = (
        FigureCell(("female",), 60, distribution=whole),
        FigureCell(("male",), 9, distribution=Distribution(mean=50.0)),
    )
    figure = result(FigureMeasure.DISTRIBUTION, *cells, quantity=Quantity.AGE)

    # A whisker with its end, and the median; quartiles are paler, the means are ink.
    assert colours_of(figure, is_filled=False)[TEAL] == 3
    assert colours_of(figure, is_filled=True)[20, 33, 43] == 2
    assert "Age at the event, in years" in text_of(PrintedCard("Ages", figure))


def test_many_bars_go_on_on_the_next_page():
    cells = [FigureCell((f"Diagnosis {number}",), 20) for number in range(60)]
    figure = result(FigureMeasure.PATIENTS, *cells, by=(Dimension.WORDS,))

    assert colours_of(figure, is_filled=True)[TEAL] == 60


@pytest.mark.parametrize("measure", list(FigureMeasure))
@pytest.mark.parametrize(
    "by",
    [
        (Dimension.MONTH,),
        (Dimension.SEX,),
        (Dimension.MONTH, Dimension.SEX),
        (Dimension.WORDS, Dimension.WEEKDAY),
    ],
    ids=" and ".join,
)
def test_every_figure_can_be_printed(by, measure):
    values = {
        Dimension.MONTH: MONTHS,
        Dimension.SEX: ["female", "male"],
        Dimension.WEEKDAY: ["monday", "tuesday"],
        Dimension.WORDS: [f"Word {number}" for number in range(6)],
    }
    groups = [(each,) for each in values[by[0]]]
    if by[1:]:
        groups = [(*group, other) for group in groups for other in values[by[1]]]
    cells = [FigureCell(group, 0, 0, Distribution(5.0)) for group in groups[1:]]
    quantity = Quantity.AGE if measure is FigureMeasure.DISTRIBUTION else None
    cards = [
        PrintedCard(
            f"As {chart}",
            result(
                measure,
                FigureCell(groups[0], None),
                *cells,
                by=by,
                chart=chart,
                quantity=quantity,
            ),
        )
        for chart in Chart
    ]

    said = text_of(*cards)

    assert said.count("Counted 25 March 2026, 12:30") == len(Chart)


def test_a_card_of_which_nothing_is_told_says_why_in_place_of_a_chart():
    figure = result(FigureMeasure.PATIENTS, FigureCell(("male",), None))

    assert "Every group here has fewer than 5 patients" in text_of(
        PrintedCard("Nobody", figure)
    )


def test_who_cannot_see_a_chart_hears_what_it_is_of():
    figure = result(FigureMeasure.PATIENTS, FigureCell(("male",), 20))

    with pikepdf.open(BytesIO(paper_of(PrintedCard("Men", figure)))) as opened:
        said = [
            str(each.Alt)
            for each in opened.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/Figure"
        ]

    assert said == ["Patients by sex; see the table below it"]


@pytest.mark.parametrize(
    ("wording", "event"),
    [
        (ENGLISH, "since 1 March 2024"),
        (wording_in("de", "en"), "ab 1. März 2024"),
    ],
    ids=["English", "German"],
)
def test_days_are_written_out_and_what_was_typed_is_left_alone(wording, event):
    since = CohortEvent(
        kind=EventKind.DOCUMENT,
        words="2024-02-30 and 2024-03-01",
        since=date(2024, 3, 1),
    )
    figure = Figure(cohort=Cohort(entry=since), by=(Dimension.SEX,))
    figure_result = FigureResult(figure, "", (FigureCell(("male",), 30),), 5, NOW)

    said = text_of(PrintedCard("Men", figure_result), wording=wording).replace(
        "\xa0", " "
    )

    assert event in said
    assert "2024-02-30 and 2024-03-01" in said


def test_a_day_that_was_typed_stays_on_the_paper_of_a_list():
    sentence = "Patients allergic to “2024-03-01”"
    clinic = Clinic("Clinic", "1 High Street", "")

    paper = list_pdf("Women", sentence, (), owner="Ana", clinic=clinic, now=NOW)

    said = read(paper)
    assert sentence in said
    assert "25 March 2026" in said


def test_a_paper_speaks_the_language_of_whoever_it_is_for():
    card = BUILT_IN["visits"].cards[0]
    cells = FigureCell(("monday",), 1234), FigureCell(("tuesday",), None)
    figure = result(FigureMeasure.EVENTS, *cells, by=(Dimension.WEEKDAY,))
    refusal = BUILT_IN["visits"].cards[1].title

    said = text_of(
        PrintedCard(card.title, figure),
        PrintedCard("Visits by month", None, refusal),
        timespan=Timespan.LAST_YEAR,
        wording=wording_in("de", "en"),
    )

    for each in (
        "25. März 2026, 12:30, Zeiten in UTC",
        "vom 1. Januar 2025 bis zum 31. Dezember 2025",
        "Wochentag Ereignisse Montag 1.234 Dienstag nicht genannt",
        "Termine nach Monat",
        # What somebody typed stays as typed.
        "Visits by month",
        "Seite 1 von",
    ):
        assert each in said.replace("\xa0", " ")


@pytest.mark.parametrize("name", ["山田太郎", "김철수"])
def test_a_name_beside_a_bar_is_drawn_as_in_the_table_below(name):
    """In a font that has its letters: the one of the page has only some scripts."""
    cells = FigureCell((name,), 7), FigureCell(("Flu",), 9)

    paper = paper_of(
        PrintedCard(
            "Names", result(FigureMeasure.PATIENTS, *cells, by=(Dimension.WORDS,))
        )
    )

    assert read(paper).count(name) == 2


@pytest.mark.parametrize("series", [15, 22, 31])
def test_bars_of_many_series_and_their_legend_stay_above_the_foot_of_the_page(series):
    cells = [
        FigureCell(
            (f"Along {along}", f"Beside {beside} has a name as long as fits"),
            5 + beside,
        )
        for along in range(3)
        for beside in range(series)
    ]
    by, chart = (Dimension.WORDS, Dimension.SPECIALITY), Chart.BARS
    counted = result(FigureMeasure.PATIENTS, *cells, by=by, chart=chart)

    paper = paper_of(PrintedCard("Many", counted))

    with pypdfium2.PdfDocument(paper) as opened:
        lowest = [
            page.get_textpage().get_charbox(first[0])[1]
            for page in opened
            if (first := page.get_textpage().search(f"Beside {series - 1} ").get_next())
        ]
    assert lowest
    assert min(lowest) > FOOT

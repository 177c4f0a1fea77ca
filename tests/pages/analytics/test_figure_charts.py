"""Charts of figures: times keep their place, and German names their numbers."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.language import ENGLISH, GERMAN
from services.analytics.figures import FigureMeasure
from tests.pages.chart_numbers import opened_tools, tools_of

QUARTERS = ["2025 Q1", "2025 Q2", "2025 Q3", "2025 Q4"]


def page_of_quarters() -> None:
    import streamlit as st

    from dashboard.analytics.figure_charts import draw_figure
    from services.analytics.cohorts import Dimension
    from services.analytics.figures import (
        Chart,
        Distribution,
        FigureCell,
        FigureMeasure,
        Quantity,
    )
    from tests.services.analytics.dashboards.test_printing import result

    measure = st.session_state["measure"]
    is_distribution = measure is FigureMeasure.DISTRIBUTION
    # Of the first two, less is shown than of the last.
    spreads = [Distribution(50.0), None, Distribution(40.0), Distribution(*range(5))]
    cells = [
        FigureCell(
            (f"2025 Q{quarter}",),
            None if spread is None else 20,
            distribution=spread if is_distribution else None,
        )
        for quarter, spread in enumerate(spreads, start=1)
    ]
    figure = result(
        measure,
        *cells,
        by=(Dimension.QUARTER,),
        quantity=Quantity.AGE if is_distribution else None,
        chart=Chart.BARS,
    )
    draw_figure(figure, "Quarters", key="quarters")


def chart_of_quarters(measure: FigureMeasure, language: str = ENGLISH) -> Any:
    """Return the specification of the chart that the page draws."""
    app = AppTest.from_function(page_of_quarters)
    app.session_state["measure"] = measure
    app.session_state["chartroom_language"] = language
    app.run()
    [chart] = app.get("vega_lite_chart")
    return json.loads(chart.proto.spec)


@pytest.mark.parametrize(
    "measure", [FigureMeasure.PATIENTS, FigureMeasure.DISTRIBUTION]
)
def test_times_keep_their_place_where_numbers_are_hidden(measure: FigureMeasure):
    spec = chart_of_quarters(measure)

    for layer in spec.get("layer", [spec]):
        assert layer["encoding"]["x"]["scale"]["domain"] == QUARTERS


@pytest.mark.parametrize(
    "measure", [FigureMeasure.PATIENTS, FigureMeasure.DISTRIBUTION]
)
def test_the_axis_of_numbers_has_few_lines(measure: FigureMeasure):
    spec = chart_of_quarters(measure)

    axes = [layer["encoding"]["y"].get("axis", {}) for layer in spec["layer"]]
    assert {axis["tickCount"] for axis in axes if "tickCount" in axis} == {6}


def test_counts_have_their_thousands_grouped_as_everywhere_else():
    spec = chart_of_quarters(FigureMeasure.PATIENTS)

    assert spec["layer"][0]["encoding"]["y"]["axis"]["format"] == ",d"


@pytest.mark.parametrize("language", [ENGLISH, GERMAN])
def test_boxes_are_drawn_of_columns_whose_names_vega_can_read(language: str):
    """To Vega-Lite, "25. Perzentil" would be a column of a column."""
    spec = chart_of_quarters(FigureMeasure.DISTRIBUTION, language)

    channels = [each for layer in spec["layer"] for each in layer["encoding"].values()]
    fields = {each["field"] for each in channels if "field" in each}
    assert {"p25", "p75", "p90", "median", "mean"} < fields
    assert not any("." in field for field in fields)


def page_of_documents() -> None:
    from dataclasses import replace

    from dashboard.analytics.figure_charts import draw_figure
    from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
    from services.analytics.figures import Chart, FigureCell, FigureMeasure
    from tests.services.analytics.dashboards.test_printing import result

    shown = result(
        FigureMeasure.EVENTS,
        FigureCell(("lab_report", "female"), 7),
        by=(Dimension.WORDS, Dimension.SEX),
        chart=Chart.TABLE,
    )
    documents = Cohort(entry=CohortEvent(kind=EventKind.DOCUMENT))
    figure = replace(shown.figure, cohort=documents)
    draw_figure(replace(shown, figure=figure), "Documents", key="documents")


@pytest.mark.parametrize(
    ("language", "header", "row"),
    [
        (ENGLISH, ["Type", "Female"], ["Lab report", "7"]),
        (GERMAN, ["Art", "Weiblich"], ["Laborbefund", "7"]),
    ],
)
def test_a_pivot_table_of_documents_names_their_types(language, header, row):
    app = AppTest.from_function(page_of_documents, default_timeout=60)
    app.session_state["chartroom_language"] = language
    app.run()

    table = tools_of(app)["Documents"]["table"]
    assert (table["header"], table["rows"]) == (header, [row])


def page_of_rates() -> None:
    from dashboard.analytics.figure_charts import draw_figure
    from services.analytics.cohorts import CohortEvent, Dimension, EventKind
    from services.analytics.figures import FigureCell, FigureMeasure
    from tests.services.analytics.dashboards.test_printing import result

    cells = [FigureCell(("monday",), 6, 24), FigureCell(("tuesday",), None, 20)]
    shown = result(
        FigureMeasure.PROPORTION,
        *cells,
        by=(Dimension.WEEKDAY,),
        numerator=CohortEvent(kind=EventKind.NO_SHOW),
    )
    draw_figure(shown, "Rates", key="rates")


@pytest.mark.parametrize(
    ("language", "header", "rows"),
    [
        (
            ENGLISH,
            ["Weekday", "Events: visits", "Of these: no-shows", "Share"],
            [
                ["Monday", "24", "6", "25.0%"],
                ["Tuesday", "20", "suppressed", "suppressed"],
            ],
        ),
        (
            GERMAN,
            ["Wochentag", "Ereignisse: Termine", "Davon: versäumte Termine", "Anteil"],
            [
                ["Montag", "24", "6", "25,0\xa0%"],
                ["Dienstag", "20", "nicht genannt", "nicht genannt"],
            ],
        ),
    ],
)
def test_a_share_of_events_is_drawn_in_per_cent_with_both_numbers_in_its_table(
    language, header, rows
):
    app = AppTest.from_function(page_of_rates, default_timeout=60)
    app.session_state["chartroom_language"] = language
    app.run()

    assert not app.exception
    table = opened_tools(app)["Rates"]["table"]
    assert (table["header"], table["rows"]) == (header, rows)
    [chart] = app.get("vega_lite_chart")
    bars, _suppressed = json.loads(chart.proto.spec)["layer"]
    assert bars["encoding"]["y"]["axis"]["format"] == "%"


def page_of_suppressed() -> None:
    import streamlit as st

    from dashboard.analytics.figure_charts import draw_figure
    from services.analytics.cohorts import Dimension
    from services.analytics.figures import Chart, FigureCell, FigureMeasure
    from tests.services.analytics.dashboards.test_printing import result

    second = (Dimension.AGE_BAND, ("10", "20"))
    of_days = (Dimension.WEEKDAY, ("monday", "tuesday"))
    along, names = second if st.session_state["along"] == "age" else of_days
    figure = result(
        FigureMeasure.EVENTS,
        *(
            FigureCell((name, sex), None if (name, sex) == (names[1], "male") else 7)
            for name in names
            for sex in ("female", "male")
        ),
        by=(along, Dimension.SEX),
        chart=Chart(st.session_state["chart"]),
    )
    draw_figure(figure, "Visits", key="visits")


@pytest.mark.parametrize(
    ("along", "chart", "mark", "number"),
    [
        ("age", "bars", "suppressed", "x"),
        ("weekday", "bars", "×", "y"),
        ("weekday", "line", "×", "y"),
        ("weekday", "heat map", "×", None),
    ],
)
def test_a_chart_says_where_a_number_is_suppressed(along, chart, mark, number):
    app = AppTest.from_function(page_of_suppressed, default_timeout=60)
    app.session_state["along"] = along
    app.session_state["chart"] = chart
    app.run()

    [drawn] = app.get("vega_lite_chart")
    numbers, suppressed = json.loads(drawn.proto.spec)["layer"]
    assert suppressed["mark"]["text"] == mark
    assert suppressed["transform"] == [{"filter": "datum['Events'] === null"}]
    at = {channel: suppressed["encoding"][channel] for channel in ("x", "y")}
    for channel, place in at.items():
        if channel == number:
            assert place["datum"] == 0
        else:
            assert place["field"] == numbers["encoding"][channel]["field"]
            assert len(place["scale"]["domain"]) == 2


@pytest.mark.parametrize(("theme", "least"), [("light", 1.3), ("dark", 3.0)])
def test_the_lowest_colour_of_a_heat_map_stands_out_from_the_page(theme, least):
    config = tomllib.loads(Path(".streamlit/config.toml").read_text("utf-8"))
    colours = config["theme"][theme]

    page = luminance(colours["backgroundColor"])
    lights = [luminance(colour) for colour in colours["chartSequentialColors"]]

    # Streamlit takes its own colours unless there are ten.
    assert len(lights) == 10
    assert contrast(page, lights[0]) >= least
    further = [contrast(page, each) for each in lights]
    assert further == sorted(further)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(page: float, colour: float) -> float:
    """Return the contrast between two luminances, from 1 to 21."""
    darker, lighter = sorted((page, colour))
    return (lighter + 0.05) / (darker + 0.05)

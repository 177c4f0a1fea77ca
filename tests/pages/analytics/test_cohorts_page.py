"""The page on which analysts count, from the empty state to an answer by quarter."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from db.models.patient import ClinicalEntry
from services.analytics import cohorts, figures
from services.analytics.cohorts import (
    COHORTS,
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
)
from services.analytics.cohorts.model import EntryBounds
from services.analytics.figures import Chart, Figure, FigureMeasure, Quantity
from services.consultations import notes
from services.core.actors import Role
from services.core.weekdays import WEEKDAYS
from services.lists import views
from services.patients.care import care
from services.patients.records.model import Sex
from tests.kit import cast
from tests.pages.chart_numbers import tables, tools_of
from tests.pages.conftest import Clinic, captions, press, problem_places
from tests.services.visits import visit_samples

DIAGNOSED_AT = datetime(2025, 2, 10, 12, tzinfo=UTC)
ENTRY = "cohorts_entry"


@pytest.fixture(scope="module")
def hypertensive(clinic: Clinic) -> None:
    """Diagnose 12 women and 14 men at a visit, of whom 6 and 5 come again in time.

    Six others have something rare: otherwise the 26 would be nearly everybody, and all
    who were diagnosed.
    """
    for number in range(6):
        other = clinic.register(first_name=f"W{number}", date_of_birth=date(1950, 1, 1))
        clinic.write(lambda s, of=other.id, n=number: _add_rarity(s, of, n))
    clinician = clinic.cast[Role.CLINICIAN]
    doctor = clinic.write(lambda s: cast.add_doctor(s, user_id=clinician.id).id)
    number = 0
    for sex, people, come_again in (("female", 12, 6), ("male", 14, 5)):
        for place in range(people):
            number += 1
            _diagnose(clinic, doctor, sex, number, comes_again=place < come_again)


def _add_rarity(session, patient_id, number):
    day = DIAGNOSED_AT.date()
    dated = {"kind": "condition", "started_on": day, "ended_on": day}
    of = {"patient_id": patient_id, "source": "synthea", "source_key": uuid4()}
    session.add(ClinicalEntry(term=f"Rarity {number}", **dated, **of))


def _diagnose(clinic, doctor, sex, number, *, comes_again):
    patient = clinic.register(
        first_name=f"P{number}",
        sex=sex,
        # For patients who are all of one age, nothing about ages is shown.
        date_of_birth=date(1955 - number % 10, 1, 1),
    )
    clinician = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: care.assign(s, clinic.clerk, patient.id, clinician.id))
    at = DIAGNOSED_AT + timedelta(minutes=30 * number)
    first = clinic.write(
        lambda s: visit_samples.visit(s, doctor, patient.id, at, status="completed")
    )
    values = {"diagnoses": "I10 Hypertension"}
    clinic.write(lambda s: notes.save(s, clinician, first, values, number=0))
    if comes_again:
        again = at + timedelta(days=30)
        clinic.write(
            lambda s: visit_samples.visit(
                s, doctor, patient.id, again, status="completed"
            )
        )


def test_before_anything_is_counted_the_page_says_what_to_do(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)

    assert any("Nothing has been counted yet" in each.value for each in app.markdown)


def test_a_cohort_of_a_newer_version_is_not_counted_and_it_is_said_why(clinic: Clinic):
    visits = cohorts.to_json(Cohort(entry=CohortEvent(kind=EventKind.VISIT)))
    kept, analyst = visits | {"blood_group": "0"}, clinic.cast[Role.ANALYST]
    key = clinic.write(lambda s: views.store(s, analyst, kept, subject=COHORTS))

    app = clinic.open("cohorts", Role.ANALYST, list=key)

    [said] = [each.value for each in app.warning]
    assert "saved by a newer version of the app" in said
    assert tables(app) == {}


def test_steps_without_a_number_are_a_table_and_no_chart_without_bars(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("nobody has this")

    press(app, "cohorts_count")

    said = [each.value for each in app.caption]
    assert "No number of patients may be shown; the table says why." in said
    assert [row[1] for row in tables(app)["Attrition"]] == ["fewer than 5"]
    assert not app.get("vega_lite_chart")


def test_how_many_came_again_by_quarter_women_compared_with_men(
    clinic: Clinic, hypertensive
):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.text_input(key=f"{ENTRY}_from_age").set_value("51")
    app.multiselect(key="cohorts_split").set_value([Dimension.QUARTER, Dimension.SEX])
    press(app, "cohorts_add")

    press(app, "cohorts_count")

    said = [each.value for each in app.markdown]
    assert (
        "**Patients with a first diagnosis of “hypertension” at age 51 or older, who "
        "had a visit within 90 days after it: share who remain, by quarter and "
        "sex.**"
    ) in said
    assert [row[1] for row in tables(app)["Attrition"]] == ["26", "11"]
    assert tables(app)["Cohort by quarter and sex"] == [
        ["2025 Q1", "Female", "12", "6", "50.0%"],
        ["2025 Q1", "Male", "14", "5", "35.7%"],
    ]


def _links(app: AppTest) -> list[tuple[str, str]]:
    return [(link.proto.label, link.proto.url) for link in app.get("link_button")]


def _files(kind: str, app: AppTest) -> list[tuple[str, str]]:
    address = f"/api/v1/{kind}/{app.query_params['list']}?format="
    return [
        ("Excel", f"{address}xlsx"),
        ("Parquet", f"{address}parquet"),
        ("JSON", f"{address}json"),
    ]


def test_a_cohort_has_links_to_its_steps_and_a_figure_to_its_groups_as_well(
    clinic: Clinic, hypertensive
):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    press(app, "cohorts_count")
    assert _links(app) == _files("cohorts", app)
    app.multiselect(key="cohorts_split").set_value([Dimension.SEX])

    press(app, "cohorts_count")

    assert _links(app) == [*_files("figures", app), *_files("cohorts", app)]


def test_visits_are_counted_by_weekday_and_hour(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.multiselect(key="cohorts_split").set_value([Dimension.WEEKDAY])
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.EVENTS)
    app.selectbox(key="cohorts_of").set_value(EventKind.VISIT.value)

    press(app, "cohorts_count")

    rows = {row[0]: row[1] for row in tables(app)["Cohort by weekday"]}
    assert list(rows) == list(WEEKDAYS)
    assert rows["Sunday"] == "suppressed"
    # Of 37 visits; beside a small count that is hidden, the count of another day is
    # hidden as well.
    assert sum(int(number) for number in rows.values() if number != "suppressed") == 23


def test_a_share_of_visits_is_counted_and_kept_under_its_address(
    clinic: Clinic, hypertensive
):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.multiselect(key="cohorts_split").set_value([Dimension.YEAR])
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.PROPORTION).run()
    # Of diagnoses, those with a name count.
    assert app.selectbox(key="cohorts_numerator").options == ["Diagnosis"]
    app.selectbox(key="cohorts_of").set_value(EventKind.KEPT_OR_MISSED.value).run()
    which = app.selectbox(key="cohorts_numerator")
    assert (which.value, which.options) == (
        EventKind.NO_SHOW.value,
        # A cancelled visit was neither kept nor missed.
        ["Visit", "No-show", "Kept or missed visit", "Booked visit"],
    )
    app.text_input(key="cohorts_numerator_words").set_value("cardiology")

    press(app, "cohorts_count")

    analyst, figure = clinic.cast[Role.ANALYST], _counted(clinic, app)
    assert figure.of == CohortEvent(kind=EventKind.KEPT_OR_MISSED)
    missed = CohortEvent(kind=EventKind.NO_SHOW, words="cardiology")
    assert figure.numerator == missed
    key = clinic.write(lambda s: figures.remember(s, analyst, figure))
    again = clinic.open("cohorts", Role.ANALYST, list=key)
    assert again.selectbox(key="cohorts_measure").value is FigureMeasure.PROPORTION
    assert again.selectbox(key="cohorts_numerator").value == EventKind.NO_SHOW.value
    assert again.text_input(key="cohorts_numerator_words").value == "cardiology"


def test_a_share_of_visits_is_first_that_of_no_shows(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.VISIT).run()

    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.PROPORTION).run()

    # A visit that was kept was not missed: of visits alone, none would count.
    denominator, numerator = "cohorts_of", "cohorts_numerator"
    assert app.selectbox(key=denominator).value == EventKind.KEPT_OR_MISSED.value
    assert app.selectbox(key=numerator).value == EventKind.NO_SHOW.value

    app.selectbox(key=denominator).set_value(EventKind.VISIT.value).run()
    options = app.selectbox(key=numerator).options
    assert options == ["Visit", "Kept or missed visit", "Booked visit"]


def test_a_share_of_visits_is_suggested_whatever_is_chosen_first(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.PROPORTION).run()

    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.VISIT).run()

    assert app.selectbox(key="cohorts_of").value == EventKind.KEPT_OR_MISSED.value
    app.selectbox(key="cohorts_of").set_value("first").run().run()
    assert app.selectbox(key="cohorts_of").value == "first"


def test_a_share_of_values_is_asked_for_by_a_value(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.VITAL).run()
    app.multiselect(key="cohorts_split").set_value([Dimension.SEX])
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.PROPORTION).run()
    app.selectbox(key="cohorts_of").set_value(EventKind.VITAL.value).run()
    app.text_input(key="cohorts_of_words").set_value("systolic")
    app.text_input(key="cohorts_of_at_least").set_value("60")
    app.text_input(key="cohorts_numerator_words").set_value("systolic")
    app.text_input(key="cohorts_numerator_at_least").set_value("much")
    press(app, "cohorts_count")
    assert problem_places(app) == ["cohorts_numerator_at_least"]
    app.text_input(key="cohorts_numerator_at_least").set_value("139,5")

    press(app, "cohorts_count")

    figure = _counted(clinic, app)
    systolic = CohortEvent(kind=EventKind.VITAL, words="systolic")
    assert figure.of == replace(systolic, at_least=60.0)
    assert figure.numerator == replace(systolic, at_least=139.5)
    assert app.text_input(key="cohorts_numerator_at_least").value == "139.5"
    assert app.text_input(key="cohorts_numerator_at_most").value == ""


def test_ages_have_a_mean_and_percentiles(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.multiselect(key="cohorts_split").set_value([Dimension.YEAR])
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.DISTRIBUTION).run()
    assert app.selectbox(key="cohorts_quantity").value is Quantity.AGE
    assert "Of each patient only the first event counts" in captions(app)
    app.selectbox(key="cohorts_of").set_value(EventKind.VISIT.value).run()
    assert "Of each patient only the first event counts" not in captions(app)
    app.selectbox(key="cohorts_of").set_value("first")

    press(app, "cohorts_count")

    ((year, number, *spread),) = tables(app)["Cohort by year"]
    assert (year, number, len(spread)) == ("2025", "26", 5)
    assert app.selectbox(key="cohorts_measure").value is FigureMeasure.DISTRIBUTION
    # Where the count is small, the chart's tooltips hide the percentiles, too.
    specs = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    (spec,) = (each for each in specs if "transform" in each)
    texts = {each["as"]: each["calculate"] for each in spec["transform"]}
    assert all(words.endswith(': "suppressed"') for words in texts.values())
    for layer in spec["layer"]:
        _year, *tips = layer["encoding"]["tooltip"]
        assert [tip["field"] for tip in tips] == list(texts)


def test_a_pivot_table_has_totals_and_no_chart(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.multiselect(key="cohorts_split").set_value([Dimension.QUARTER, Dimension.SEX])
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.PATIENTS)
    app.selectbox(key="cohorts_chart").set_value(Chart.TABLE)

    press(app, "cohorts_count")

    assert tables(app)["Cohort by quarter and sex"] == [
        ["2025 Q1", "12", "14", "26"],
        ["Total", "12", "14", "26"],
    ]
    # No total has a filter: its name in the table is no button.
    pivot = tools_of(app)["Cohort by quarter and sex"]["table"]
    assert (pivot["choose"], pivot["fixed"]) == ("Show only", ["Total"])
    # The number who remain after each step has the only chart.
    assert len(app.get("vega_lite_chart")) == 1


def test_shares_in_a_pivot_table_have_no_totals(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.multiselect(key="cohorts_split").set_value([Dimension.QUARTER, Dimension.SEX])
    app.selectbox(key="cohorts_chart").set_value(Chart.TABLE)
    press(app, "cohorts_add")

    press(app, "cohorts_count")

    # Open from the beginning.
    pivot = tools_of(app)["Cohort by quarter and sex"]
    assert pivot["is_table"]
    assert pivot["table"]["header"] == ["Quarter", "Female", "Male"]
    assert pivot["table"]["rows"] == [["2025 Q1", "50.0%", "35.7%"]]


def test_a_refused_figure_leaves_the_cohort_on_the_page(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.multiselect(key="cohorts_split").set_value([Dimension.HOUR])

    press(app, "cohorts_count")

    assert "Only visits have an hour" in app.error[0].value
    assert app.text_input(key=f"{ENTRY}_words").value == "hypertension"


def test_the_commonest_words_are_offered_and_a_click_puts_them_in(
    clinic: Clinic, hypertensive
):
    app = clinic.open("cohorts", Role.ANALYST)
    press(app, f"{ENTRY}_commonest")
    assert [b.label for b in app.button if "facet_" in str(b.key)] == [
        "Hypertension · 26"
    ]

    press(app, f"{ENTRY}_facet_0")

    assert app.text_input(key=f"{ENTRY}_words").value == "Hypertension"
    press(app, f"{ENTRY}_commonest")
    assert not [b for b in app.button if "facet_" in str(b.key)]


def test_events_without_a_date_are_said_to_be_missing_among_the_commonest(
    clinic: Clinic,
):
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.ALLERGY).run()

    press(app, f"{ENTRY}_commonest")

    said = " ".join(each.value for each in app.caption)
    assert "may be shown. Whatever has no date is left out." in said


def test_the_commonest_words_are_counted_for_all_analysts_at_once_or_again(
    clinic: Clinic, hypertensive, monkeypatch: pytest.MonkeyPatch
):
    counts, find = [], figures.count_facets
    noted = "services.analytics.figures.count_facets"
    monkeypatch.setattr(noted, lambda *a, **b: counts.append(a) or find(*a, **b))
    app = clinic.open("cohorts", Role.ANALYST)
    press(app, f"{ENTRY}_commonest")
    counts.clear()

    other = clinic.open("cohorts", Role.ANALYST)
    press(other, f"{ENTRY}_commonest")
    assert other.button(key=f"{ENTRY}_facet_0").label == "Hypertension · 26"
    assert counts == []

    press(other, f"{ENTRY}_count_again")
    assert other.button(key=f"{ENTRY}_facet_0").label == "Hypertension · 26"
    assert len(counts) == 1


def test_a_cohort_is_saved_and_opened_again(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_code").set_value("I10")
    press(app, "cohorts_count")
    app.text_input(key="cohorts_name").set_value("High blood pressure")
    app.text_input(key="cohorts_description").set_value("x" * 301)
    press(app, "cohorts_save")
    field = "What it is for (optional) has 301 characters; the limit is 300."
    assert any(field in caption.value for caption in app.caption)
    app.text_input(key="cohorts_description").set_value("")
    press(app, "cohorts_save")

    opened = clinic.open("cohorts", Role.ANALYST)
    [saved] = [b.key for b in opened.button if b.label == "High blood pressure"]
    opened.session_state["cohorts_saved"] = True
    press(opened, saved)

    assert not opened.session_state["cohorts_saved"]
    assert opened.text_input(key=f"{ENTRY}_code").value == "I10"
    assert [row[1] for row in tables(opened)["Attrition"]] == ["26"]


def _save(app: AppTest, name: str) -> None:
    app.text_input(key="cohorts_name").set_value(name)
    press(app, "cohorts_save")


def _open_comparing(app: AppTest) -> None:
    app.session_state["cohorts_comparing"] = True
    app.run()


def test_saved_cohorts_stand_side_by_side(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    for sexes, name in (([Sex.FEMALE], "Women"), ([Sex.MALE], "Men")):
        app.multiselect(key="cohorts_sexes").set_value(sexes)
        press(app, "cohorts_count")
        _save(app, name)

    opened = clinic.open("cohorts", Role.ANALYST)
    _open_comparing(opened)
    keys = opened.multiselect(key="cohorts_compared").options
    assert {"Women", "Men"} <= set(keys)
    opened.multiselect(key="cohorts_compared").select("Women").select("Men").run()
    press(opened, "cohorts_compare")

    assert not opened.session_state["cohorts_comparing"]
    said = [each.value for each in opened.markdown]
    assert any(line.startswith("**A: 12 patients.**") for line in said)
    assert any(line.startswith("**B: 14 patients.**") for line in said)
    assert "A and B: **suppressed**" in said
    ages = tables(opened)["Cohorts by age band"]
    assert [row[:3] for row in ages] == [["A", "70–79", "12"], ["B", "70–79", "14"]]
    assert ages[0][3:] == ["100.0%", "75.8% to 100.0%"]
    assert opened.query_params["compare"]
    chosen = opened.multiselect(key="cohorts_compared")
    assert chosen.value == opened.query_params["compare"].split(",")


# Words and numbers of a chart are those of the clinic.
@pytest.mark.usefixtures("clinic")
def test_ages_stand_in_their_order_if_the_first_cohort_lacks_some():
    def page() -> None:
        from datetime import UTC, datetime

        from dashboard.analytics import cohort_comparison
        from services.analytics.cohorts import ComparedShare, Comparison, Dimension
        from services.analytics.cohorts.comparing import ComparedCohort
        from services.analytics.cohorts.statistics import Interval

        def share(age, number):
            known = (number, 0.5, Interval(0.4, 0.6), None)
            hidden = (None, None, None, None)
            return ComparedShare(
                Dimension.AGE_BAND, age, *(known if number else hidden)
            )

        cohort_comparison.show(
            Comparison(
                (
                    ComparedCohort("", 40, (share("0–9", 0), share("10–19", 20))),
                    ComparedCohort("", 40, (share("0–9", 20), share("10–19", 20))),
                ),
                (),
                5,
                datetime(2026, 11, 30, tzinfo=UTC),
            )
        )

    app = AppTest.from_function(page, default_timeout=60).run()

    [chart] = app.get("vega_lite_chart")
    spec = json.loads(chart.proto.spec)
    for layer in spec["layer"]:
        assert layer["encoding"]["x"]["scale"]["domain"] == ["0–9", "10–19"]
    # The share that may not be shown does not look like zero.
    suppressed = spec["layer"][-1]
    assert suppressed["transform"] == [{"filter": "datum['Share'] === null"}]
    assert suppressed["encoding"]["y"]["datum"] == 0
    with pa.ipc.open_stream(chart.proto.datasets[0].data.data) as stream:
        rows = stream.read_all().to_pylist()
    assert [row["Cohort"] for row in rows if row["Share"] is None] == ["A"]


def test_a_cohort_that_nobody_saved_stays_chosen_once_it_is_compared(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.multiselect(key="cohorts_sexes").set_value([Sex.FEMALE])
    press(app, "cohorts_count")
    _save(app, "Only women")
    app.multiselect(key="cohorts_sexes").set_value([Sex.MALE])
    press(app, "cohorts_count")
    _open_comparing(app)
    choice = app.multiselect(key="cohorts_compared")
    choice.select("Only women").select("The cohort on this page").run()

    press(app, "cohorts_compare")

    chosen = app.multiselect(key="cohorts_compared").value
    assert chosen == app.query_params["compare"].split(",")
    assert len(chosen) == 2
    # Whoever receives the link may exchange one of them.
    compared = app.query_params["compare"]
    link = clinic.open("cohorts", Role.ANALYST, compare=compared)
    _open_comparing(link)
    assert link.multiselect(key="cohorts_compared").value == chosen


def test_a_subtraction_is_refused_in_a_sentence(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    press(app, "cohorts_count")
    assert [row[1] for row in tables(app)["Attrition"]] == ["26"]

    # All but three, whose visits were after midnight.
    app.date_input(key=f"{ENTRY}_until").set_value(DIAGNOSED_AT.date())
    press(app, "cohorts_count")

    assert "would reveal fewer than 5 patients" in app.error[0].value
    assert "answered before: its answer is kept" in app.error[0].value

    app.date_input(key=f"{ENTRY}_until").set_value(None)
    press(app, "cohorts_count")

    assert [row[1] for row in tables(app)["Attrition"]] == ["26"]


def test_few_are_not_told(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.ALLERGY)
    app.text_input(key=f"{ENTRY}_words").set_value("platinum")

    press(app, "cohorts_count")

    assert [row[1] for row in tables(app)["Attrition"]] == ["fewer than 5"]


def test_what_cannot_be_counted_is_said_and_nothing_typed_is_lost(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_from_age").set_value("60")
    app.text_input(key=f"{ENTRY}_to_age").set_value("50")

    press(app, "cohorts_count")

    assert "The lowest age is above the highest one" in app.error[0].value
    assert app.text_input(key=f"{ENTRY}_from_age").value == "60"


def test_a_mean_without_a_split_asks_for_one(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key="cohorts_measure").select(FigureMeasure.DISTRIBUTION).run()

    press(app, "cohorts_count")

    assert "Choose what to split by as well" in app.error[0].value
    assert problem_places(app) == ["cohorts_split"]
    assert "list" not in app.query_params


def test_what_is_no_number_is_said(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_to_age").set_value("old")

    press(app, "cohorts_count")

    assert "Age to must be a number, such as 50." in app.error[0].value


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("to_age", "old", "Age to must be a number, such as 50."),
        ("to_age", "200", "An age must be a number from 0 to 150."),
        ("days", "soon", "Within days must be a number, such as 50."),
        ("days", "1,000", "Within days must be a whole number, such as 50."),
        ("days", "1.000", "Within days must be a whole number, such as 50."),
        ("days", "99999", "Days must be a number from 1 to 36,525."),
        ("times", 101, "How often must be a number from 1 to 100."),
        ("times", None, "At least this often is empty. Type a number."),
    ],
)
def test_a_refusal_stands_at_the_field_of_its_own_rule(
    clinic: Clinic, field: str, typed: str | int | None, said: str
):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    press(app, "cohorts_add")
    press(app, "cohorts_add")
    *_others, rule = [
        each.key.removesuffix("_days")
        for each in app.text_input
        if each.key and each.key.endswith("_days")
    ]

    def typed_into():
        fields = {each.key: each for each in (*app.text_input, *app.number_input)}
        return fields[f"{rule}_{field}"]

    typed_into().set_value(typed)

    press(app, "cohorts_count")

    assert [each.value for each in app.error] == [said]
    assert problem_places(app) == [f"{rule}_{field}"]
    assert typed_into().value == typed
    assert app.text_input(key=f"{ENTRY}_words").value == "hypertension"


def test_an_event_at_any_time_is_neither_before_nor_after(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    press(app, "cohorts_add")
    [days] = [f for f in app.text_input if f.key and f.key.endswith("_days")]
    side = f"{days.key.removesuffix('_days')}_side"
    assert not app.selectbox(key=side).disabled

    days.set_value("").run()

    assert app.selectbox(key=side).disabled


def test_a_period_that_ends_before_it_begins_is_said_at_its_field(clinic: Clinic):
    app = clinic.open("cohorts", Role.ANALYST)
    app.date_input(key=f"{ENTRY}_since").set_value(date(2026, 5, 1))
    app.date_input(key=f"{ENTRY}_until").set_value(date(2026, 4, 1))

    press(app, "cohorts_count")

    assert "The first day is after the last one" in app.error[0].value
    assert problem_places(app) == [f"{ENTRY}_since"]
    assert app.date_input(key=f"{ENTRY}_until").value == date(2026, 4, 1)


def test_events_stay_narrowed_to_a_bar_when_something_else_is_changed(
    clinic: Clinic, hypertensive
):
    analyst = clinic.cast[Role.ANALYST]
    visits = CohortEvent(
        kind=EventKind.VISIT, since=date(2025, 2, 1), until=date(2025, 2, 28)
    )
    narrowed = Figure(
        cohort=Cohort(
            entry=CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension")
        ),
        by=(Dimension.WEEKDAY,),
        measure=FigureMeasure.EVENTS,
        of=visits,
    )

    key = clinic.write(lambda s: figures.remember(s, analyst, narrowed))
    app = clinic.open("cohorts", Role.ANALYST, list=key)
    app.multiselect(key="cohorts_split").set_value([Dimension.SEX])

    press(app, "cohorts_count")

    assert _counted(clinic, app) == replace(narrowed, by=(Dimension.SEX,))
    app.selectbox(key="cohorts_of").set_value(EventKind.NO_SHOW.value)
    press(app, "cohorts_count")
    assert _counted(clinic, app).of == CohortEvent(kind=EventKind.NO_SHOW)


def test_first_events_stay_narrowed_to_a_bar_until_that_is_switched_off(
    clinic: Clinic, hypertensive
):
    analyst = clinic.cast[Role.ANALYST]
    entry = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension")
    narrowed = Figure(
        cohort=Cohort(entry=entry, entry_bounds=EntryBounds(from_age=60, to_age=69)),
        by=(Dimension.SEX,),
    )
    key = clinic.write(lambda s: figures.remember(s, analyst, narrowed))
    app = clinic.open("cohorts", Role.ANALYST, list=key)
    box = app.checkbox(key="cohorts_is_bounded")
    app.multiselect(key="cohorts_split").set_value([Dimension.WEEKDAY])
    press(app, "cohorts_count")

    kept = _counted(clinic, app)
    app.checkbox(key="cohorts_is_bounded").uncheck()
    press(app, "cohorts_count")

    assert box.label == "By the chosen bar: the first one at age 60 to 69"
    assert kept == replace(narrowed, by=(Dimension.WEEKDAY,))
    assert _counted(clinic, app).cohort == Cohort(entry=entry)


def test_another_chart_is_drawn_of_an_answer_that_few_have_changed(
    clinic: Clinic, hypertensive
):
    def varnish(month: int, *names: str) -> None:
        for name in names:
            patient = clinic.register(first_name=name)
            clinic.write(lambda s, of=patient.id: _add_varnish(s, of, month))

    for month in (2, 3):
        varnish(month, *(f"Varnish {month} {number}" for number in range(6)))
    app = clinic.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.PROCEDURE)
    app.text_input(key=f"{ENTRY}_words").set_value("varnish")
    app.multiselect(key="cohorts_split").set_value([Dimension.MONTH])
    press(app, "cohorts_count")
    lines = _marks(app)
    varnish(2, "Late")
    app.selectbox(key="cohorts_chart").set_value(Chart.BARS)

    press(app, "cohorts_count")

    rows = [["Feb 2025", "6"], ["Mar 2025", "6"]]
    assert tables(app)["Cohort by month"] == rows
    assert (lines[-1], _marks(app)[-1]) == ("line", "bar")


def test_a_registration_is_counted_without_words(clinic: Clinic, hypertensive):
    app = clinic.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_words").set_value("hypertension")
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.REGISTRATION).run()
    assert not {f"{ENTRY}_words", f"{ENTRY}_code"} & {f.key for f in app.text_input}

    press(app, "cohorts_count")

    assert [row[0] for row in tables(app)["Attrition"]] == ["1. Registration"]
    assert not app.error


def _counted(clinic: Clinic, app: AppTest) -> Figure | Cohort:
    key = app.query_params["list"]
    [key] = key if isinstance(key, list) else [key]
    analyst = clinic.cast[Role.ANALYST]
    return clinic.write(lambda s: figures.recall(s, analyst, key))


def _marks(app: AppTest) -> list[str | None]:
    specs = (json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart"))
    firsts = (spec.get("layer", [spec])[0] for spec in specs)
    return [first.get("mark", {}).get("type") for first in firsts]


def _add_varnish(session, patient_id, month):
    of = {"patient_id": patient_id, "source": "synthea", "source_key": uuid4()}
    day = date(2025, month, 3)
    session.add(ClinicalEntry(kind="procedure", term="Varnish", started_on=day, **of))

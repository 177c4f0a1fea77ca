"""An analyst draws a cohort's figures and its most frequent terms, in Chromium."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import ClinicalEntry, Patient
from services.analytics import figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import Chart, Figure, FigureMeasure, Quantity
from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser

MONDAY = datetime(2025, 3, 3, 9, tzinfo=UTC)
PEOPLE = 80
VACCINATED = Cohort(
    entry=CohortEvent(kind=EventKind.PROCEDURE, words="hepatitis vaccination")
)


@pytest.fixture(scope="module", autouse=True)
def visits(site: Site) -> None:
    """Eighty of the demo's people were vaccinated and come on weekday mornings."""

    def add(session: Session) -> None:
        in_use = select(Patient.id).where(Patient.deleted_at.is_(None))
        ids = session.scalars(in_use.order_by(Patient.id).limit(PEOPLE)).all()
        doctors = [cast.add_doctor(session).id for _ in range(PEOPLE)]
        for place, patient_id in enumerate(ids):
            day = MONDAY.date() + timedelta(days=80 * (place % 4))
            entry = {"kind": "procedure", "term": "Hepatitis vaccination"}
            of = {"source": "synthea", "source_key": uuid4(), "ended_on": day}
            session.add(
                ClinicalEntry(patient_id=patient_id, started_on=day, **entry, **of)
            )
            for number in range(1 + place % 3):
                at = MONDAY + timedelta(
                    days=7 * number + place % 5, hours=(place // 5 + number) % 4
                )
                visit_samples.visit(
                    session, doctors[place], patient_id, at, status="completed"
                )

    site.write(add)


def address_of(site: Site, figure: Figure) -> str:
    """Return the address of a figure that somebody saves."""
    analyst = cast.act_as_somebody(Role.ANALYST)
    key = site.write(lambda session: figures.remember(session, analyst, figure))
    return f"/cohorts?list={key}"


def assert_fits(page: Page) -> None:
    """Expect that nothing exceeds the width of the screen, on a desk and on a phone."""
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_function(
            "width => document.documentElement.scrollWidth <= width", arg=width
        )


def wait_for_even_labels(page: Page, axis: str) -> None:
    """Wait until an axis' first three labels stand at the same distance.

    They are measured in one look: a chart that follows its column's width is drawn
    several times.
    """
    page.wait_for_function(
        """axis => {
            const group = `g[aria-label^='${axis}-axis'] .role-axis-label text`;
            const middles = [...document.querySelectorAll(group)]
                .slice(0, 3)
                .map(label => label.getBoundingClientRect())
                .map(box => axis == "X" ? box.left + box.right : box.top + box.bottom)
                .map(ends => ends / 2);
            const [first, second, third] = middles;
            return Math.abs(third - 2 * second + first) <= 2;
        }""",
        arg=axis,
    )


def test_visits_of_the_vaccinated_by_weekday_and_hour(site: Site):
    figure = Figure(
        cohort=VACCINATED,
        by=(Dimension.WEEKDAY, Dimension.HOUR),
        measure=FigureMeasure.EVENTS,
        of=CohortEvent(kind=EventKind.VISIT),
    )
    with site.lend(Role.ANALYST) as page:
        page.goto(address_of(site, figure))

        said = page.get_by_text("number of visits, by weekday and hour")
        expect(said).to_be_visible()
        expect(page.get_by_role("heading", name="By weekday and hour")).to_be_visible()
        chart = page.get_by_label("Events by weekday and hour; see the table below it")
        expect(chart.first).to_be_visible()
        assert_fits(page)
        page.set_viewport_size({"width": 1440, "height": 1000})
        ready(page)
        wait_for_even_labels(page, "X")
        wait_for_even_labels(page, "Y")


def test_patients_over_time_are_a_line(site: Site):
    figure = Figure(cohort=VACCINATED, by=(Dimension.QUARTER, Dimension.SEX))
    with site.lend(Role.ANALYST) as page:
        page.goto(address_of(site, figure))

        expect(page.get_by_text("who remain, by quarter and sex")).to_be_visible()
        expect(page.get_by_role("heading", name="By quarter and sex")).to_be_visible()
        chart = page.get_by_label("Patients by quarter and sex; see the table below it")
        expect(chart.first).to_be_visible()


def test_ages_as_boxes_and_patients_as_a_pivot_table_with_totals(site: Site):
    ages = Figure(
        cohort=VACCINATED,
        by=(Dimension.QUARTER,),
        measure=FigureMeasure.DISTRIBUTION,
        quantity=Quantity.AGE,
    )
    pivot = Figure(
        cohort=VACCINATED,
        by=(Dimension.QUARTER, Dimension.SEX),
        totals=True,
        chart=Chart.TABLE,
    )
    with site.lend(Role.ANALYST) as page:
        page.goto(address_of(site, ages))
        boxes = page.get_by_label("Mean and percentiles by quarter; see the table")
        expect(boxes.first).to_be_visible()
        expect(page.get_by_text("Each patient counts once in a group")).to_be_visible()
        assert_fits(page)

        page.set_viewport_size({"width": 1440, "height": 1000})
        page.goto(address_of(site, pivot))
        total = page.get_by_role("columnheader", name="Total")
        expect(total).to_be_visible()
        assert_fits(page)
        # On a phone, too, it has rows and columns.
        cells = page.get_by_role("row").nth(1).get_by_role("cell")
        tops = {round(box["y"]) for each in cells.all() if (box := each.bounding_box())}
        assert len(tops) == 1
        # The table is all there is: no chart, nothing to open, and no picture to save.
        chart = page.get_by_label("Patients by quarter and sex; see the table below it")
        expect(chart).to_have_count(0)
        for tool, number in (("Table", 0), ("PNG", 0), ("CSV", 1)):
            name = f"{tool}: Cohort by quarter and sex"
            expect(page.get_by_role("button", name=name)).to_have_count(number)
        rows = page.get_by_role("button", name="Show only")
        expect(rows.first).to_be_visible()
        expect(rows.filter(has_text="Total")).to_have_count(0)

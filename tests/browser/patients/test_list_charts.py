"""Charts of a list: a bar filters the list, and the numbers can be saved as files."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.kit.waiting import eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def charts(site: Site, page: Page) -> Page:
    """The list of patients with its charts open."""
    add_patient(site, "Greta", unlike())
    page.goto("/patients")
    ready(page).get_by_text("Charts of this list").click()
    # What is below a chart moves once that is drawn, and a press on it is then no
    # click.
    for name in ("age", "sex", "allergies"):
        box = page.locator(f".st-key-patients_chart_{name}_box")
        expect(box.locator(".mark-rect.role-mark path").first).to_be_visible()
        expect(box.get_by_role("button", name="Table: ")).to_be_visible()
    return ready(page)


def test_a_picture_that_is_asked_for_before_the_chart_is_drawn_comes_then(page: Page):
    drawing: list[Route] = []

    def hold(route: Route) -> None:
        drawing.append(route)

    # What draws charts, by its name in Streamlit.
    program = "**/ArrowVegaLiteChart*.js"
    page.route(program, hold)
    page.goto("/patients")
    with page.expect_request(program):
        ready(page).get_by_text("Charts of this list").click()
    picture = page.get_by_role("button", name="PNG: Patients by age", exact=True)
    # By keyboard: a press on something that moves during drawing is no click.
    picture.press("Enter")

    with page.expect_download() as png:
        for request in drawing:
            request.continue_()
    assert png.value.suggested_filename.endswith(".png")


def test_a_chart_scrolls_with_the_page_is_saved_and_its_bars_filter_the_list(
    charts: Page, tmp_path: Path
):
    assert_wheel_scrolls(charts)
    assert_saved(charts, tmp_path)

    # The name of a bar filters too, in the table of its numbers.
    csv = charts.get_by_role("button", name="CSV: Patients by age", exact=True)
    charts.get_by_role("button", name="Table: Patients by age").click()
    numbers = charts.get_by_role("region", name="Patients by age")
    # The table pushes down what is below it, and a press on something moving is no
    # click.
    row = charts.get_by_role("button", name="Show only 90+")
    expect(row).to_be_visible()
    ready(charts)
    before, pressed = numbers.inner_text(), csv.element_handle()
    row.press("Enter")
    expect(charts.get_by_text("aged 90 or older").first).to_be_visible()
    # Buttons below a chart survive its drawing, so that no click is lost.
    expect(numbers).not_to_have_text(before)
    assert pressed.evaluate("button => button.isConnected")

    # The bar itself filters too.
    chart = ready(charts).locator(".st-key-patients_chart_sex_box .stVegaLiteChart")
    chart.locator(".mark-rect.role-mark path").first.click()
    expect(charts.get_by_text("whose sex is").first).to_be_visible()


def test_a_file_that_was_asked_for_in_vain_is_asked_for_once_more(
    site: Site, page: Page
):
    lost: list[bytes] = []

    def lose_first(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            sent = message if isinstance(message, bytes) else message.encode()
            if b'"csv"' in sent and not lost:
                lost.append(sent)
            else:
                server.send(message)

        socket.on_message(pass_on)

    add_patient(site, "Greta", unlike())
    page.route_web_socket("**/_stcore/stream*", lose_first)
    page.goto("/patients")
    ready(page).get_by_text("Charts of this list").click()
    box = page.locator(".st-key-patients_chart_age_box")
    expect(box.locator(".mark-rect.role-mark path").first).to_be_visible()
    with page.expect_download() as csv:
        # By keyboard: a press on something that moves during drawing is no click.
        box.get_by_role("button", name="CSV: ").press("Enter")
        # If this fails, the request for a file is worded differently now.
        eventually(lambda: page.wait_for_timeout(20) or lost)
        # The next drawing has no file, like that of a chart that moves along; before
        # that, the list may be drawn again by itself.
        box.get_by_role("button", name="Table: ").press("Enter")

    assert csv.value.suggested_filename == "patients-by-age.csv"
    expect(box.get_by_text("The numbers are loading.")).to_have_count(0)


def assert_wheel_scrolls(charts: Page) -> None:
    """Expect that the wheel over a chart scrolls the page and leaves its axes alone."""
    chart = charts.locator(".st-key-patients_chart_age_box .stVegaLiteChart")
    labels = chart.locator(".role-axis-label text")
    expect(labels.last).to_be_visible()
    before = labels.all_text_contents()
    assert "90+" in before
    assert len(chart.locator(".mark-text.role-mark text").all()) == 10
    chart.hover()
    place = chart.bounding_box()

    charts.mouse.wheel(0, -300)

    charts.wait_for_function(
        "([chart, before]) => chart.getBoundingClientRect().y !== before",
        arg=[chart.element_handle(), place["y"]],
    )
    assert labels.all_text_contents() == before


def assert_saved(charts: Page, folder: Path) -> None:
    """Expect that the numbers and the picture of a chart are saved as files."""
    with charts.expect_download() as csv:
        # A press on something that moves because of what is above it would be no click.
        charts.get_by_role("button", name="CSV: Patients by age", exact=True).press(
            "Enter"
        )
    csv.value.save_as(folder / "ages.csv")
    assert csv.value.suggested_filename == "patients-by-age.csv"
    lines = (folder / "ages.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == '"Age","Patients"'
    assert len(lines) == 11

    with charts.expect_download() as png:
        charts.get_by_role("button", name="PNG: Patients by age", exact=True).press(
            "Enter"
        )
    png.value.save_as(folder / "ages.png")
    assert (folder / "ages.png").read_bytes().startswith(b"\x89PNG")

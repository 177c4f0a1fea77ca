"""No click is lost that comes while the run which has drawn its page is ending."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, open_from_menu, ready
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.kit.waiting import eventually

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(serve) -> Iterator[Site]:
    """A server of which single runs can be held."""
    with serve(program="tests.kit.held_runs") as site:
        yield site


def open_held(site: Site, page: Page, hold_point: str) -> Callable[[str], None]:
    """Open a patient's page and hold the run that has drawn it.

    Returns a function that waits for one of the run's signs.
    """
    for sign in ("held", "gone", "release"):
        (site.logs / sign).unlink(missing_ok=True)
    record = record_of(add_patient(site, "Ann", unlike()))
    (site.logs / "hold").write_text(hold_point)
    page.goto(record)
    eventually((site.logs / "held").exists)
    return lambda sign: eventually((site.logs / sign).exists) and None


def test_a_button_works_while_the_run_that_has_drawn_it_ends(site: Site, page: Page):
    until = open_held(site, page, "over")

    page.get_by_role("button", name="Edit").click()
    until("gone")

    expect(page.get_by_label("Address")).to_be_visible()


def test_a_table_works_once_the_run_of_the_page_before_has_ended(
    site: Site, page: Page
):
    until = open_held(site, page, "drawn")
    open_from_menu(page, "Patients", "Patients")
    expect(page.get_by_role("heading", level=1)).to_have_text("Patients")
    link = ready(page).locator("main").get_by_role("link", name="Ann").last
    expect(link).to_be_visible()
    (site.logs / "release").touch()
    until("gone")

    link.click()

    expect(page.get_by_role("button", name="Edit")).to_be_visible()

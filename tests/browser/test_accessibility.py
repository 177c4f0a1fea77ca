"""axe-core finds nothing on any page, light and dark, on a desk and on a phone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Locator, Page

from db.postgres import SYSTEM
from services.core.actors import Actor, Role
from services.lists.criteria import Criteria
from services.patients import search
from services.people.accounts import demo_accounts
from tests.browser.conftest import Site, settled
from tests.services.pdf.samples import letter
from tests.services.visits import visit_samples
from tests.services.visits.slot_samples import week_of_slots

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = [
    (Role.STAFF, "/"),
    (Role.STAFF, "/patients"),
    (Role.STAFF, "/register"),
    (Role.STAFF, "/patient?patient={first}"),
    (Role.STAFF, "/edit?patient={first}"),
    (Role.STAFF, "/photo?patient={first}"),
    (Role.STAFF, "/merge?patient={first}&other={second}"),
    (Role.STAFF, "/doctors"),
    (Role.STAFF, "/doctor?doctor={doctor}&patient={first}"),
    (Role.STAFF, "/book?patient={first}"),
    (Role.STAFF, "/visits?patient={first}"),
    (Role.STAFF, "/doctor_plan?doctor={doctor}"),
    (Role.STAFF, "/account"),
    (Role.STAFF, "/desk"),
    (Role.STAFF, "/views"),
    (Role.STAFF, "/documents"),
    (Role.STAFF, "/document?document={paper}"),
    (Role.STAFF, "/compare?document={paper}"),
    (Role.STAFF, "/upload_documents"),
    (Role.STAFF, "/trash"),
    (Role.CLINICIAN, "/break_glass?patient={first}"),
    (Role.CLINICIAN, "/day"),
    (Role.ANALYST, "/"),
    (Role.ANALYST, "/patients"),
    (Role.ADMIN, "/"),
    (Role.ADMIN, "/users"),
    (Role.ADMIN, "/user?user={person}"),
    (Role.ADMIN, "/invite"),
    (Role.ADMIN, "/tokens"),
    (Role.ADMIN, "/new_token"),
    (Role.ADMIN, "/my_tokens"),
    (Role.ADMIN, "/roles"),
    (Role.ADMIN, "/replication"),
    (Role.ADMIN, "/alerts"),
    (Role.ADMIN, "/cluster_history"),
    (Role.ADMIN, "/drills"),
    (Role.ADMIN, "/outbox"),
    (Role.ADMIN, "/statistics"),
    (Role.ADMIN, "/switchover"),
    (Role.ADMIN, "/one_server"),
    (Role.ADMIN, "/steering"),
    (Role.ADMIN, "/break_glass_review"),
    (Role.ADMIN, "/audit?outcome=done"),
    (Role.PATIENT, "/"),
    (Role.PATIENT, "/accesses"),
    (Role.PATIENT, "/doctor?doctor={doctor}"),
    (Role.PATIENT, "/visits"),
    (Role.PATIENT, "/documents"),
    (Role.PATIENT, "/upload_documents"),
]
# All rules that ask for colours; in another scheme nothing else has changed.
COLOURS = ["color-contrast", "link-in-text-block"]
# Each worker of a run looks at one width.
WIDTHS = [
    pytest.param(1440, marks=pytest.mark.xdist_group("accessibility on a desk")),
    pytest.param(390, marks=pytest.mark.xdist_group("accessibility on a phone")),
]
_LOOK = """([type, values]) => axe
    .run({runOnly: {type, values}, resultTypes: ["violations"]})
    .then(found => found.violations)"""
_IS_IN_SCHEME = """scheme => {
    const app = document.querySelector("[data-testid=stApp]")
    return app !== null && getComputedStyle(app).colorScheme === scheme
}"""
_COLOURS = """() => [...document.querySelectorAll("body, body *")].map(element => {
    const style = getComputedStyle(element)
    return [element.tagName, style.color, style.backgroundColor, style.borderTopColor]
})"""
_DARK_AND_NARROW = """@media (prefers-color-scheme: dark) and (max-width: 400px) {
    h1 { color: #222 !important }
}"""


@pytest.fixture(scope="module")
def paper(site: Site) -> str:
    """A document with two versions to look at."""
    with site.visit() as context:
        page = context.pages[0]
        page.goto("/upload_documents")
        hand_over(settled(page), letter("Dose 5 mg"))
        page.get_by_label("Description").wait_for()
        page.get_by_role("button", name="File document").click()
        page.get_by_text("is filed").wait_for()
        page.get_by_role("button", name="To the documents").click()
        page.get_by_role("link", name="letter", exact=True).first.click()
        page.get_by_role("button", name="Replace").click()
        hand_over(page.get_by_role("dialog"), letter("Dose 50 mg"))
        page.get_by_role("button", name="Save as version 2").click()
        page.get_by_text("Version 2 is saved").wait_for()
        return parse_qs(urlsplit(page.url).query)["document"][0]


def hand_over(where: Page | Locator, data: bytes) -> None:
    file = {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": data}
    where.locator("input[type=file]").set_input_files(file)


@pytest.fixture(scope="module")
def doctor(site: Site) -> str:
    """A doctor with times to choose from."""

    def add(session) -> UUID:
        doctor_id = visit_samples.doctor(session)
        week_of_slots(session, doctor_id, datetime.now(UTC).date() + timedelta(days=1))
        return doctor_id

    return str(site.database.write(add, identity=SYSTEM).value)


@pytest.fixture(scope="module")
def patients(site: Site, paper: str, doctor: str) -> dict[str, str]:
    """Two patients to look at, one of them with allergies; a document; a doctor."""
    clerk = Actor(id=next_id(site), name="", role=Role.STAFF)
    page = site.database.write(
        lambda session: search.list_patients(session, clerk, Criteria()),
        identity=SYSTEM,
    ).value
    rows = sorted(page.rows, key=lambda patient: not patient.allergies)
    return {
        "first": str(rows[0].id),
        "second": str(rows[1].id),
        "person": str(clerk.id),
        "paper": paper,
        "doctor": doctor,
    }


def next_id(site: Site):

    return site.database.write(demo_accounts.demo_people, identity=SYSTEM).value[0].id


@pytest.fixture(params=WIDTHS, scope="module")
def width(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def profiles(site: Site, width: int) -> Iterator[dict[Role, BrowserContext]]:
    """Everybody signed in, each in a browser profile of their own."""
    roles = {role for role, _ in PAGES}
    profiles = {role: site.visit(role, width=width) for role in roles}
    yield profiles
    for context in profiles.values():
        context.close()


@pytest.mark.parametrize(("role", "address"), PAGES, ids=str)
def test_a_page_has_no_violation_and_does_not_scroll_sideways(
    profiles: dict[Role, BrowserContext],
    patients: dict[str, str],
    role: Role,
    address: str,
):
    page = profiles[role].pages[0]
    page.goto(address.format(**patients))

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme
        assert fits(page), scheme


def test_open_filters_and_charts_have_no_violation(
    profiles: dict[Role, BrowserContext],
):
    page = profiles[Role.STAFF].pages[0]
    page.goto("/patients")
    settled(page).get_by_text("Filters and order").click()
    page.get_by_role("button", name="Add group").first.click()
    page.get_by_text("Charts of this list").click()
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for()

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme


def test_an_open_dialog_has_no_violation(
    profiles: dict[Role, BrowserContext], patients: dict[str, str]
):
    page = profiles[Role.STAFF].pages[0]
    page.goto("/patient?patient={first}".format(**patients))
    settled(page).get_by_role("button", name="Archive").click()
    page.get_by_role("dialog").wait_for()

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme


def test_a_time_that_is_held_and_then_booked_has_no_violation(
    profiles: dict[Role, BrowserContext], doctor: str
):
    page = profiles[Role.PATIENT].pages[0]
    page.goto(f"/doctor?doctor={doctor}")
    settled(page).get_by_role("button", name=re.compile("^Hold ")).first.click()
    page.get_by_role("timer").first.wait_for()

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme
        assert fits(page), scheme

    page.get_by_role("button", name="Confirm visit").first.click()
    page.get_by_role("link", name="Ticket").wait_for()

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme


@pytest.mark.parametrize("part", ["Versions", "Links", "Who opened it", "Facts"])
def test_the_parts_of_a_document_have_no_violation(
    profiles: dict[Role, BrowserContext], paper: str, part: str
):
    page = profiles[Role.STAFF].pages[0]
    page.goto(f"/document?document={paper}")
    settled(page).get_by_role("tab", name=part).click()

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme


def test_a_refused_form_has_no_violation(profiles: dict[Role, BrowserContext]):
    page = profiles[Role.STAFF].pages[0]
    page.goto("/register")
    settled(page).get_by_role("button", name="Register patient").click()
    page.get_by_text("Nothing was saved").wait_for()

    for scheme in schemes(page):
        assert violations(page, scheme) == [], scheme


@pytest.mark.parametrize("address", ["/register", "/documents", "/account"])
def test_a_page_that_turns_dark_looks_like_one_that_was_opened_in_the_dark(
    profiles: dict[Role, BrowserContext], address: str
):
    page = profiles[Role.STAFF].pages[0]
    page.goto(address)

    seen = {}
    for scheme in schemes(page):
        still(page)
        seen[scheme] = page.evaluate(_COLOURS)
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    still(page)
    opened = page.evaluate(_COLOURS)
    page.emulate_media(color_scheme="light")

    assert seen["dark"] == opened != seen["light"]


def test_what_can_be_read_in_all_looks_but_one_is_found_there(
    profiles: dict[Role, BrowserContext], width: int
):
    page = profiles[Role.STAFF].pages[0]
    page.goto("/register")
    still(page)
    page.add_style_tag(content=_DARK_AND_NARROW)

    violations_by_scheme = {
        scheme: violations(page, scheme) for scheme in schemes(page)
    }

    assert bool(violations_by_scheme["dark"]) == (width < 400)
    assert all(
        "color-contrast" in violation for violation in violations_by_scheme["dark"]
    )
    assert violations_by_scheme["light"] == []


def schemes(page: Page) -> Iterator[str]:
    """Turn the page dark, and light again, as the device of somebody does at night.

    It is not opened anew for either: that takes longer than to look at it.
    """
    settled(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(_IS_IN_SCHEME, arg=scheme)
        yield scheme


def fits(page: Page) -> bool:
    """Whether nothing of the page is beyond the side of the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def still(page: Page) -> None:
    """Wait until the page stands still."""
    settled(page).get_by_role("heading", level=1).first.wait_for()
    # Streamlit dims what it is about to redraw; the colours count when it is done.
    page.wait_for_timeout(300)


def violations(page: Page, scheme: str) -> list[str]:
    """Return what axe objects to, once the page stands still.

    In the dark only its colours are looked at: the rest is the same in the light.
    """
    still(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    rules = ("rule", COLOURS) if scheme == "dark" else ("tag", WCAG)
    violations_found = page.evaluate(_LOOK, rules)
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in violations_found
        for node in violation["nodes"]
    ]

"""axe-core finds nothing on any page, light and dark, on a desk and on a phone."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.core.actors import PUBLIC, Role
from services.lists.criteria import Criteria
from services.patients import search
from services.people import connected_systems
from services.people.connected_systems import SystemKeysTyped
from services.visits import newcomers
from tests.browser.axe import TAGS, problems
from tests.browser.conftest import Site, file_pdf, turn_to
from tests.browser.looks import WIDTHS, assert_fit, resize, schemes, still, violations
from tests.browser.parts import (
    DIALOG,
    TAB,
    assert_part_fits,
    assert_part_fits_in_two_looks,
    show_on_desk,
    show_on_phone,
)
from tests.kit import cast
from tests.kit.backend_services import ec_key, jwks_of
from tests.services.pdf.samples import letter
from tests.services.people.people_samples import desk
from tests.services.visits.newcomers import newcomer_samples
from tests.services.visits.slot_samples import week_of_slots

pytestmark = pytest.mark.browser

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
    (Role.STAFF, "/waiting_list"),
    (Role.STAFF, "/newcomer?newcomer={newcomer}"),
    (Role.STAFF, "/calendar"),
    (Role.STAFF, "/views"),
    (Role.STAFF, "/documents"),
    (Role.STAFF, "/document?document={paper}"),
    (Role.STAFF, "/compare?document={paper}"),
    (Role.STAFF, "/upload_documents"),
    (Role.STAFF, "/trash"),
    (Role.CLINICIAN, "/inbox"),
    (Role.CLINICIAN, "/break_glass?patient={first}"),
    (Role.CLINICIAN, "/day"),
    (Role.ANALYST, "/"),
    (Role.ANALYST, "/patients"),
    (Role.ANALYST, "/cohorts"),
    (Role.ANALYST, "/sql"),
    (Role.ANALYST, "/dashboards"),
    (Role.ADMIN, "/"),
    (Role.ADMIN, "/users"),
    (Role.ADMIN, "/user?user={person}"),
    (Role.ADMIN, "/invite"),
    (Role.ADMIN, "/tokens"),
    (Role.ADMIN, "/new_token"),
    (Role.ADMIN, "/systems"),
    (Role.ADMIN, "/new_system"),
    (Role.ADMIN, "/new_app"),
    (Role.ADMIN, "/system?system={system}"),
    (Role.ADMIN, "/my_tokens"),
    (Role.ADMIN, "/roles"),
    (Role.ADMIN, "/replication"),
    (Role.ADMIN, "/alerts"),
    (Role.ADMIN, "/cluster_history"),
    (Role.ADMIN, "/drills"),
    (Role.ADMIN, "/backups"),
    (Role.ADMIN, "/availability"),
    (Role.ADMIN, "/slow_queries"),
    (Role.ADMIN, "/vacuum"),
    (Role.ADMIN, "/outbox"),
    (Role.ADMIN, "/statistics"),
    (Role.ADMIN, "/switchover"),
    (Role.ADMIN, "/one_server"),
    (Role.ADMIN, "/steering"),
    (Role.ADMIN, "/break_glass_review"),
    (Role.ADMIN, "/fields"),
    (Role.ADMIN, "/audit?outcome=done"),
    (Role.PATIENT, "/"),
    (Role.PATIENT, "/accesses"),
    (Role.PATIENT, "/my_contact"),
    (Role.PATIENT, "/notifications"),
    (Role.PATIENT, "/doctor?doctor={doctor}"),
    (Role.PATIENT, "/visits"),
    (Role.PATIENT, "/documents"),
    (Role.PATIENT, "/upload_documents"),
    (Role.PATIENT, "/create_document"),
]
# Two workers of a run share these pages.
_STAFF = pytest.mark.xdist_group("accessibility in a browser, staff")
_OTHERS = pytest.mark.xdist_group("accessibility in a browser, others")
_MARKS = {Role.STAFF: _STAFF, Role.CLINICIAN: _STAFF}
_APPEARANCE = """() => [...document.querySelectorAll("body, body *")].map(element => {
    const style = getComputedStyle(element)
    const {x, width} = element.getBoundingClientRect()
    const colours = [style.color, style.backgroundColor, style.borderTopColor]
    return [element.tagName, ...colours, Math.round(x), Math.round(width)]
})"""
_CUT_OFF = """all => all.filter(one => {
    const around = one.getBoundingClientRect()
    const words = one.querySelector("p").getBoundingClientRect()
    return words.top < around.top || words.bottom > around.bottom
}).map(one => one.textContent)"""
# Of the choices that the system's own highlight marks, whether they are chosen.
_HIGHLIGHTED = """all => {
    const probe = document.createElement("i")
    probe.style = "background: Highlight; forced-color-adjust: none"
    document.body.append(probe)
    const colour = (one) => getComputedStyle(one).backgroundColor
    const marked = all.filter((one) => colour(one) === colour(probe))
    probe.remove()
    return marked.map((one) => one.ariaChecked)
}"""
_DARK_AND_NARROW = """@media (prefers-color-scheme: dark) and (max-width: 400px) {
    h1 { color: #222 !important }
}"""
_HARD_TO_READ = """<html lang="en"><title>Colours</title>
<body style="background: #111">
<main>
    <h1 style="color: #eee">Colours</h1>
    <p style="color: #333">dark on dark</p>
    <p style="background: rgb(200 200 200 / 0.5)">
        <a href="/" style="color: #888">on what shines through</a>
    </p>
</main>"""


@pytest.fixture(scope="module")
def paper(site: Site) -> str:
    """A document with two versions to look at."""
    with site.lend() as page:
        file = {"name": "letter.pdf", "mimeType": "application/pdf"}
        file_pdf(page, {**file, "buffer": letter("Dose 5 mg")})
        page.get_by_role("button", name="To the documents").click()
        page.get_by_role("link", name="letter", exact=True).first.click()
        page.get_by_role("button", name="Replace").click()
        chooser = page.get_by_role("dialog").locator("input[type=file]")
        chooser.set_input_files({**file, "buffer": letter("Dose 50 mg")})
        page.get_by_role("button", name="Save as version 2").click()
        page.get_by_text("Version 2 is saved").wait_for()
        return parse_qs(urlsplit(page.url).query)["document"][0]


@pytest.fixture(scope="module")
def doctor(site: Site) -> str:
    """A doctor with times to choose from."""

    def add(session) -> UUID:
        doctor_id = cast.add_doctor(session).id
        # Earlier than any visit of the demo.
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        week_of_slots(session, doctor_id, tomorrow, hours=(4, 8))
        return doctor_id

    return str(site.write(add))


@pytest.fixture(scope="module")
def newcomer(site: Site, doctor: str) -> str:
    """Somebody who has booked and is not registered yet."""

    def book(session) -> UUID:
        (slot, *_) = newcomers.list_free(session, PUBLIC, UUID(doctor), limit=1)
        return newcomer_samples.book(session, slot.id).id

    return str(site.write(book))


@pytest.fixture(scope="module")
def system(site: Site) -> str:
    """A connected system that was refused."""

    def register(session) -> UUID:
        boss = desk(session)
        system_id = connected_systems.register(
            session,
            boss.actor,
            name="Regional record",
            role=Role.STAFF,
            system_keys=SystemKeysTyped(jwks=jwks_of(ec_key())),
            resource_types=["Patient", "Encounter"],
            **boss.fresh,
        )
        connected_systems.note_refusal(session, system_id, "jti was used before.")
        return system_id

    return str(site.write(register))


@pytest.fixture(scope="module")
def patients(
    site: Site, paper: str, doctor: str, newcomer: str, system: str
) -> dict[str, str]:
    """The ids of two patients, one of them with allergies, a document and a doctor.

    And those of somebody who is not a patient yet, and of a connected system.
    """
    clerk = site.read_primary(cast.get_demo)[Role.STAFF]
    page = site.read_primary(
        lambda session: search.list_patients(session, clerk, Criteria())
    )
    rows = sorted(page.rows, key=lambda patient: not patient.allergies)
    return {
        "first": str(rows[0].id),
        "second": str(rows[1].id),
        "person": str(clerk.id),
        "paper": paper,
        "doctor": doctor,
        "newcomer": newcomer,
        "system": system,
    }


class Profiles:
    """The profile of somebody of a role, kept until another role is asked for.

    In a profile that has shown Chartroom before, the next person's pages load faster.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._lent = site, ExitStack()
        self._role: Role | None = None

    def __getitem__(self, role: Role) -> BrowserContext:
        """Return the profile of somebody of the role."""
        if role is not self._role:
            self.close()
            self._page = self._lent.enter_context(self._site.lend(role))
            self._role = role
        return self._page.context

    def close(self) -> None:
        """Return the profile for others to use."""
        self._role = None
        self._lent.close()


@pytest.fixture(scope="module")
def profiles(site: Site) -> Iterator[Profiles]:
    """The profiles in which the pages are checked, one role after the other."""
    with closing(Profiles(site)) as profiles:
        yield profiles


@pytest.mark.parametrize(
    ("role", "address"),
    [
        pytest.param(*case, marks=_MARKS.get(case[0], _OTHERS), id="-".join(case))
        for case in PAGES
    ],
)
def test_a_page_has_no_violation_and_does_not_scroll_sideways(
    profiles: Profiles, patients: dict[str, str], role: Role, address: str
):
    page = turn_to(profiles[role].pages[0], address.format(**patients))

    assert_fit(page)


@_STAFF
def test_open_filters_and_charts_have_no_violation(
    profiles: Profiles,
):
    page = open_page(profiles[Role.STAFF], "/patients")
    page.get_by_text("Filters and order").click()
    page.get_by_role("button", name="Add group").first.click()
    page.get_by_text("Charts of this list").click()
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for()

    assert_fit(page)


@_STAFF
def test_an_open_dialog_has_no_violation(profiles: Profiles, patients: dict[str, str]):
    address = "/patient?patient={first}".format(**patients)
    page = open_page(profiles[Role.STAFF], address)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("dialog").wait_for()

    assert_part_fits_in_two_looks(page, DIALOG)


@_STAFF
@pytest.mark.parametrize("key", ["Control+k", "?"])
def test_the_search_from_everywhere_and_the_list_of_keys_have_no_violation(
    profiles: Profiles, key: str
):
    page = open_page(profiles[Role.STAFF], "/doctors")
    page.keyboard.press(key)
    page.locator("dialog[open]").wait_for()
    if key != "?":
        page.keyboard.type("sm")
        page.get_by_role("option").nth(1).wait_for()

    assert_part_fits_in_two_looks(page, "dialog[open]")


@_STAFF
def test_open_menus_have_no_violation(profiles: Profiles):
    page = open_page(profiles[Role.STAFF], "/doctors")
    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("menu").wait_for()
    assert_part_fits_in_two_looks(page, ".chartroom-menu")

    show_on_desk(page)
    page.get_by_role("button", name="Visits", exact=True).click()
    page.get_by_role("menuitem", name="Front desk").wait_for()
    assert_part_fits(page, "[data-testid=stTopNavPopover]")

    show_on_phone(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Front desk").wait_for()
    assert_part_fits(page, "[data-testid=stSidebar]")
    # The profile would keep it open, over the next page that is checked.
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.get_by_test_id("stExpandSidebarButton").wait_for()


@_OTHERS
def test_a_time_that_is_held_and_then_booked_has_no_violation(
    profiles: Profiles, doctor: str
):
    page = open_page(profiles[Role.PATIENT], f"/doctor?doctor={doctor}")
    page.get_by_role("button", name=re.compile("^Hold ")).first.click()
    page.get_by_role("timer").first.wait_for()

    assert_fit(page)

    page.get_by_role("button", name="Confirm visit").first.click()
    page.get_by_role("link", name="Ticket").wait_for()

    assert_fit(page)


@_STAFF
@pytest.mark.parametrize("part", ["Versions", "Links", "Who opened it", "Details"])
def test_the_parts_of_a_document_have_no_violation(
    profiles: Profiles, paper: str, part: str
):
    address = f"/document?document={paper}"
    page = profiles[Role.STAFF].pages[0]
    # The page stays open for the checks of its other parts.
    if address not in page.url:
        open_page(profiles[Role.STAFF], address)
    tab = page.get_by_role("tab", name=part)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")

    assert_part_fits_in_two_looks(page, TAB)


@_STAFF
def test_a_refused_form_has_no_violation(profiles: Profiles):
    page = open_page(profiles[Role.STAFF], "/register")
    page.get_by_role("button", name="Register patient").click()
    page.get_by_text("Nothing was saved").wait_for()

    assert_fit(page)


@_STAFF
@pytest.mark.parametrize("address", ["/register", "/documents", "/account"])
def test_a_page_that_turns_dark_and_narrow_looks_like_one_that_was_opened_so(
    profiles: Profiles, address: str
):
    page = open_page(profiles[Role.STAFF], address)
    # Nothing is hovered, and nothing is left of what an earlier page showed in the
    # sidebar.
    page.mouse.move(0, 0)
    page.goto(address)

    seen = {}
    for width in WIDTHS:
        resize(page, width)
        for scheme in schemes(page):
            still(page)
            seen[width, scheme] = page.evaluate(_APPEARANCE)
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    still(page)
    opened = page.evaluate(_APPEARANCE)
    page.emulate_media(color_scheme="light")

    assert seen[390, "dark"] == opened
    assert opened not in (seen[390, "light"], seen[1440, "dark"], seen[1440, "light"])


@_STAFF
def test_what_can_be_read_in_all_looks_but_one_is_found_there(
    profiles: Profiles,
):
    page = open_page(profiles[Role.STAFF], "/register")
    still(page)
    defect = page.add_style_tag(content=_DARK_AND_NARROW)

    unreadable = {}
    for width in WIDTHS:
        resize(page, width)
        for scheme in schemes(page):
            unreadable[width, scheme] = violations(page, scheme)
    # It would remain on the next page that this tab turns to.
    defect.evaluate("style => style.remove()")

    assert [look for look, rules in unreadable.items() if rules] == [(390, "dark")]
    assert all("color-contrast" in problem for problem in unreadable[390, "dark"])


@_STAFF
def test_words_of_buttons_stay_whole_where_paragraphs_are_set_further_apart(
    profiles: Profiles,
):
    page = open_page(profiles[Role.STAFF], "/doctors")
    choices = page.get_by_test_id("stButtonGroup").get_by_role("radio")
    expect(choices.first).to_be_visible()

    spaced = page.add_style_tag(content="p { margin-bottom: 2em !important }")
    cut_off = choices.evaluate_all(_CUT_OFF)
    spaced.evaluate("style => style.remove()")

    assert cut_off == []


@_STAFF
def test_what_is_chosen_is_seen_in_the_colours_of_the_system(profiles: Profiles):
    page = open_page(profiles[Role.STAFF], "/calendar")
    show = page.get_by_role("radiogroup", name="Show").get_by_role("radio")
    expect(show.first).to_be_visible()

    page.emulate_media(forced_colors="active")
    marked = show.evaluate_all(_HIGHLIGHTED)
    page.emulate_media(forced_colors="none")

    assert marked == ["true"]


@_STAFF
def test_with_colours_read_once_axe_says_what_its_package_says(browser: Browser):
    page = browser.new_page()
    page.set_content(_HARD_TO_READ)

    reported = problems(page, tags=TAGS)
    # The package's own script, in place of ours.
    page.evaluate(AXE_SCRIPT)
    expected = problems(page, tags=TAGS)
    page.close()

    assert reported == expected
    assert [problem.split(":")[0] for problem in reported] == ["color-contrast"] * 2


def open_page(profile: BrowserContext, address: str) -> Page:
    """Open a page in the only tab of a profile, light and as wide as on a desk."""
    page = profile.pages[0]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return turn_to(page, address)

"""The menus at the top of every page, on a desk and on a phone."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from db.models.user import User
from services.core.actors import Role
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from tests.browser.conftest import Site, open_from_menu, ready, requested, turn_to
from tests.kit import cast

pytestmark = pytest.mark.browser

_ROLES_BAR = {
    Role.STAFF: ["Home", "Visits", "Patients", "Documents"],
    Role.CLINICIAN: ["Home", "Visits", "Patients", "Documents"],
    Role.ANALYST: [
        "Home",
        "Patients",
        "Cohorts",
        "SQL",
        "Dashboards",
        "Saved views",
        "Doctors",
    ],
    Role.ADMIN: ["Home", "Visits", "Administration", "Servers"],
    Role.PATIENT: [
        "My record",
        "My documents",
        "My visits",
        "Book",
        "Access history",
        "Doctors",
    ],
}
_BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
_DARK = "rgb(15, 23, 30)"
_TEXTS = "all => all.map(one => one.querySelector('p').textContent)"
_ENTRIES = '[data-testid="stTopNavLink"], [data-testid="stTopNavSection"]'
# Whether the first of two boxes is left of the second.
_IS_LEFT = """([left, right]) =>
    document.querySelector(left).getBoundingClientRect().right
    <= document.querySelector(right).getBoundingClientRect().left"""


@pytest.fixture
def phone(site: Site) -> Iterator[Page]:
    with site.lend(width=390, at="/doctors", has_touch=True) as page:
        yield ready(page)


@pytest.fixture
def desk(site: Site) -> Iterator[Page]:
    with site.lend(at="/doctors") as page:
        yield ready(page)


def menu(page: Page):
    """The button with the person's name."""
    return page.get_by_role("button", name=cast.ROSA.name)


@pytest.mark.parametrize("role", Role)
def test_all_entries_have_room_and_the_search_has_its_word(site: Site, role: Role):
    with site.lend(role, width=1280) as page:
        page.goto("/doctors")
        entries = ready(page).locator(_ENTRIES)

        # More entries would have moved into Streamlit's own "3 more".
        assert entries.evaluate_all(_TEXTS) == _ROLES_BAR[role]
        expect(page.get_by_text("Ctrl K", exact=True)).to_be_visible()
        assert page.evaluate(
            _IS_LEFT, ['[data-testid="stTopNav"]', ".chartroom-search"]
        )


def test_the_menu_of_the_open_page_is_lit_and_so_is_the_page_above(site: Site):
    with site.lend() as page:
        page.goto("/doctors")
        open_from_menu(page, "Patients", "Patients")
        bar = page.get_by_role("navigation", name="App pages")
        patients = bar.get_by_role("button", name="Patients", exact=True)
        expect(patients).to_have_attribute("aria-current", "true")

        ready(page).get_by_role("rowheader").first.get_by_role("link").click()
        page.wait_for_url("**/patient?**")

        expect(patients).to_have_attribute("aria-current", "true")
        expect(bar.locator("[aria-current]")).to_have_count(1)
        patients.click()
        above = page.get_by_role("menuitem", name="Patients")
        expect(above).to_have_attribute("aria-current", "true")

        page.keyboard.press("Escape")
        trail = page.get_by_role("navigation", name="Breadcrumbs")
        expect(trail.get_by_role("listitem").last).to_have_text(
            page.get_by_role("heading", level=1).inner_text()
        )
        with requested(page) as addresses:
            trail.get_by_role("link", name="Patients").click()
            page.wait_for_url("**/patients")
            expect(trail).to_have_count(0)
        assert not any(address.endswith("/patients") for address in addresses)

        patients.click()
        page.get_by_role("menuitem", name="Register").click()
        page.wait_for_url("**/register")
        patients.click()
        register = page.get_by_role("menuitem", name="Register")
        expect(register).to_have_attribute("aria-current", "page")
        expect(above).not_to_have_attribute("aria-current", "true")


def test_a_page_is_opened_from_a_menu_with_keys_alone(site: Site):
    with site.lend() as page:
        page.goto("/doctors")
        ready(page).get_by_role("button", name="Visits", exact=True).focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitem", name="Front desk")).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")

        expect(page).to_have_url(re.compile("/calendar$"))


def test_the_menu_goes_when_a_page_is_chosen(phone: Page):
    menu = phone.get_by_test_id("stSidebar")
    phone.get_by_test_id("stExpandSidebarButton").click()
    expect(menu).to_have_attribute("data-collapsed", "false")

    menu.get_by_role("group", name="Visits").get_by_role(
        "link", name="Front desk"
    ).click()

    expect(phone).to_have_url(re.compile("/desk$"))
    expect(menu).to_have_attribute("data-collapsed", "true")
    phone.reload()
    ready(phone)
    expect(menu).to_have_attribute("data-collapsed", "true")


def test_a_finger_on_the_text_of_a_choice_opens_it(phone: Page):
    turn_to(phone, "/register")
    sex = phone.get_by_role("combobox", name="Sex")
    sex.scroll_into_view_if_needed()

    # A tap on its text, and not on the arrow at the other end.
    sex.tap(position={"x": 20, "y": 12})

    phone.get_by_role("option", name="Female").tap()
    expect(sex).to_have_value("Female")


def test_the_menu_at_the_name_leads_to_the_account_and_out(desk: Page):
    menu(desk).focus()
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("menuitem", name="Account")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(menu(desk)).to_be_focused()

    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")

    expect(desk).to_have_url(re.compile("/account$"))
    expect(desk.get_by_role("heading", level=1)).to_have_text(cast.ROSA.name)
    expect(menu(desk)).to_have_attribute("aria-expanded", "false")
    menu(desk).click()
    desk.keyboard.press("End")
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile("/sign-out$"))


def test_the_initials_beside_the_name_leave_out_the_title(site: Site):
    with site.lend(Role.CLINICIAN, at="/") as page:
        button = page.get_by_role("button", name="Dr. Amara Okafor")

        expect(button.locator("b")).to_have_text("AO")


def test_the_bell_of_an_open_page_follows_what_is_new_and_leads_to_it(site: Site):
    with site.lend(Role.ANALYST) as page:
        page.goto("/doctors")
        bell = ready(page).get_by_role("link", name="Notifications", exact=True)
        expect(bell).to_be_visible()

        site.write(
            lambda session: user_notifications.tell(
                session,
                NotificationTopic.SHARED,
                User.role == Role.ANALYST.value,
                subject_id=uuid4(),
                detail="Dora Doctor",
            )
        )

        page.get_by_role("link", name="Notifications, 1 unread").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Notifications")
        page.get_by_role("button", name="Mark all as read").click()
        expect(bell).to_have_text("")


def test_a_theme_is_kept_and_there_before_anything_is_drawn(desk: Page):
    menu(desk).click()
    desk.get_by_role("menuitemradio", name="Dark").click()

    app = desk.get_by_test_id("stApp")
    expect(app).to_have_css("background-color", _DARK)
    chosen = desk.get_by_role("menuitemradio", name="Dark")
    expect(chosen).to_have_attribute("aria-checked", "true")

    # Already before Streamlit's own scripts have been loaded.
    desk.route("**/static/js/**", lambda route: route.abort())
    desk.reload(wait_until="commit")
    desk.wait_for_function("'chartroomTheme' in window")
    assert desk.evaluate(_BACKGROUND) == _DARK
    desk.unroute_all()

    desk.goto("/doctors")
    ready(desk)
    expect(app).to_have_css("background-color", _DARK)
    menu(desk).click()
    desk.get_by_role("menuitemradio", name="Same as device").click()
    expect(app).not_to_have_css("background-color", _DARK)


def test_times_are_written_by_the_clock_that_is_chosen(desk: Page):
    menu(desk).click()
    with desk.expect_navigation():
        desk.get_by_role("menuitemradio", name="2:40 PM").click()
    ready(desk)

    turn_to(desk, "/calendar")
    expect(desk.get_by_text("9:00 AM", exact=True).first).to_be_visible()
    menu(desk).click()
    with desk.expect_navigation():
        times = desk.get_by_role("group", name="Time of day")
        times.get_by_role("menuitemradio", name="Same as clinic").click()
    expect(ready(desk).get_by_text("09:00", exact=True).first).to_be_visible()


def test_a_theme_holds_in_every_tab(desk: Page):
    other = desk.context.new_page()
    other.goto("/doctors")
    ready(other)

    menu(desk).click()
    desk.get_by_role("menuitemradio", name="Dark").click()

    expect(other.get_by_test_id("stApp")).to_have_css("background-color", _DARK)

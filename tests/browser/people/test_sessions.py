"""What people notice of their sign-in: a warning, the end, and what they had typed."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import update

from db.models.user import User
from db.postgres import SYSTEM
from services.core.actors import Role
from services.people import sessions
from tests.browser.axe import problems
from tests.browser.choosing import choose, type_for_options
from tests.browser.conftest import Site, ready
from tests.kit import cast

pytestmark = pytest.mark.browser

# A sign-in ends after 24 seconds without input; a warning comes for the last 3.2.
_HASTY_MINUTES = "0.4"
_WARNING = "dialog[open]"
_KEPT = "sessionStorage.getItem('chartroom.typed')"


@pytest.fixture(scope="module")
def hasty(serve) -> Iterator[Site]:
    """Chartroom with very short sign-ins."""
    with serve(session_idle_minutes=_HASTY_MINUTES) as site:
        yield site


@pytest.fixture
def rosas(site: Site) -> Iterator[BrowserContext]:
    """A browser in which somebody at the front desk is signed in."""
    with site.lend() as page:
        yield page.context


def _end(site: Site, role: Role) -> None:
    """End all sign-ins of somebody, as an administrator would."""
    people = site.database.read_latest(cast.get_demo, identity=SYSTEM).value
    ines = people[Role.ADMIN]
    site.database.write(
        lambda session: sessions.end_all(session, ines, people[role].id),
        identity=ines.database_identity,
    )


def _sign_in_again(page: Page, role: Role) -> None:
    page.get_by_role("button", name=cast.DEMO[role].name).click()
    page.get_by_role("button", name="Sign in", exact=True).click()


def _type_a_patient(page: Page) -> None:
    page.goto("/register")
    ready(page).get_by_label("First name").fill("Ada")
    choose(page, page.get_by_role("combobox", name="Sex"), "Female")
    allergies = page.get_by_role("combobox", name="Allergies")
    type_for_options(page, allergies, "Beeswax")
    allergies.press("Enter")
    allergies.press("Escape")
    page.get_by_text("Beeswax", exact=True).first.wait_for()


def test_signing_out_turns_every_tab_to_the_sign_in_page(rosas: BrowserContext) -> None:
    here, there = rosas.pages[0], rosas.new_page()
    there.goto("/doctors")
    ready(there)

    here.goto("/sign-out")
    here.get_by_role("button", name="Sign out").click()
    here.wait_for_url("**/sign-in*")
    there.wait_for_url("**/sign-in?next=%2Fdoctors**")

    there.goto("/patients")
    assert "/sign-in?next=%2Fpatients" in there.url


@pytest.fixture
def in_english_again(site: Site) -> Iterator[None]:
    """Reset everybody's choice of a language, for later tests."""
    yield
    forgotten = update(User).values(language=None)
    site.write(lambda session: session.execute(forgotten) and None)


@pytest.mark.usefixtures("in_english_again")
def test_what_was_typed_is_there_again_in_the_language_that_somebody_chose(
    site: Site, rosas: BrowserContext
) -> None:
    page = rosas.pages[0]
    _type_a_patient(page)

    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("menuitemradio", name="Deutsch").click()

    page.get_by_text("Was Sie eingegeben hatten, ist wieder da.").wait_for()
    expect(page.get_by_label("Vorname")).to_have_value("Ada")
    sex = page.get_by_role("combobox", name="Geschlecht")
    expect(sex).to_have_value("Weiblich")
    expect(page.get_by_text("Beeswax", exact=True).first).to_be_visible()
    assert page.evaluate(_KEPT) is None

    # Her other sign-ins are in the language that she chose last, in later tests too.
    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("menuitemradio", name="English").click()
    expect(page.get_by_label("First name")).to_be_visible()


def test_what_was_typed_is_there_again_for_the_same_person_and_is_saved(
    site: Site, rosas: BrowserContext
) -> None:
    page = rosas.pages[0]
    _type_a_patient(page)
    page.get_by_role("textbox", name="Last name").fill("Typedtwice")
    page.get_by_role("textbox", name="Date of birth").fill("1980-01-31")
    page.get_by_role("textbox", name="E-mail").fill("typed.twice@example.org")

    _end(site, Role.STAFF)
    page.wait_for_url("**/sign-in?next=%2Fregister**")
    kept = page.evaluate(_KEPT)
    _sign_in_again(page, Role.STAFF)

    page.get_by_text("What you typed is restored.").wait_for()
    expect(page.get_by_label("First name")).to_have_value("Ada")
    expect(page.get_by_role("combobox", name="Sex")).to_have_value("Female")
    expect(page.get_by_text("Beeswax", exact=True).first).to_be_visible()
    assert "Ada" not in kept
    assert "Beeswax" not in kept
    assert page.evaluate(_KEPT) is None

    # It can be sent as if it had just been typed.
    ready(page).get_by_role("button", name="Register patient").click()

    page.wait_for_url("**/patient?patient=*")
    expect(page.get_by_text("Ada Typedtwice").first).to_be_visible()
    expect(page.get_by_text("Beeswax").first).to_be_visible()


def test_another_person_gets_nothing_of_it(site: Site, rosas: BrowserContext) -> None:
    page = rosas.pages[0]
    _type_a_patient(page)
    _end(site, Role.STAFF)
    page.wait_for_url("**/sign-in?next=%2Fregister**")
    assert page.evaluate(_KEPT)

    _sign_in_again(page, Role.CLINICIAN)

    expect(ready(page).get_by_label("First name")).to_have_value("")
    page.wait_for_function(f"() => {_KEPT} === null")
    assert "Beeswax" not in page.content()


def test_without_input_people_are_warned_and_may_stay(hasty: Site) -> None:
    with closing(hasty.visit(at="/")) as context:
        page = context.pages[0]
        warning = page.get_by_role("alertdialog", name="Are you still there?")
        warning.wait_for()
        stay = page.get_by_role("button", name="Stay signed in")
        expect(stay).to_be_focused()
        page.keyboard.press("Enter")
        warning.wait_for(state="hidden")

        # The full time runs again; a refresh by the page itself, such as the home
        # page's, is no input. The warning has the colours that the page has when it
        # appears.
        page.emulate_media(color_scheme="dark")
        warning.wait_for()
        assert "/sign-in" not in page.url
        violations = problems(page, within=_WARNING)
        page.wait_for_url("**/sign-in?next=*")

    assert violations == []


def test_everybody_can_read_the_warning(hasty: Site) -> None:
    with closing(hasty.visit(width=390)) as context:
        page = context.pages[0]
        page.goto("/account")
        page.get_by_role("alertdialog").wait_for()

        # In the light scheme; another test checks it in the dark.
        assert problems(page, within=_WARNING) == []


def test_typing_keeps_a_sign_in_alive(hasty: Site) -> None:
    with closing(hasty.visit()) as context:
        page = context.pages[0]
        page.goto("/register")
        field = ready(page).get_by_label("First name")
        # A key per second, for longer than a sign-in lasts without input: that has to
        # pass in real time.
        for _ in range(26):
            field.press_sequentially("a")
            page.wait_for_timeout(1000)

        assert "/register" in page.url
        expect(page.get_by_role("alertdialog")).to_have_count(0)

"""Dialogs on screen: only what nobody can undo is red, and how they are left."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from services.core.actors import Role
from services.documents import fields, tags
from services.lists import views
from services.lists.criteria import Criteria
from services.patients.search.fields import PATIENTS
from tests.browser.analytics.test_lists_by_mail import jonas
from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser

# The colour of danger in the light theme, as .streamlit/config.toml has it.
_RED = "rgb(168, 35, 27)"


def words_of(button: Locator) -> Locator:
    """Return the innermost element of a button's text, which has its colour."""
    return button.locator("p *, p").last


def test_cancelling_is_red_and_archiving_which_can_be_undone_is_not(
    site: Site, page: Page
):
    patient = add_patient(site, "Ann", unlike())

    def add(session) -> None:
        doctor_id = cast.add_doctor(session).id
        starts_at = datetime.now(UTC) + timedelta(days=2)
        visit_samples.visit(session, doctor_id, patient, starts_at)

    site.write(add)
    page.goto(record_of(patient))
    ready(page).get_by_role("tab", name="Visits").click()
    visits = page.get_by_role("table", name="Next visits")
    visits.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    cancel = dialog.get_by_role("button", name="Cancel visit")

    expect(words_of(cancel)).to_have_css("color", _RED)
    keep = dialog.get_by_role("button", name="Keep it")
    expect(words_of(keep)).not_to_have_css("color", _RED)
    keep.click()
    expect(dialog).to_have_count(0)
    expect(visits.get_by_role("button", name="Cancel")).to_be_visible()

    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()
    archive = dialog.get_by_role("button", name="Archive record")
    expect(words_of(archive)).not_to_have_css("color", _RED)
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    expect(dialog).to_have_count(0)


BOSS = cast.act_as_somebody(Role.ADMIN)


class Tag:
    """A tag, and what a colleague does with it."""

    role, page, button, save = Role.ADMIN, "/tags", "Change", "Save tag"

    @staticmethod
    def add(session: Session, name: str) -> UUID:
        return tags.add_tag(session, BOSS, name).id

    @staticmethod
    def rename(session: Session, tag_id: UUID, name: str) -> None:
        colour, is_shown = tags.TagColour.RED, False
        tags.change_tag(
            session,
            BOSS,
            tag_id,
            name=name,
            colour=colour,
            is_shown_to_patients=is_shown,
        )

    @staticmethod
    def remove(session: Session, tag_id: UUID) -> None:
        tags.delete_tag(session, BOSS, tag_id)


class Field:
    """A field of documents, and what a colleague does with it."""

    role, page, button, save = Role.ADMIN, "/fields", "Change", "Save field"

    @staticmethod
    def add(session: Session, name: str) -> UUID:
        kind, definition = fields.FieldKind.TEXT, fields.FieldDefinition(name)
        return fields.add_field(session, BOSS, kind, definition).id

    @staticmethod
    def rename(session: Session, field_id: UUID, name: str) -> None:
        fields.change_field(session, BOSS, field_id, fields.FieldDefinition(name))

    @staticmethod
    def remove(session: Session, field_id: UUID) -> None:
        fields.archive_field(session, BOSS, field_id)


class SavedView:
    """A view of the analyst, and what is done with it in another window."""

    role, page, button, save = Role.ANALYST, "/views", "Rename", "Rename view"

    @staticmethod
    def add(session: Session, name: str) -> UUID:
        analyst = jonas(session)
        key = views.store_criteria(session, analyst, Criteria(), subject=PATIENTS)
        return views.save_view(session, analyst, name, key, subject=PATIENTS).id

    @staticmethod
    def rename(session: Session, view_id: UUID, name: str) -> None:
        views.rename_view(session, jonas(session), view_id, name)

    @staticmethod
    def remove(session: Session, view_id: UUID) -> None:
        views.delete_view(session, jonas(session), view_id)


@pytest.mark.parametrize(
    "kind", [Tag, Field, SavedView], ids=lambda each: each.__name__
)
def test_a_dialog_does_not_undo_a_change_and_once_left_shows_it(
    site: Site, kind: type[Tag | Field | SavedView]
):
    was, elsewhere = f"Claim {uuid4().hex[:6]}", f"Insurance {uuid4().hex[:6]}"
    made = site.write(lambda s: kind.add(s, was))
    with site.lend(kind.role, at=kind.page) as page:
        dialog = page.get_by_role("dialog")
        name = dialog.get_by_label("Name")
        opens = ready(page).locator(f"[class*='{made}'] button", has_text=kind.button)
        opens.click()
        name.fill("Mine")
        name.press("Tab")
        site.write(lambda s: kind.rename(s, made, elsewhere))

        dialog.get_by_role("button", name=kind.save).click()
        expect(dialog.get_by_role("alert")).to_contain_text("nothing was changed")
        expect(name).to_have_value("Mine")

        page.keyboard.press("Escape")
        expect(page.get_by_text(elsewhere)).to_be_visible()
        ready(page)
        opens.click()
        expect(name).to_have_value(elsewhere)
    site.write(lambda s: kind.remove(s, made))


def test_a_letter_outside_a_field_does_not_close_a_dialog_with_what_was_typed(
    site: Site, page: Page
):
    patient = add_patient(site, "Ann", unlike())
    with page.expect_websocket(lambda each: "/_stcore/stream" in each.url) as stream:
        page.goto(record_of(patient))
    ready(page).get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Archive record")).to_be_visible()
    ready(page)
    sent: list[str | bytes] = []

    def note(frame: str | bytes) -> None:
        sent.append(frame)

    dialog.get_by_text("will be removed from lists").click()
    stream.value.on("framesent", note)
    for letter in ("r", "R", "c"):
        page.keyboard.press(letter)

    # Its answer comes after the events of all that was sent before.
    page.evaluate("null")
    assert sent == []
    expect(dialog).to_have_count(1)

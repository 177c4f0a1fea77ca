"""A document is deleted by a colleague while a dialog about it is open."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from services.core.actors import Role
from services.documents import records
from tests.browser.conftest import Site, ready
from tests.browser.documents.filing import address_of, file_letter
from tests.kit import cast

pytestmark = pytest.mark.browser

_GONE = "This document was deleted in the meantime, or you may no longer open it."


@pytest.mark.parametrize(
    ("opens", "saves"),
    [
        ("Edit", "Save changes"),
        ("Share version 1", "Create link"),
        ("Assign to", "Assign"),
    ],
)
def test_a_dialog_about_it_says_so_and_keeps_what_was_typed(
    site: Site, page: Page, opens: str, saves: str
):
    document_id = file_letter(site, "Referral")
    page.goto(address_of(document_id))
    ready(page).get_by_role("button", name=opens).click()
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_label("Title")
    if opens == "Edit":
        title.fill("Referral of May")
        title.press("Tab")
    dialog.get_by_role("button", name=saves).wait_for()
    ready(page)

    def delete(session: Session) -> None:
        clerk = cast.get_demo(session)[Role.STAFF]
        records.delete(session, clerk, document_id, revision=1)

    site.write(delete)
    dialog.get_by_role("button", name=saves, exact=True).click()

    expect(dialog.get_by_role("alert")).to_contain_text(_GONE)
    if opens == "Edit":
        expect(title).to_have_value("Referral of May")

"""Patients who correct how the clinic reaches them, on a phone."""

import pytest
from playwright.sync_api import expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser


def test_a_phone_shows_keyboards_and_which_field_is_wrong(site: Site) -> None:
    with site.lend(Role.PATIENT, width=390) as page:
        page.goto("/my_contact")
        email = page.get_by_label("E-mail", exact=True)
        expect(email).to_have_attribute("inputmode", "email")
        phone = page.get_by_label("Phone number", exact=True)
        expect(phone).to_have_attribute("inputmode", "tel")
        ready(page)

        email.fill("another.address@mail.example")
        page.get_by_role("button", name="Save changes").click()

        code = page.get_by_label("Code", exact=True)
        expect(code).to_have_attribute("inputmode", "numeric")

        code.fill("12 34")
        page.get_by_role("button", name="Confirm", exact=True).click()
        expect(page.get_by_text("A code has six digits.")).to_be_visible()
        expect(code).to_have_attribute("aria-invalid", "true")
        expect(code).to_have_value("12 34")

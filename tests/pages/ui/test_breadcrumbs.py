"""The breadcrumbs of a page below others, shown above its title."""

import re
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from services.core.actors import Role
from tests.pages.conftest import Clinic


def trail(app: AppTest) -> list[tuple[str, str]]:
    """Return the titles in the breadcrumbs, each with its address."""
    bodies = [each.value for each in app.get("html") if "Breadcrumbs" in each.value]
    items = re.findall(r'<li[^>]*>(?:<a href="([^"]*)">)?([^<]*)', "".join(bodies))
    return [(title, address) for address, title in items]


def test_a_patient_is_named_on_the_way_to_what_is_about_them(clinic: Clinic):
    patient = clinic.register(last_name="O'Hara & <b>", first_name="Ann")
    name, address = "O&#x27;Hara &amp; &lt;b&gt;, Ann", f"/patient?patient={patient.id}"

    app = clinic.open("patient", patient=patient.id)
    assert trail(app) == [("Patients", "/patients"), (name, "")]

    app = clinic.open("edit", patient=patient.id)
    assert trail(app) == [
        ("Patients", "/patients"),
        (name, address),
        ("Edit patient", ""),
    ]


def test_who_cannot_be_shown_is_not_named(clinic: Clinic):
    app = clinic.open("patient", patient=uuid4())

    assert trail(app) == [("Patients", "/patients"), ("Patient", "")]


@pytest.mark.parametrize(
    ("page", "role", "expected"),
    [
        ("alerts", Role.ADMIN, [("Replication", "/replication"), ("Alerts", "")]),
        ("newcomer", Role.STAFF, [("Front desk", "/desk"), ("Not registered yet", "")]),
        ("invite", Role.ADMIN, [("People", "/users"), ("Invite", "")]),
        ("roles", Role.PATIENT, [("Account", "/account"), ("Roles", "")]),
        ("patients", Role.STAFF, []),
        # A page that patients have of their own is below a patient's record for others.
        ("visits", Role.PATIENT, []),
        ("home", Role.STAFF, []),
    ],
)
def test_a_page_below_another_leads_back_to_it(
    clinic: Clinic, page: str, role: Role, expected: list[tuple[str, str]]
):
    assert trail(clinic.open(page, role)) == expected

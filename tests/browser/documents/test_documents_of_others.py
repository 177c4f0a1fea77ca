"""A list's address is opened by somebody who does not treat the patient."""

from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.care import CareRelationship
from db.models.patient import Patient
from services.core.actors import Role
from services.documents.search.fields import DOCUMENTS
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from tests.browser.conftest import Site, ready
from tests.kit import cast
from tests.services.documents.search.samples import filed

pytestmark = pytest.mark.browser

ROUNDS = 2


def _patient_of_nobody(session: Session) -> Patient:
    treated = select(CareRelationship.patient_id)
    in_use = select(Patient).where(
        Patient.deleted_at.is_(None), Patient.id.not_in(treated)
    )
    return session.scalars(in_use.limit(1)).one()


def _filed(session: Session, title: str) -> tuple[str, UUID]:
    """File a document of a patient whom nobody treats; return the key of its list."""
    clerk = cast.get_demo(session)[Role.STAFF]
    patient = _patient_of_nobody(session)
    filed(session, clerk, title, of=patient)
    of_patient = Filter("patient_id", Operator.EQUAL, str(patient.id))
    criteria = Criteria(Group(members=(of_patient,)))
    return views.store_criteria(session, clerk, criteria, subject=DOCUMENTS), patient.id


def _read(page: Page) -> str:
    ready(page).get_by_text("as of ").first.wait_for()
    return page.locator("body").inner_text()


def test_no_address_shows_a_clinician_a_title_of_a_patient_they_do_not_treat(
    site: Site,
):
    title = uuid4().hex
    key, patient_id = site.write(lambda session: _filed(session, title))
    addresses = (f"/documents?list={key}", f"/documents?patient={patient_id}")
    with site.lend(Role.STAFF) as desk, site.lend(Role.CLINICIAN) as doctor:
        theirs = [desk, desk.context.new_page()]
        ours = [doctor, doctor.context.new_page()]

        for _ in range(ROUNDS):
            # All at once, so that one server handles all of them together.
            for page, address in zip((*theirs, *ours), addresses * 2, strict=True):
                page.goto(address, wait_until="commit")
            for page in theirs:
                expect(page.get_by_text(title).first).to_be_visible()
            assert not [page.url for page in ours if title in _read(page)]

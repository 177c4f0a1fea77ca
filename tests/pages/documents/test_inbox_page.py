"""The inbox on screen: what came in, assigned to a colleague, and done."""

import pytest

from dashboard.documents.inbox import inbox_list
from dashboard.ui.words import plain
from services.core.actors import Role
from services.documents import inbox
from services.documents.inbox import InboxView
from services.patients.care import care
from tests.pages.conftest import Clinic, markdown_of, rows_of
from tests.pages.document_samples import File, press

DOCTOR = Role.CLINICIAN


def test_a_document_is_assigned_on_its_page_and_is_in_that_inbox(
    clinic: Clinic, file: File
):
    patient, doctor = clinic.register(), clinic.cast[DOCTOR]
    clinic.write(lambda s: care.assign(s, clinic.clerk, patient.id, doctor.id))
    paper = file(title="For the doctor", of=patient.id)

    page = clinic.open("document", document=paper.id)
    page.button(key="document_assign").click().run()
    page.selectbox(key=f"inbox_assignee_{paper.id}").set_value(doctor.id)
    press(page, "document_assign", "inbox_assign_save")

    app = clinic.open("inbox", DOCTOR)
    assert app.segmented_control(key="inbox_view").value == InboxView.MINE
    (row,) = rows_of(app, "inbox_table")
    assert (row[0], row[5]) == ("For the doctor", doctor.name)

    page = clinic.open("document", DOCTOR, document=paper.id)
    assert page.button(key="document_assign").label == f"Assigned: {plain(doctor.name)}"
    page.button(key="document_finish").click().run()
    assert page.button(key="document_reopen")
    app = clinic.open("inbox", DOCTOR)
    assert "All incoming documents are assigned or done." in app.markdown[-1].value


def test_who_may_not_open_it_is_refused_in_a_sentence(clinic: Clinic, file: File):
    paper = file(title="Not theirs", of=clinic.register().id)
    doctor = clinic.cast[DOCTOR]

    page = clinic.open("document", document=paper.id)
    page.button(key="document_assign").click().run()
    page.selectbox(key=f"inbox_assignee_{paper.id}").set_value(doctor.id)
    press(page, "document_assign", "inbox_assign_save")

    assert "assigning it does not give access" in page.error[0].value
    item = clinic.write(lambda s: inbox.find_item(s, clinic.clerk, paper.id))
    assert item.assignee is None


def test_home_tells_how_much_waits_and_leads_there(clinic: Clinic, file: File):
    file(title="Unfiled", role=DOCTOR)

    app = clinic.start(Role.STAFF)

    numbers = {metric.label: metric.value for metric in app.metric}
    assert int(numbers["Inbox"]) > 0


def test_a_long_inbox_says_where_it_is_cut_and_goes_on(
    clinic: Clinic, file: File, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(inbox_list, "_AT_A_TIME", 2)
    for number in range(5):
        file(title=f"Paper {number}", role=DOCTOR)

    app = clinic.open("inbox")
    first = rows_of(app, "inbox_table")
    assert "The first 2 are shown" in markdown_of(app)
    app.button(key="inbox_more").click().run()
    more = rows_of(app, "inbox_table")
    while any(b.key == "inbox_more" for b in app.button):
        app.button(key="inbox_more").click().run()

    assert (len(first), len(more)) == (2, 4)
    titles = [row[0] for row in rows_of(app, "inbox_table")]
    assert len(titles) == len(set(titles)) >= 5

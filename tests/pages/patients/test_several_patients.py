"""Several patients at once: what is offered to whom, asked, done and refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.record_table import TableEvent
from db.models.user import Invitation, User
from services.core.actors import Role
from services.lists import views
from services.lists.criteria import Criteria
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.patients.search.fields import PATIENTS
from tests.kit import cast
from tests.pages.conftest import Clinic
from tests.services.visits import visit_samples

REASON = "Moved to another town"
Choose = Callable[[str], AppTest]


@pytest.fixture
def family(clinic: Clinic) -> list[PatientRecord]:
    """Three patients with a name that nobody else has; the last has no e-mail."""
    name = cast.invent_patient().last_name.removeprefix("Test ")
    no_email = {"email": None, "phone_number": "+441632960123"}
    return [
        clinic.register(first_name=first, last_name=name, **contact)
        for first, contact in (("Ann", {}), ("Bea", {}), ("Cyd", no_email))
    ]


@pytest.fixture
def choose(clinic: Clinic, monkeypatch, family) -> Choose:
    """Tick the family's rows and press an action; AppTest cannot click into a table."""

    def choose(action: str) -> AppTest:
        app = clinic.open("patients")
        app.text_input(key="patients_search").set_value(family[0].last_name).run()
        event = TableEvent(selected=(tuple(str(p.id) for p in family), action))
        monkeypatch.setattr(
            "dashboard.patients.search.patient_table.patient_table",
            lambda *_, **__: event,
        )
        return app.run()

    return choose


def said(app: AppTest) -> str:
    elements = (*app.markdown, *app.warning, *app.success, *app.error)
    return "\n".join(str(element.value) for element in elements)


def field(app: AppTest, kind: str, end: str):
    """Return the field of the ticked patients whose key ends in this suffix."""
    (element,) = [each for each in getattr(app, kind) if str(each.key).endswith(end)]
    return element


def offered(app: AppTest) -> list[str]:
    """Return the actions that the table offers for several rows."""
    for table in app.get("bidi_component"):
        if table.key == "patients_table":
            selection = json.loads(table.proto.bytes).get("selection", {})
            return [action["name"] for action in selection.get("actions", [])]
    return []


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.STAFF, ["assign", "letter", "invite", "export", "archive"]),
        (Role.ANALYST, []),
    ],
)
def test_each_role_is_offered_what_it_may_do(clinic: Clinic, family, role, acts):
    assert offered(clinic.open("patients", role)) == acts


def test_some_are_archived_for_a_reason_and_the_others_are_named(
    clinic: Clinic, family, choose
):
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)
    now = datetime.now(UTC)
    clinic.write(lambda s: visit_samples.visit(s, doctor, family[1].id, now))
    app = choose("archive")
    assert "**3 patients** will be removed from lists" in said(app)
    assert f"{family[1].last_name}, Bea is expected today" in said(app)
    app.button(key="patients_bulk_archive_confirm").click().run()
    assert "at least 10 characters" in app.error[0].value
    assert clinic.get(family[0].id).deleted_at is None

    clinic.edit(family[2], address="2 New Road")
    field(app, "text_area", "_archive_reason").set_value(REASON)
    app.button(key="patients_bulk_archive_confirm").click().run()

    archived = [clinic.get(patient.id).is_archived for patient in family]
    assert archived == [True, True, False]
    assert "2 patients archived." in said(app)
    assert f"Not “{family[2].last_name}, Cyd”: Somebody else changed" in said(app)
    events = clinic.audit("patient:archive")
    assert {event.reason for event in events[-2:]} == {REASON}
    app.button(key="patients_bulk_summary_read").click().run()
    assert "2 patients archived." not in said(app)


@pytest.mark.parametrize("action", ["assign", "invite"])
def test_a_dialog_can_be_left_without_doing_it(choose, action):
    app = choose(action)

    app.button(key=f"patients_bulk_{action}_confirm_not").click().run()


def test_who_is_treated_already_is_named_and_the_others_are_assigned(
    clinic: Clinic, family, choose
):
    amara = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: care.assign(s, clinic.clerk, family[0].id, amara.id))
    app = choose("assign")
    assert app.button(key="patients_bulk_assign_confirm").disabled

    clinician = field(app, "selectbox", "_clinician")
    clinician.set_value(
        next(name for name in clinician.options if amara.name in name)
    ).run()
    app.button(key="patients_bulk_assign_confirm").click().run()

    assert "2 patients assigned to" in said(app)
    assert f"Not “{family[0].last_name}, Ann”" in said(app)
    for patient in family:
        team = clinic.write(lambda s, p=patient: care.list_team(s, clinic.clerk, p.id))
        assert [carer.clinician.id for carer in team] == [amara.id]


def test_who_has_an_address_is_invited_and_who_has_none_is_named(
    clinic: Clinic, family, choose
):
    app = choose("invite")

    app.button(key="patients_bulk_invite_confirm").click().run()

    assert "2 patients invited." in said(app)
    # Without a mail server the links are shown, as on the patient's own page.
    assert said(app).count("Give them this link yourself") == 2
    assert f"Not “{family[2].last_name}, Cyd”: There is no e-mail address" in said(app)
    invited = (
        select(func.count())
        .select_from(Invitation)
        .join(User, User.id == Invitation.user_id)
        .where(User.patient_id.in_([patient.id for patient in family]))
    )
    assert clinic.write(lambda s: s.scalar(invited)) == 2


def test_the_chosen_are_exported_and_no_others(clinic: Clinic, family, choose):
    app = choose("export")

    (link,) = [
        element.proto.url
        for element in app.get("link_button")
        if "as CSV" in element.proto.label
    ]
    key = link.partition("list=")[2].partition("&")[0]
    listed = clinic.write(
        lambda s: views.load_criteria(s, clinic.clerk, key, subject=PATIENTS)
    )
    (only,) = listed.where.filters()
    assert set(only.value) == {str(patient.id) for patient in family}


def test_archived_records_are_restored_several_at_once(
    clinic: Clinic, family, monkeypatch
):
    for patient in family:
        clinic.write(
            lambda s, p=patient: patients.archive(s, clinic.clerk, p.id, version=1)
        )
    listed = Criteria(search=family[0].last_name, archived=True)
    key = clinic.write(
        lambda s: views.store_criteria(s, clinic.clerk, listed, subject=PATIENTS)
    )
    app = clinic.open("patients", list=key)
    assert offered(app) == ["export", "restore"]
    event = TableEvent(selected=(tuple(str(p.id) for p in family), "restore"))
    monkeypatch.setattr(
        "dashboard.patients.search.patient_table.patient_table", lambda *_, **__: event
    )
    app.run()

    app.button(key="patients_bulk_restore_confirm").click().run()

    assert [clinic.get(patient.id).is_archived for patient in family] == [False] * 3
    assert "3 patients restored." in said(app)

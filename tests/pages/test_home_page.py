"""What needs attention today, for each person who looks."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import delete, func, insert, update
from sqlalchemy.orm import Session
from streamlit.proto.Metric_pb2 import Metric as MetricProto

from benchmarks.page_imports import PageImports
from dashboard.ui import clock
from dashboard.ui.clock import midnight, today
from db.cluster.site_position import SitePosition, SiteReader
from db.models.care import CareRelationship
from db.models.patient import Patient
from db.models.view import SavedView
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.lists import counting, views
from services.lists.criteria import Combine, Criteria, Filter, Group, Operator
from services.patients.records import patients
from services.patients.search.fields import PATIENTS
from tests.kit import cast
from tests.kit.german_pages import texts_of
from tests.pages.cluster_samples import sample
from tests.pages.conftest import Clinic, markdown_of, rows_of
from tests.services.visits import visit_samples


def test_what_is_incomplete_is_counted_and_listed(clinic: Clinic):
    clinic.register(last_name="Silent")
    clinic.register(last_name="Stated", no_known_allergies=True)
    app = clinic.start()

    counts = {metric.label: metric.value for metric in app.metric}
    app.button(key="home_allergies").click().run()

    rows = rows_of(app)
    while any(b.key == "patients_next" and not b.disabled for b in app.button):
        rows += rows_of(app.button(key="patients_next").click().run())
    names = {row[0].partition(",")[0] for row in rows}
    assert int(counts["Allergies not stated"]) == len(rows)
    assert "Silent" in names
    assert "Stated" not in names


def test_who_was_archived_is_listed_apart(clinic: Clinic):
    patient = clinic.register(last_name="Gone")
    clinic.write(
        lambda session: patients.archive(session, clinic.clerk, patient.id, version=1)
    )
    app = clinic.start()

    app.button(key="home_archived").click().run()

    assert [row[0].partition(",")[0] for row in rows_of(app)] == ["Gone"]


def test_what_changed_last_comes_first(clinic: Clinic):
    patient = clinic.register(last_name="Latest")

    app = clinic.start()

    assert rows_of(app, "home_changed")[0][0].startswith("Latest")
    assert patient.version == 1


def test_two_records_of_one_person_are_offered_for_comparison(clinic: Clinic):
    same_facts = {
        "first_name": "Gemini",
        "last_name": "Zwilling",
        "date_of_birth": date(1970, 6, 1),
    }
    first, second = clinic.register(**same_facts), clinic.register(**same_facts)
    app = clinic.start()

    next(button for button in app.button if button.label == "Compare").click().run()

    assert app.title[0].value == "Merge two records"
    assert {app.query_params["patient"], app.query_params["other"]} == {
        str(first.id),
        str(second.id),
    }


def test_three_records_of_one_person_are_offered_in_pairs(clinic: Clinic):
    same_facts = {
        "first_name": "Trinity",
        "last_name": "Drilling",
        "date_of_birth": date(1971, 6, 1),
    }
    for _ in range(3):
        clinic.register(**same_facts)

    app = clinic.start()

    assert not [e for e in app.error if "Something went wrong" in e.value]
    assert len([button for button in app.button if button.label == "Compare"]) >= 2


def test_an_administrator_sees_servers_and_no_patient(clinic: Clinic):
    clinic.register(last_name="Private")

    app = clinic.start(Role.ADMIN)

    [sentence] = [element.value for element in (*app.success, *app.warning, *app.error)]
    assert sentence.startswith(("Safe", "At risk"))
    tables = {table.key for table in app.get("bidi_component")}
    assert not {"home_changed", "patients_table"} & tables
    assert {metric.label for metric in app.metric} == {
        "Replication lag",
        "Connections",
        "Free disk",
        "Open alerts",
        "Available, 30 days",
        "Newest backup",
        "Sign-ins, 7 days",
        "Jobs",
    }


def test_what_the_desk_has_seen_is_beside_what_it_had_seen_a_week_before(
    clinic: Clinic,
):
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)
    patient = clinic.register()
    last_week = midnight(today() - timedelta(days=7))

    def add(session):
        for hours in (0, 1):
            starts_at = last_week + timedelta(hours=hours)
            done = {"status": "completed", "completed_at": last_week}
            visit_samples.visit(session, doctor, patient.id, starts_at, **done)
        # It began at the start of today, and the patient was not seen.
        visit_samples.visit(session, doctor, patient.id, midnight(today()))

    clinic.write(add)

    app = clinic.start()

    [seen] = [metric for metric in app.metric if metric.label == "Seen"]
    assert (seen.value, seen.delta) == ("0", "\N{MINUS SIGN}2")
    # The sign says it; an arrow would say it twice.
    assert seen.proto.direction == MetricProto.MetricDirection.NONE


def test_the_day_by_hour_is_drawn_by_either_clock(clinic: Clinic, monkeypatch):
    patient = clinic.register()
    for hour in (8, 14):
        begins = midnight(today()) + timedelta(hours=hour)
        clinic.write(
            lambda s, b=begins: visit_samples.visit(
                s, cast.add_doctor(s).id, patient.id, b
            )
        )
    monkeypatch.setattr(clock, "usual_clock", lambda: clock.TWELVE_HOURS)

    app = clinic.start()

    said = set(texts_of(app))
    assert {"8:00 AM", "2:00 PM"} <= said
    assert not app.error


def test_a_clinician_sees_the_next_patient_open_notes_and_new_papers(
    clinic: Clinic, file
):
    doctor = clinic.write(
        lambda s: cast.add_doctor(s, user_id=clinic.cast[Role.CLINICIAN].id).id
    )
    first = midnight(today())
    patient = clinic.register(last_name="Nextova")
    treats = {"clinician_id": clinic.cast[Role.CLINICIAN].id, "patient_id": patient.id}
    clinic.write(lambda s: s.execute(insert(CareRelationship).values(treats)) and None)
    clinic.write(
        lambda s: (
            visit_samples.visit(
                s,
                doctor,
                patient.id,
                first - timedelta(days=1),
                status="completed",
                completed_at=first - timedelta(hours=23),
            )
            and visit_samples.visit(
                s, doctor, patient.id, first + timedelta(hours=23), note="Cough"
            )
        )
    )
    file(title="Lab report of hers", of=patient.id)

    app = clinic.start(Role.CLINICIAN)

    numbers = {metric.label: metric.value for metric in app.metric}
    assert numbers["Your visits today"] == "1"
    assert numbers["Seen in 7 days"] == numbers["Open notes"] == "1"
    assert any("Nextova" in text.value for text in app.markdown)
    assert "Nextova" in rows_of(app, "home_open_notes")[0][0]
    assert "Nextova" in rows_of(app, "home_latest_documents")[0][0]
    app.button(key="home_next_patient").click().run()
    assert app.query_params["visit"]


def test_an_analysts_views_are_cards_with_counts(clinic: Clinic):
    for _ in range(5):
        clinic.register(last_name="Peanut", allergies=("Peanuts",))
        clinic.register(last_name="Quince", allergies=())
    analyst = clinic.cast[Role.ANALYST]
    wanted = Criteria(
        Group(Combine.AND, (Filter("allergies", Operator.HAS, "Peanuts"),))
    )

    def save(session):
        key = views.store_criteria(session, analyst, wanted, subject=PATIENTS)
        views.save_view(session, analyst, "Peanut allergy", key, subject=PATIENTS)
        nobody = Criteria(
            Group(Combine.AND, (Filter("birth_year", Operator.EQUAL, "1901"),))
        )
        few = views.store_criteria(session, analyst, nobody, subject=PATIENTS)
        views.save_view(session, analyst, "Oldest", few, subject=PATIENTS)
        everybody = views.store_criteria(session, analyst, Criteria(), subject=PATIENTS)
        views.save_view(session, analyst, "Everybody", everybody, subject=PATIENTS)

    clinic.write(save)

    app = clinic.start(Role.ANALYST)

    cards = {metric.label: metric.value for metric in app.metric}
    assert cards["Oldest"] == "fewer than 5"
    assert 5 <= int(cards["Peanut allergy"]) < int(cards["Everybody"])
    assert [button.label for button in app.button][-1] == "All saved views"
    assert not app.error


def _keep_only_view(clinic: Clinic, name: str, *, allergy: str) -> None:
    """Save a view of the patients with an allergy for the analyst, and no other."""
    analyst = clinic.cast[Role.ANALYST]
    wanted = Criteria(Group(Combine.AND, (Filter("allergies", Operator.HAS, allergy),)))

    def save(session):
        session.execute(delete(SavedView))
        key = views.store_criteria(session, analyst, wanted, subject=PATIENTS)
        views.save_view(session, analyst, name, key, subject=PATIENTS)

    clinic.write(save)


def test_ages_of_few_patients_are_added_up_as_others(clinic: Clinic):
    years = [*range(1930, 1990, 10), *[today().year - 5] * 6]
    for year in years:
        clinic.register(
            last_name="Mango", date_of_birth=date(year, 1, 1), allergies=("Mangoes",)
        )
    for _ in range(10):
        clinic.register(last_name="Quince", allergies=())
    _keep_only_view(clinic, "Mango", allergy="Mangoes")

    app = clinic.start(Role.ANALYST)

    [card] = [metric for metric in app.metric if metric.label == "Mango"]
    [chart] = app.get("vega_lite_chart")
    assert card.value == str(len(years))
    assert chart.proto.alt == "Mango. 0–9: 6, Others: 6"
    assert "ages of few patients are in *Others*" in card.help


@pytest.mark.parametrize(("most", "is_known"), [(10_000, True), (6, False)])
def test_a_share_of_all_patients_is_given_only_where_all_were_counted(
    clinic: Clinic, monkeypatch, most: int, *, is_known: bool
):
    for _ in range(10):
        clinic.register(last_name="Saffron", allergies=("Saffron",))
        clinic.register(last_name="Quince", allergies=())
    _keep_only_view(clinic, "Saffron", allergy="Saffron")
    monkeypatch.setattr(counting, "MOST_COUNTED", most)

    app = clinic.start(Role.ANALYST)

    [card] = [metric for metric in app.metric if metric.label == "Saffron"]
    [link] = [
        link.proto.label
        for link in app.get("page_link")
        if link.proto.label.startswith("Open the list")
    ]
    assert int(card.value) % 10 == 0
    assert ("of all patients." in card.help) is ("of all" in link) is is_known


def test_an_analyst_of_few_patients_is_told_how_many_and_refused_nothing(
    clinic: Clinic, kept: Session
):
    kept.execute(delete(SavedView))
    archive = update(Patient).where(Patient.deleted_at.is_(None))
    in_use = kept.scalars(
        archive.values(deleted_at=func.now()).returning(Patient.id)
    ).all()
    kept.commit()
    try:
        clinic.register()
        before = len(clinic.audit("access:refuse"))

        app = clinic.start(Role.ANALYST)
    finally:
        again = update(Patient).where(Patient.id.in_(in_use))
        kept.execute(again.values(deleted_at=None))
        kept.commit()

    [card] = [metric for metric in app.metric if metric.label == "All patients"]
    assert (card.value, card.help) == ("1", "Ages are hidden: too few patients.")
    assert not [button for button in app.button if "100" in button.label]
    assert len(clinic.audit("access:refuse")) == before


def test_an_analyst_without_views_is_shown_the_way_to_the_first(clinic: Clinic):
    clinic.write(lambda s: s.execute(delete(SavedView)) and None)
    app = clinic.start(Role.ANALYST)

    [card] = [metric for metric in app.metric if metric.label == "All patients"]
    assert card.help.startswith("The bars show their ages")
    [chart] = app.get("vega_lite_chart")
    ages = json.loads(chart.proto.spec)["layer"][0]["encoding"]["x"]
    # Without its ages below, a bar says nothing.
    assert ages["axis"]["labelAngle"] == 0
    app.button(key="home_filter").click().run()

    assert app.title[0].value == "Patients"


def test_a_patients_first_page_says_what_is_next_and_what_to_bring(
    clinic: Clinic, maya
):
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)

    def add(session):
        before, ahead = (
            midnight(today()) + timedelta(days=d, hours=9) for d in (-2, 2)
        )
        visit_samples.visit(session, doctor, maya, before, status="completed")
        visit_samples.visit(session, doctor, maya, ahead)

    clinic.write(add)

    app = clinic.start(Role.PATIENT)

    said = markdown_of(app)
    # As in the table of visits below.
    (row,) = rows_of(app, "my_record_visits")
    assert "09:00" in row[0]
    assert f"#### {row[0]}" in said
    assert "In 2 days" in said
    assert "Please bring" in said
    # They need to know as of when it is, but not which server has answered.
    [read] = [text.value for text in app.caption if text.value.startswith("as of")]
    assert not {"replica", "primary"} & set(read.split())
    assert app.get("vega_lite_chart")


def test_a_patient_whose_record_is_archived_reads_it_and_is_told_what_is_closed(
    clinic: Clinic, maya
):
    def archived(session):
        version = patients.get_patient(session, clinic.clerk, maya).version
        patients.archive(session, clinic.clerk, maya, version=version)

    def restored(session):
        version = patients.get_patient(session, clinic.clerk, maya).version
        patients.restore(session, clinic.clerk, maya, version=version)

    assert not clinic.start(Role.PATIENT).info
    clinic.write(archived)
    try:
        app = clinic.start(Role.PATIENT)
    finally:
        clinic.write(restored)

    (info,) = app.info
    assert "Your record is archived. You can still read it" in info.value
    closed = {"my_record_contact", "my_record_book", "my_record_upload"}
    assert not closed & {button.key for button in app.button}


@pytest.mark.usefixtures("uneventful")
def test_at_a_standby_site_the_servers_figures_are_its_own(
    clinic: Clinic, kept: Session, monkeypatch: pytest.MonkeyPatch
):
    # The stored samples have come from the main site.
    for minutes, resolution in product((60, 1200), (10, 300)):
        busy = {"connections": 4_000 + minutes, "resolution": resolution}
        kept.add(sample(minutes, "main-01", **busy))
    kept.commit()
    at = datetime.now(UTC) - timedelta(seconds=42)
    site = SitePosition("north", ("10.0.0.1:5432",), at, at)
    monkeypatch.setattr(SiteReader, "position", lambda _: site)
    monkeypatch.setattr(SiteReader, "is_following", True)

    app = clinic.start(Role.ADMIN)

    shown = {metric.label: metric for metric in app.metric}
    assert "Replication lag" not in shown
    assert shown["Behind the main site"].value.startswith("4")
    assert 0 < int(shown["Connections"].value) < 1_000
    assert not shown["Connections"].delta
    assert "Change the primary" not in [
        link.proto.label for link in app.get("page_link")
    ]


_FIRST = {
    Role.STAFF: {"Visits today", "Waiting", "Seen", "No-shows, 7 days", "Inbox"},
    Role.CLINICIAN: {"Your visits today", "Seen in 7 days", "Open notes"},
    Role.ANALYST: {"Recently changed"},
    Role.ADMIN: {"Replication lag", "Connections", "Open alerts"},
    Role.PATIENT: {"Next visit", "Your visits in 12 months"},
}
# Shown to those who can complete a record.
_COMPLETING = "Records to complete"


@pytest.mark.parametrize("role", _FIRST)
def test_a_first_page_begins_with_what_a_role_looks_for(clinic: Clinic, role: Role):
    clinic.register(last_name="Latest")

    app = clinic.start(role)

    shown = set(texts_of(app))
    assert _FIRST[role] <= shown
    assert (_COMPLETING in shown) is (role in {Role.STAFF, Role.CLINICIAN})
    # No role's page is only a list without a chart; a patient without visits has none.
    assert app.get("vega_lite_chart") or role is Role.PATIENT


@pytest.mark.parametrize(
    ("role", "most"),
    [
        (Role.STAFF, 8),
        (Role.CLINICIAN, 11),
        (Role.ANALYST, 5),
        (Role.ADMIN, 7),
        (Role.PATIENT, 6),
    ],
)
def test_a_first_page_asks_the_databases_so_often_and_no_more(
    clinic: Clinic, role: Role, most: int, monkeypatch
):
    statements = []
    read = ActorDatabase.read

    def count(self, *given, **named):
        statements.append(given)
        return read(self, *given, **named)

    clinic.write(lambda s: s.execute(delete(SavedView)) and None)
    monkeypatch.setattr(ActorDatabase, "read", count)

    clinic.start(role)

    assert 1 <= len(statements) <= most


def test_a_first_page_loads_the_cluster_for_administrators_alone():
    loaded = PageImports.of("pages/home.py").modules

    assert "dashboard.ui.figures" in loaded
    for unneeded in ("services.cluster", "dashboard.cluster", "db.cluster"):
        assert not {name for name in loaded if f"{name}.".startswith(f"{unneeded}.")}

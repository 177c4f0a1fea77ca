"""What wants attention today, for each who looks."""

from datetime import date

from services.core.actors import Role
from services.patients.records import patients
from tests.pages.conftest import Clinic, rows_of


def test_what_is_incomplete_is_counted_and_listed(clinic: Clinic):
    clinic.register(last_name="Silent")
    clinic.register(last_name="Stated", no_known_allergies=True)
    app = clinic.start()

    counts = {metric.label: metric.value for metric in app.metric}
    app.button(key="home_allergies").click().run()

    names = {row[0].partition(",")[0] for row in rows_of(app)}
    assert int(counts["Allergies not stated"]) == len(rows_of(app))
    assert "Silent" in names
    assert "Stated" not in names
    assert not app.exception


def test_who_was_archived_is_listed_apart(clinic: Clinic):
    patient = clinic.register(last_name="Gone")
    clinic.write(
        lambda session: patients.archive(session, clinic.clerk, patient.id, version=1)
    )
    app = clinic.start()

    app.button(key="home_archived").click().run()

    assert [row[0].partition(",")[0] for row in rows_of(app)] == ["Gone"]
    assert not app.exception


def test_what_changed_last_comes_first(clinic: Clinic):
    patient = clinic.register(last_name="Latest")

    app = clinic.start()

    assert rows_of(app, "home_changed")[0][0].startswith("Latest")
    assert not app.exception
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
    assert not app.exception


def test_an_administrator_sees_servers_and_no_patient(clinic: Clinic):
    clinic.register(last_name="Private")

    app = clinic.start(Role.ADMIN)

    [sentence] = [element.value for element in (*app.success, *app.warning, *app.error)]
    assert sentence.startswith(("Safe", "At risk"))
    tables = {table.key for table in app.get("bidi_component")}
    assert not {"home_changed", "patients_table"} & tables
    assert not app.metric
    assert not app.exception

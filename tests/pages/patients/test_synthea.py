"""Synthea's patients on the front desk's pages: searched, filtered, opened, edited.

Their files are not part of the project: CHARTROOM_SYNTHEA names the folder. The command
that imports them is tested in tests/dashboard/cli/test_data_commands.py.
"""

import csv
from datetime import date
from pathlib import Path

import pytest

from services.core.actors import Role
from services.demo import importing
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.search.fields import PATIENTS
from tests.pages.conftest import Clinic, rows_of
from tests.services.demo.importing.test_real_synthea import SYNTHEA

pytestmark = pytest.mark.skipif(
    not (SYNTHEA / "patients.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)
ALLERGIC = Criteria(
    Group(
        members=(
            Filter("date_of_birth", Operator.GREATER_THAN, "1980-01-01"),
            Filter("allergies", Operator.HAS, "Aspirin"),
        )
    )
)


def allergic_to_aspirin_born_after_1980() -> int:
    """Count the matching patients in Synthea's own files."""
    with (SYNTHEA / "patients.csv").open(encoding="utf-8", newline="") as file:
        born = {row["Id"]: row["BIRTHDATE"] for row in csv.DictReader(file)}
    with (SYNTHEA / "allergies.csv").open(encoding="utf-8", newline="") as file:
        allergic = {
            row["PATIENT"]
            for row in csv.DictReader(file)
            if row["DESCRIPTION"] == "Aspirin"
        }
    return sum(born[patient] > "1980-01-01" for patient in allergic)


@pytest.fixture
def key(clinic: Clinic, tmp_path: Path) -> str:
    """Import all patients; return the key of the list of those to be found."""

    def take_over(session) -> str:
        folder = importing.Folder.find(SYNTHEA)
        with importing.RejectsFile(tmp_path / "rejects.csv").replacing() as listed:
            importing.import_synthea(
                session,
                clinic.cast[Role.ADMIN],
                folder,
                listed,
                today=date(2026, 11, 20),
                report=lambda _size: None,
            )
        return views.store_criteria(session, clinic.clerk, ALLERGIC, subject=PATIENTS)

    return clinic.write(take_over)


def test_synthea_is_filtered_searched_opened_edited_and_exported(
    clinic: Clinic, key: str
):
    expected = allergic_to_aspirin_born_after_1980()
    app = clinic.open("patients", list=key)
    assert (
        f"**{expected} patients born after 1 January 1980 and allergic to Aspirin**"
        in [element.value for element in app.markdown]
    )
    rows = rows_of(app)
    assert len(rows) == expected
    exported = clinic.write(
        lambda s: "".join(search.export_csv(s, clinic.clerk, ALLERGIC))
    )
    assert len(exported.splitlines()) == 1 + expected

    app.text_input(key="patients_search").set_value(rows[0][0].replace(",", "")).run()
    assert rows[0][0] in {row[0] for row in rows_of(app)}

    (patient, *_) = clinic.write(
        lambda s: search.list_patients(s, clinic.clerk, ALLERGIC).rows
    )
    app = clinic.open("edit", patient=patient.id)
    app.text_input(key="edit_phone_number").set_value("01632 960 960")
    app.button(key="edit_save").click().run()
    assert app.title[0].value == f"{patient.last_name}, {patient.first_name}"
    assert clinic.get(patient.id).phone_number == "01632960960"

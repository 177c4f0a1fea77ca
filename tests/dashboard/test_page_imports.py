"""Opening a page imports what it needs, and by then the server has imported it."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from benchmarks.page_imports import REGISTER, PageImports

MOST_MODULES = 180
# What a run of a page imports that it did not import when it was first opened.
LOADED_LATER = {
    "dashboard.audit.record_changes",
    "dashboard.consultations.prescriptions.patient_prescriptions",
    "dashboard.documents.forms.bulk_letters",
    "dashboard.patients.search.bulk_dialogs",
    "dashboard.visits.booking.own_holds",
    "db.cluster.patroni",
    "db.postgres.prepared",
    "services.cluster.operations",
    "services.consultations.prescriptions",
    "services.documents.records",
    "services.documents.search.cache",
    "services.pdf.inspecting",
    "services.pdf.signing",
    "services.people.accounts",
    "services.visits.figures.caches",
}


PAGES = (REGISTER, "pages/patients/patients.py", "pages/patients/patient.py")


@cache
def measured() -> dict[str, PageImports]:
    """Observe once what each page imports."""
    return PageImports.of_each(PAGES)


def modules_of(page: str) -> frozenset[str]:
    """Return the modules that a page imports."""
    return measured()[page].modules


def within(package: str, modules: frozenset[str]) -> set[str]:
    """Return the modules that are the package or inside it."""
    return {name for name in modules if f"{name}.".startswith(f"{package}.")}


@pytest.fixture
def registering() -> frozenset[str]:
    return modules_of(REGISTER)


@pytest.mark.parametrize(
    "unneeded",
    [
        "api",
        "db.cluster",
        "db.embedded",
        "services.cluster",
        "services.consultations",
        "services.documents",
        "services.pdf",
    ],
)
def test_a_page_of_patients_loads_nothing_of(unneeded, registering):
    assert not within(unneeded, registering)


@pytest.fixture(params=["patients", "patient"])
def of_patients(request) -> frozenset[str]:
    return modules_of(f"pages/patients/{request.param}.py")


@pytest.mark.parametrize(
    "unneeded",
    [
        "api",
        "dashboard.sign_in.routing",
        "services.audit",
        "services.cluster",
        "services.consultations.prescriptions",
        "services.consultations.summaries",
        "services.documents.forms",
        "services.pdf",
    ],
)
def test_a_page_about_patients_loads_later_what_is_chosen(unneeded, of_patients):
    """A PDF reader, a signer and the audit log are imported with what needs them."""
    assert "services.patients.records.patients" in of_patients
    assert not within(unneeded, of_patients)


@pytest.mark.parametrize("unneeded", ["services.documents", "services.people.accounts"])
def test_the_list_of_patients_loads_its_actions_when_one_is_chosen(unneeded):
    modules = modules_of("pages/patients/patients.py")

    assert "dashboard.patients.search.bulk_actions" in modules
    assert not within(unneeded, modules)


def test_registering_a_patient_loads_few_modules(registering):
    assert "services.patients.records.patients" in registering
    assert len(registering) <= MOST_MODULES


def test_a_server_has_loaded_before_its_first_visitor_what_pages_ask_for_later():
    ask = "import json, sys, dashboard.web.server; print(json.dumps([*sys.modules]))"
    result = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=Path(__file__).resolve().parents[2],
        check=True,
        capture_output=True,
        text=True,
    )

    assert set(json.loads(result.stdout)) >= LOADED_LATER

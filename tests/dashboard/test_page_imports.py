"""Opening a page loads what it needs, and the server has it loaded by then."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.page_imports import REGISTER, PageImports

MOST_MODULES = 180
# What is loaded while a page runs that did without at first.
ASKED_FOR_LATER = {
    "dashboard.visits.booking.held",
    "db.cluster.patroni",
    "services.cluster.operations",
    "services.consultations.prescriptions",
    "services.documents.records",
    "services.documents.search.cache",
    "services.pdf.inspecting",
    "services.pdf.signing",
    "services.people.accounts",
    "services.visits.figures.caches",
}


@pytest.fixture(scope="module")
def registering() -> frozenset[str]:
    return PageImports.of(REGISTER).modules


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
    loaded = {name for name in registering if f"{name}.".startswith(f"{unneeded}.")}

    assert not loaded


@pytest.mark.parametrize("page", ["patients", "patient"])
def test_a_page_that_lets_patients_in_loads_neither_sign_in_nor_api(page):
    loaded = PageImports.of(f"pages/patients/{page}.py").modules

    assert "dashboard.sign_in.account_emails" in loaded
    assert not loaded & {"dashboard.sign_in.routing", "services.cluster.operations"}
    assert not any(f"{name}.".startswith("api.") for name in loaded)


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

    assert set(json.loads(result.stdout)) >= ASKED_FOR_LATER

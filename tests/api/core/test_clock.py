"""Ages and days are by the clinic's clock, not by the server's."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from api.application import create_api
from api.core.dependencies import Stores
from services.core.actors import Role
from tests.api.conftest import ADA, Client
from tests.kit import cast


@pytest.fixture
def next_century(application, module_files, module_log, papers):
    """The same clinic, on Ada's hundredth birthday."""
    born = cast.ADA.date_of_birth
    later = datetime(born.year + 100, born.month, born.day, tzinfo=UTC)
    stores = Stores(
        application.database,
        module_files,
        module_log,
        application.limits,
        papers,
        monitor=application.monitor,
        runner=None,
        now=lambda: later,
    )
    with closing(Client(create_api(stores), application.tokens[Role.STAFF])) as client:
        yield client


@pytest.mark.parametrize("path", ["/api/v1/patients", "/patient-register"])
def test_ages_are_counted_by_the_clinics_clock(next_century, path):
    uuid = next_century.post("/api/v1/patients", ADA).json()["uuid"]
    aged = "0_field=age&0_operator=EQUAL&0_value=100"

    answer = next_century.get(
        f"{path}?{aged}&1_field=id&1_operator=EQUAL&1_value={uuid}"
    )

    patients = answer.json().get("patients") or answer.json().get("data")
    assert [patient["uuid"] for patient in patients] == [uuid]

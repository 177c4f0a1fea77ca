"""A program may not use a patient's e-mail for another; the refusal names the field."""

import pytest

from db.postgres import SYSTEM
from services.patients.records import unique_emails
from tests.api.conftest import ADA
from tests.kit import cast

PATIENTS = "/api/v1/patients"
GRACE = cast.body_of(cast.GRACE, "email")


@pytest.fixture(scope="module", autouse=True)
def _is_unique(application):
    admin = cast.act_as(cast.ADAM)
    application.database.write(
        lambda session: unique_emails.require_unique(session, admin, is_wanted=True),
        identity=SYSTEM,
    )


def test_every_way_of_writing_it_gives_the_same_sentence(client):
    client.post(PATIENTS, ADA)
    grace = client.post(PATIENTS, GRACE).json()
    taken = GRACE | {"email": "Ada@Example.org"}

    registered = client.post(PATIENTS, taken)
    changed = client.put(
        f"{PATIENTS}/{grace['uuid']}", taken, headers={"If-Match": '"1"'}
    )
    enveloped = client.post("/patient-register", taken)

    answers = (registered, changed, enveloped)
    assert {answer.status_code for answer in answers} == {400}
    assert registered.json() == changed.json()
    assert "the address of another patient" in registered.text
    assert enveloped.json()["data"]["property"] == "email"

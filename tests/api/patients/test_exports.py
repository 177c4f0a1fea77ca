"""Lists without names, and the export that has them for a reason."""

import csv
import io

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA

EXPORTS = "/api/v1/exports"
REASON = "The health office asks for contacts"


@pytest.fixture
def analyst(as_role):
    return as_role(Role.ANALYST)


@pytest.mark.parametrize("path", ["/api/v1/patients", "/patient-register"])
def test_an_analyst_is_answered_without_names(client, analyst, ada, path):
    mine = client.get(path).json()
    theirs = analyst.get(path).json()

    assert ADA["last_name"] in str(mine)
    assert ada["uuid"] in str(theirs)
    for hidden in ("last_name", "email", "date_of_birth"):
        assert hidden not in str(theirs)
        assert ADA[hidden] not in str(theirs)


@pytest.mark.parametrize(
    "query",
    [
        "0_field=last_name&0_operator=EQUAL&0_value=Lovelace",
        "orderBy=last_name",
        "search=lovelace",
    ],
)
def test_an_analyst_may_not_ask_about_names(analyst, query):
    answer = analyst.get(f"/api/v1/patients?{query}")

    assert answer.status_code == 403
    assert "lovelace" not in answer.text.lower()


def test_a_file_with_names_is_fetched_once(analyst, ada):
    granted = analyst.post(EXPORTS, {"reason": REASON})
    url = granted.json()["url"]

    first, second = analyst.get(url), analyst.get(url)

    assert granted.status_code == 201
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(first.text))}
    assert rows[ada["uuid"]]["last_name"] == ADA["last_name"]
    assert second.status_code == 409


def test_a_file_without_a_grant_has_no_names(analyst, ada):
    answer = analyst.get("/files/patients.csv")

    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert "last_name" not in rows[ada["uuid"]]
    assert rows[ada["uuid"]]["birth_year"] == ADA["date_of_birth"][:4]


def test_a_grant_is_good_for_nobody_else(analyst, client):
    url = analyst.post(EXPORTS, {"reason": REASON}).json()["url"]

    assert client.get(url).status_code == 403


def test_a_reason_that_says_nothing_is_refused(analyst):
    answer = analyst.post(EXPORTS, {"reason": "because"})

    assert answer.status_code == 400
    assert answer.json()["property"] == "reason"

"""Lists without names, and the export that has them for a reason."""

import csv
import io
from dataclasses import replace
from itertools import product
from time import sleep

import pytest

from api.core.answers import LSN_HEADER
from api.core.exports import ListExports
from api.patients import files
from db.postgres import SYSTEM
from services.core.actors import Role
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.search.fields import PATIENTS
from tests.api.conftest import ADA, NEWEST
from tests.kit import cast

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
    assert str(ADA["date_of_birth"][:4]) in str(theirs)
    assert ada["uuid"] not in str(theirs)
    assert "initials" not in str(theirs)
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


def test_a_file_refused_for_too_many_downloads_can_still_be_fetched(
    analyst, ada, monkeypatch
):
    url = analyst.post(EXPORTS, {"reason": REASON}).json()["url"]

    with monkeypatch.context() as full:
        nobody_more = property(lambda _: 0)
        full.setattr(ListExports, "_per_person", nobody_more, raising=False)
        refused = analyst.get(url)
    fetched = analyst.get(url)

    assert refused.status_code == 429
    assert fetched.status_code == 200
    assert ADA["last_name"] in fetched.text


def test_a_file_without_a_grant_has_no_names(client, analyst, ada):
    for number in range(5):
        client.post("/api/v1/patients", ADA | {"first_name": f"N{number}"})

    answer = analyst.get("/files/patients.csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert ADA["date_of_birth"][:4] in {row["birth_year"] for row in rows}
    assert not {"id", "initials", "last_name"} & set(rows[0])
    assert ada["uuid"] not in answer.text


def test_a_file_of_few_without_names_is_refused(application, analyst):
    key, seen = _kept(application, "birth_year", "1901")

    refused = analyst.get(f"/files/patients.csv?list={key}", headers=seen)

    assert refused.status_code == 403
    assert "fewer than 5 patients" in refused.text


def test_a_file_of_others_than_the_list_was_disclosed_of_is_refused(
    application, analyst, client, monkeypatch
):
    key, _ = _kept(application, "birth_year", "1912")
    # Five are too few to disclose also where fewer than five are not among them.
    for year, number in product((1913, 1912), range(5)):
        born = {"first_name": f"N{number}", "date_of_birth": f"{year}-12-12"}
        registered = client.post("/api/v1/patients", ADA | born)
    seen = {LSN_HEADER: registered.headers[LSN_HEADER]}
    path = f"/files/patients.csv?list={key}"
    file = analyst.get(path, headers=seen)
    disclose = files.disclose_list

    def disclose_others(*args, **more):
        answer = disclose(*args, **more)
        others = search.ListGroup(b"somebody" * 5)
        return replace(answer, listing=replace(answer.listing, group=others))

    monkeypatch.setattr(files, "disclose_list", disclose_others)

    refused = analyst.get(path, headers=seen)

    assert file.status_code == 200
    assert len(list(csv.DictReader(io.StringIO(file.text)))) == 5
    assert refused.status_code == 503
    assert "The list has changed" in refused.text


def _kept(application, field, value):
    """Keep a list of an analyst; return its key and what a read of it has to see."""
    actor = application.database.write(
        lambda session: cast.add_actor(session, cast.ANA, email=f"{value}@example.org"),
        identity=SYSTEM,
    ).value
    criteria = Criteria(Group(members=(Filter(field, Operator.EQUAL, value),)))
    written = application.database.write(
        lambda session: views.store_criteria(
            session, actor, criteria, subject=PATIENTS
        ),
        identity=actor.database_identity,
    )
    return written.value, {LSN_HEADER: str(written.lsn)}


@pytest.mark.parametrize("path", ["/api/v1/patients", "/patient-register"])
def test_an_analysts_list_of_few_is_refused(client, analyst, path):
    born = f"{path}?0_field=birth_year&0_operator=EQUAL&0_value="

    refused = analyst.get(f"{born}1901")

    assert client.get(f"{born}1901").status_code == 200
    assert refused.status_code == 403
    assert "A list of fewer than 5 patients" in refused.text


def test_an_analysts_list_is_told_until_few_have_changed(client, analyst):
    def register(first_name):
        body = ADA | {"first_name": first_name, "date_of_birth": "1911-11-11"}
        return client.post("/api/v1/patients", body)

    for name in ("Una", "Dora", "Tilda", "Vera", "Fanny", "Selma"):
        register(name)
        client.post("/api/v1/patients", ADA | {"first_name": f"{name}s"})
    path = "/patient-register?0_field=birth_year&0_operator=EQUAL&0_value=1911"

    answer = analyst.get(path)
    register("Septima")
    changed = analyst.get(path)

    assert (answer.json()["total"], len(answer.json()["data"])) == (6, 6)
    assert changed.status_code == 403
    assert "fewer than 5 have been added or removed" in changed.text


def test_a_list_without_names_has_the_rows_of_the_group_that_was_counted(
    client, analyst, monkeypatch
):
    """A patient who is registered meanwhile is not shown as the one row too many."""

    def register(first_name):
        body = ADA | {"first_name": first_name, "date_of_birth": "1907-07-07"}
        client.post("/api/v1/patients", body)

    for name in ("Una", "Dora", "Tilda", "Vera", "Fanny", "Selma"):
        register(name)
    find_group = search.find_group

    def find_and_register(*args, **more):
        group = find_group(*args, **more)
        register("Septima")
        # Until every server has replayed it.
        sleep(1)
        return group

    monkeypatch.setattr(search, "find_group", find_and_register)
    path = "/patient-register?0_field=birth_year&0_operator=EQUAL&0_value=1907"

    answer = analyst.get(path, headers=NEWEST).json()

    assert (answer["total"], len(answer["data"])) == (6, 6)


def test_a_grant_is_good_for_nobody_else(analyst, client):
    url = analyst.post(EXPORTS, {"reason": REASON}).json()["url"]

    assert client.get(url).status_code == 403


def test_a_reason_that_says_nothing_is_refused(analyst):
    answer = analyst.post(EXPORTS, {"reason": "because"})

    assert answer.status_code == 400
    assert answer.json()["property"] == "reason"

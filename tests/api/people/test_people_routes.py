"""People and tokens for programs: seen and shut out, but never let in."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from api.core.answers import LSN_HEADER
from api.people import people_routes
from db.postgres import ANONYMOUS, SYSTEM
from services.core.actors import Role, Scope
from services.people import sessions, tokens
from tests.api.conftest import Client
from tests.kit import cast
from tests.kit.waiting import eventually
from tests.services.people.people_samples import open_sessions


@pytest.fixture
def kept(module_engine):
    """The database as its owner sees it."""
    with Session(module_engine) as session:
        yield session


@pytest.fixture
def cleo(kept):
    """A colleague who is signed in."""
    user = cast.add_account(kept, Role.STAFF)
    sessions.start(kept, user.id, method="code", network=None, browser=None)
    kept.commit()
    return user


@pytest.fixture
def boss(as_role):
    return as_role(Role.ADMIN)


def issue(application, role=Role.STAFF, **given):
    return application.database.write(
        lambda session: tokens.issue(session, role, **given), identity=SYSTEM
    ).value


def now(application):
    """Return headers that make everything written visible, even past the API."""
    written = application.database.write(lambda _: None, identity=SYSTEM)
    return {LSN_HEADER: str(written.lsn)}


def token_of(application, boss, name):
    listed = boss.get("/api/v1/tokens", headers=now(application)).json()["tokens"]
    return next(token for token in listed if token["name"] == name)


def test_people_are_listed_with_what_administrators_need(application, boss, cleo):
    listed = boss.get("/api/v1/people", headers=now(application)).json()["people"]

    shown = {person["name"]: person for person in listed}
    assert {cast.ROSA.name, cast.MAYA.name, cleo.name} <= set(shown)
    assert shown[cleo.name]["standing"] == "active"
    assert not any("token" in field or "hash" in field for field in shown[cleo.name])


def test_people_are_listed_by_role(boss):
    listed = boss.get("/api/v1/people?role=analyst").json()["people"]

    assert {person["role"] for person in listed} == {"analyst"}
    assert boss.get("/api/v1/people?role=king").status_code == 400


def test_somebody_is_shut_out_at_once(boss, kept, cleo):
    answer = boss.post(f"/api/v1/people/{cleo.id}/deactivate")

    assert answer.json()["standing"] == "deactivated"
    assert boss.get(f"/api/v1/people/{cleo.id}").json() == answer.json()
    assert open_sessions(kept, cleo) == 0


def test_the_last_administrator_stays(boss):
    listed = boss.get("/api/v1/people?role=admin").json()["people"]
    (ines,) = [person for person in listed if person["standing"] == "active"]

    answer = boss.post(f"/api/v1/people/{ines['uuid']}/deactivate")

    assert answer.status_code == 409
    assert "last administrator" in answer.json()["detail"]


def test_a_token_is_listed_without_itself_and_revoked(application, boss):
    name = uuid4().hex
    token = issue(application, name=name, scopes=[Scope.READ_DOCTORS])
    shown = token_of(application, boss, name)
    assert (shown["scopes"], shown["is_live"]) == (["doctors:read"], True)
    assert token not in str(shown)

    answer = boss.delete(f"/api/v1/tokens/{shown['uuid']}")

    assert answer.status_code == 204
    assert not token_of(application, boss, name)["is_live"]


def test_a_scope_limits_what_a_program_may(application):
    client = Client(application.app, issue(application, scopes=[Scope.READ_DOCTORS]))

    refused = client.get("/api/v1/patients")
    client.close()

    assert refused.status_code == 403
    assert "made for less" in refused.json()["detail"]


def test_the_last_use_of_a_token_is_shown(application, boss):
    name = uuid4().hex
    client = Client(application.app, issue(application, name=name))
    assert token_of(application, boss, name)["last_used_at"] is None

    client.get("/api/v1/health")
    client.close()

    eventually(lambda: token_of(application, boss, name)["last_used_at"])


@pytest.mark.parametrize(
    "path", ["/people", "/people/{uuid}/role", "/people/{uuid}/reactivate", "/tokens"]
)
def test_nobody_is_let_in_by_a_program(boss, path):
    path = path.replace("{uuid}", str(uuid4()))

    for method in ("POST", "PUT", "PATCH"):
        answer = boss.ask(method, f"/api/v1{path}", json={"role": "admin"})
        assert answer.status_code in {404, 405}


def test_a_signed_in_browser_is_no_program(application, cleo):
    def start(session):
        return sessions.start(
            session, cleo.id, method="code", network=None, browser=None
        )

    started = application.database.write(start, identity=ANONYMOUS)
    browser = Client(application.app)

    answer = browser.get(
        "/api/v1/people", headers={"Cookie": f"chartroom={started.value.token}"}
    )
    browser.close()

    assert answer.status_code == 401


def test_many_people_are_listed_page_by_page(application, boss, cleo, monkeypatch):
    everybody = boss.get("/api/v1/people", headers=now(application)).json()
    monkeypatch.setattr(people_routes, "_MOST", 2)
    listed, after = [], ""
    while after is not None:
        page = boss.get("/api/v1/people", params={"after": after} if after else {})
        listed += page.json()["people"]
        after = page.json()["next"]
    gone = boss.get(f"/api/v1/people?after={uuid4()}")

    assert everybody["next"] is None
    assert listed == everybody["people"]
    assert len(listed) > 2
    assert (gone.status_code, gone.json()["property"]) == (400, "after")

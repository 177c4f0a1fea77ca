"""A patient lets an app read their record by SMART's standalone launch, and no more."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
from authlib.oauth2.rfc6749 import OAuth2Error
from sqlalchemy import func, select, update

from api.fhir.apps.authorization import AppAuthorization
from db.models.audit import AuditEvent
from db.models.user import ApiToken, AuthorizationCode, PatientApp, User
from db.postgres import ANONYMOUS, SYSTEM
from db.postgres.connections.failures import Refused
from services.core import throttling
from services.core.actors import Actor, Role
from services.core.errors import NotAllowed
from services.people import patient_apps
from services.people.patient_apps import consenting
from tests.api.conftest import Application, Client
from tests.kit import cast
from tests.kit.backend_services import AUDIENCE
from tests.kit.patient_apps import CALLBACK, CLINIC, DiaryApp, register
from tests.services.people.people_samples import desk


@pytest.fixture
def app(application: Application) -> DiaryApp:
    return register(application.database)


@pytest.fixture
def maya(application: Application) -> Actor:
    """A patient whom no other test uses."""
    return application.database.write(
        lambda s: cast.add_patient_actor(s, cast.add_patient(s)), identity=SYSTEM
    ).value


@pytest.fixture
def grace_id(application: Application):
    """The id of another patient's record."""
    return application.database.write(
        lambda s: cast.add_patient(s, cast.GRACE).id, identity=SYSTEM
    ).value


@pytest.fixture
def code(application, app, maya) -> str:
    """The code that the app gets after Maya's consent."""
    return app.allowed(application.database, maya)


@pytest.fixture
def read_as(application):
    """Returns a program that calls with the token of an answer."""
    opened: list[Client] = []

    def make(answer) -> Client:
        assert answer.status_code == 200, answer.text
        client = Client(application.app, answer.json()["access_token"])
        client._position.lsn = "FFFFFFFF/0"
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def let_in(application, app, maya, stranger, read_as):
    """Lets the app in for Maya, and returns its program."""

    def make(**parameters):
        code = app.allowed(application.database, maya, **parameters)
        return read_as(app.exchange(stranger, code))

    return make


def refused(answer, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "access_token" not in answer.text


def test_a_consent_is_told_to_the_app_at_its_address(application, app, maya):
    led_back = app.decided(application.database, maya)

    assert (led_back["state"], led_back["iss"]) == ("a state", f"{CLINIC}/fhir")
    assert set(led_back) == {"code", "state", "iss"}


def test_a_consent_is_worth_a_token_that_reads_ones_own_record(
    app, maya, code, stranger, read_as
):
    answer = app.exchange(stranger, code)

    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert body["patient"] == str(maya.patient_id)
    assert set(body) == {
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "patient",
    }
    granted = body["scope"].split()
    assert granted[0] == "launch/patient"
    assert "patient/Encounter.rs" in granted
    diary = read_as(answer)
    own = diary.get(f"/fhir/Patient/{body['patient']}")
    assert (own.status_code, own.json()["id"]) == (200, body["patient"])
    allergies = diary.get("/fhir/AllergyIntolerance").json()["entry"]
    whose = {entry["resource"]["patient"]["reference"] for entry in allergies}
    assert whose == {f"Patient/{maya.patient_id}"}


def test_an_app_reads_nobody_elses_record(let_in, grace_id):
    diary = let_in()

    for path in (
        f"/fhir/Patient/{grace_id}",
        f"/fhir/AllergyIntolerance?patient={grace_id}",
        f"/fhir/Patient/{grace_id}/$summary",
    ):
        other = diary.get(path)
        assert other.status_code in {403, 404} or not other.json().get("entry"), path
        assert cast.GRACE.last_name not in other.text


def test_what_is_told_of_it_is_what_there_is(stranger):
    smart = stranger.get("/fhir/.well-known/smart-configuration").json()
    security = stranger.get("/fhir/metadata").json()["rest"][0]["security"]

    authorize = f"{CLINIC}/sign-in/app"
    assert smart["authorization_endpoint"] == authorize
    assert smart["response_types_supported"] == ["code"]
    assert smart["authorization_response_iss_parameter_supported"] is True
    assert smart["code_challenge_methods_supported"] == ["S256"]
    for name in ("introspection_endpoint", "revocation_endpoint", "issuer", "jwks_uri"):
        assert name not in smart
    offered = {"launch-standalone", "client-public", "context-standalone-patient"}
    assert offered | {"permission-patient"} <= set(smart["capabilities"])
    for word in ("sso-openid-connect", "permission-offline", "launch-ehr"):
        assert word not in smart["capabilities"]
    scopes = set(smart["scopes_supported"])
    assert not scopes & {"openid", "fhirUser", "offline_access", "online_access"}
    own = {
        scope.split("/")[1].partition(".")[0] for scope in scopes if "patient/" in scope
    }
    assert own - {"*"} == set(patient_apps.APP_TYPES)
    [uris] = security["extension"]
    assert {
        extension["url"]: extension["valueUri"] for extension in uris["extension"]
    } == {
        "authorize": authorize,
        "token": AUDIENCE,
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/fhir/Patient", {"resourceType": "Patient"}),
        ("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction"}),
        ("POST", "/fhir/Appointment/$hold", {"resourceType": "Parameters"}),
        ("GET", "/fhir/$export", None),
        ("GET", "/api/v1/me/record", None),
        ("GET", "/api/v1/appointments", None),
        ("GET", "/fhir/Condition?patient=x", None),
        ("GET", "/fhir/AuditEvent", None),
    ],
)
def test_an_app_writes_nothing_and_reads_nothing_else(let_in, method, path, body):
    diary = let_in()

    answer = diary.ask(method, path, json=body) if body else diary.get(path)

    assert answer.status_code in {403, 404}, answer.text
    # No scope would open it, so none is named for an app to request in vain.
    assert "scope=" not in answer.headers.get("WWW-Authenticate", "")
    assert "request" not in answer.text


def test_an_app_reads_the_types_that_were_granted_and_no_others(let_in, maya):
    diary = let_in(scope="patient/AllergyIntolerance.s openid patient/Condition.rs")

    assert diary.get("/fhir/AllergyIntolerance").status_code == 200
    assert diary.get(f"/fhir/Patient/{maya.patient_id}").status_code == 403
    assert diary.get("/fhir/Appointment").status_code == 403
    assert diary.get(f"/fhir/AllergyIntolerance/{uuid4()}").status_code == 403


def test_what_was_not_registered_is_not_granted(application, maya, stranger):
    app = register(application.database, "Patient", "Slot")

    code = app.allowed(
        application.database,
        maya,
        scope="openid patient/*.read patient/Encounter.rs patient/Patient.cruds",
    )

    granted = app.exchange(stranger, code).json()["scope"]
    assert granted == "patient/Patient.rs patient/Slot.rs"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"scope": "openid fhirUser"}, "invalid_scope"),
        ({"scope": "launch/patient"}, "invalid_scope"),
        ({"scope": "system/Patient.rs"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'to"ken'}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
    ],
)
def test_a_mistake_is_told_to_the_app_at_its_address(
    application, app, maya, parameters, error
):
    led_back = app.decided(application.database, maya, **parameters)

    assert led_back["error"] == error
    assert (led_back["state"], led_back["iss"]) == ("a state", f"{CLINIC}/fhir")
    assert "code" not in led_back


@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": None, "code_challenge_method": None},
    ],
)
def test_asvs_10_4_6_without_pkce_by_s256_there_is_no_code(
    application, app, maya, parameters
):
    led_back = app.decided(application.database, maya, **parameters)

    assert led_back["error"] == "invalid_request"
    assert "code" not in led_back


@pytest.mark.parametrize(
    "parameters",
    [
        {"redirect_uri": None},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?more=1"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": 'https://evil.example/"\u00e4'},
        {"redirect_uri": "https://evil.example", "response_type": "token"},
        {"client_id": None},
        {"client_id": str(uuid4())},
        {"client_id": "no id"},
    ],
)
def test_asvs_10_4_1_nobody_is_led_to_an_address_that_is_not_registered(
    application, app, maya, parameters
):
    with pytest.raises(OAuth2Error) as refusal:
        app.decided(application.database, maya, **parameters)

    assert not refusal.value.redirect_uri


def test_who_refuses_gives_no_code(application, app):
    led_back = app.decided(application.database, None)

    assert led_back["error"] == "access_denied"
    assert (led_back["state"], led_back["iss"]) == ("a state", f"{CLINIC}/fhir")
    assert "code" not in led_back


def test_only_a_patient_with_a_record_lets_an_app_in(application, app):
    for role in set(Role) - {Role.PATIENT}:
        somebody = application.people[role]

        def decide(session, somebody=somebody):
            return AppAuthorization(session, CLINIC).decide(app.asks(), somebody)

        with pytest.raises(NotAllowed):
            application.database.write(decide, identity=SYSTEM)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"code_verifier": "v" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "https://elsewhere.example"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"client_id": None}, "invalid_client"),
        ({"client_id": str(uuid4())}, "invalid_client"),
        ({"client_id": "no id"}, "invalid_client"),
        ({"client_secret": "anything"}, "invalid_client"),
        ({"code": "c" * 48}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
    ],
)
def test_a_code_is_worth_nothing_to_somebody_else(app, code, stranger, sent, error):
    refused(app.exchange(stranger, code, **sent), error)


def test_a_code_belongs_to_one_app(application, app, maya, stranger):
    other = register(application.database)
    other.verifier = app.verifier
    code = app.allowed(application.database, maya)

    refused(other.exchange(stranger, code), "invalid_grant")


def test_a_code_that_failed_once_is_used_up(app, code, stranger):
    refused(app.exchange(stranger, code, code_verifier="v" * 43), "invalid_grant")

    refused(app.exchange(stranger, code), "invalid_grant")


def test_asvs_10_4_2_a_code_counts_once_and_its_token_ends_when_it_comes_back(
    application, app, maya, stranger, read_as
):
    code = app.allowed(application.database, maya)
    diary = read_as(app.exchange(stranger, code))
    assert diary.get("/fhir/AllergyIntolerance").status_code == 200

    refused(app.exchange(stranger, code), "invalid_grant")

    assert _live(application, app) == 0


def test_asvs_10_4_3_a_code_holds_for_a_minute(
    application, app, maya, stranger, monkeypatch
):
    monkeypatch.setattr(consenting, "CODE_SECONDS", -1)
    code = app.allowed(application.database, maya)
    refused(app.exchange(stranger, code), "invalid_grant")

    # A longer lifetime would require changing a rule of the database as well.
    monkeypatch.setattr(consenting, "CODE_SECONDS", 61)
    with pytest.raises(Refused):
        app.allowed(application.database, maya)


def _live(application, app) -> int:
    return application.database.read_latest(
        lambda s: s.scalar(
            select(func.count())
            .select_from(ApiToken)
            .where(
                ApiToken.app_id == app.id,
                ApiToken.revoked_at.is_(None),
                ApiToken.expires_at > func.now(),
            )
        ),
        identity=SYSTEM,
    ).value


def test_an_app_that_is_removed_has_nothing_at_once(
    application, app, maya, stranger, let_in
):
    let_in()
    waiting = app.allowed(application.database, maya)

    def remove(session):
        patient_apps.remove(session, desk(session).actor, app.id)

    application.database.write(remove, identity=SYSTEM)

    assert _live(application, app) == 0
    refused(app.exchange(stranger, waiting), "invalid_client")
    with pytest.raises(OAuth2Error):
        app.decided(application.database, maya)


def test_asvs_10_7_3_a_patient_ends_what_they_have_let_in(
    application, app, maya, let_in
):
    let_in(scope="patient/Encounter.rs patient/Slot.rs")
    identity = maya.database_identity

    [shown] = application.database.read_latest(
        lambda s: patient_apps.list_allowed(s, maya), identity=identity
    ).value
    application.database.write(
        lambda s: patient_apps.end(s, maya, app.id), identity=identity
    )

    assert (shown.id, shown.resource_types) == (app.id, ("Slot", "Encounter"))
    assert _live(application, app) == 0
    left = application.database.read_latest(
        lambda s: patient_apps.list_allowed(s, maya), identity=identity
    ).value
    assert left == ()


def test_a_patient_ends_nothing_of_somebody_elses(application, app, maya, let_in):
    let_in()
    other = application.database.write(
        lambda s: cast.add_patient_actor(s, cast.add_patient(s, cast.GRACE)),
        identity=SYSTEM,
    ).value

    application.database.write(
        lambda s: patient_apps.end(s, other, app.id), identity=other.database_identity
    )

    assert _live(application, app) == 1


def test_who_is_let_in_no_more_has_no_app_either(application, app, maya, stranger):
    code = app.allowed(application.database, maya)
    application.database.write(
        lambda s: s.execute(
            update(User).where(User.id == maya.id).values(deactivated_at=func.now())
        ),
        identity=SYSTEM,
    )

    refused(app.exchange(stranger, code), "invalid_grant")


def test_the_log_says_by_which_app_a_record_was_read(application, app, maya, let_in):
    diary = let_in()
    assert diary.get(f"/fhir/Patient/{maya.patient_id}").status_code == 200

    def events(session):
        name = session.scalar(select(PatientApp.name).where(PatientApp.id == app.id))
        event_rows = session.execute(
            select(AuditEvent.action, AuditEvent.details, AuditEvent.actor_id).where(
                AuditEvent.actor_id == maya.id
            )
        ).all()
        return name, event_rows

    name, rows = application.database.read_latest(events, identity=SYSTEM).value
    by_action = {row.action: row.details for row in rows}
    assert by_action["app:allow"]["name"] == name
    assert by_action["patient:read"]["app"] == name
    assert "token:issue" in by_action


def test_no_code_and_no_token_is_logged(application, app, maya, stranger, caplog):
    caplog.set_level(logging.DEBUG)
    code = app.allowed(application.database, maya)
    token = app.exchange(stranger, code).json()["access_token"]
    refused(app.exchange(stranger, code), "invalid_grant")

    def details(session):
        return str(session.execute(select(AuditEvent.details)).all())

    written = application.database.read_latest(details, identity=SYSTEM).value
    for secret in (code, token, app.verifier):
        assert secret not in caplog.text
        assert secret not in written


def test_whoever_tries_codes_is_stopped(application, app, stranger, monkeypatch):
    monkeypatch.setattr(
        throttling, "UNKNOWN_TOKENS", throttling.Limit(uuid4().hex, 1, 60)
    )
    refused(app.exchange(stranger, "c" * 48), "invalid_grant")

    stopped = app.exchange(stranger, "c" * 48)

    assert (stopped.status_code, stopped.json()["error"]) == (
        429,
        "temporarily_unavailable",
    )


def test_who_has_tried_too_often_uses_no_code_up(
    application, app, maya, stranger, monkeypatch
):
    code = app.allowed(application.database, maya)
    few = throttling.Limit(uuid4().hex, 1, 60)
    monkeypatch.setattr(throttling, "TOKEN_TRIES", few)
    refused(app.exchange(stranger, "c" * 48), "invalid_grant")

    stopped = app.exchange(stranger, code)

    assert stopped.status_code == 429
    monkeypatch.undo()
    assert app.exchange(stranger, code).status_code == 200


def test_all_addresses_of_a_network_try_so_often_together(
    application, app, monkeypatch
):
    monkeypatch.setattr(throttling, "TOKEN_TRIES", throttling.Limit(uuid4().hex, 1, 60))
    with (
        closing(Client(application.app, address="2001:db8:7:7::1")) as first,
        closing(Client(application.app, address="2001:db8:7:7::2")) as second,
    ):
        refused(app.exchange(first, "c" * 48), "invalid_grant")

        assert app.exchange(second, "c" * 48).status_code == 429


def test_a_burst_has_no_more_tries_than_are_allowed(
    application, app, stranger, monkeypatch
):
    monkeypatch.setattr(throttling, "TOKEN_TRIES", throttling.Limit(uuid4().hex, 3, 60))
    tried = []
    redeem = patient_apps.redeem
    monkeypatch.setattr(
        patient_apps, "redeem", lambda *given: (tried.append(1), redeem(*given))[1]
    )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.exchange(stranger, "c" * 48), range(8)))

    assert sorted(answer.status_code for answer in answers) == [400] * 3 + [429] * 5
    assert len(tried) == 3


def test_the_database_gives_the_door_no_token_without_a_code(application, app, maya):
    def issue(session):
        session.add(
            ApiToken(
                user_id=maya.id,
                token_hash=uuid4().bytes,
                scopes=["patient/Patient.rs"],
                app_id=app.id,
                expires_at=func.now() + timedelta(minutes=5),
            )
        )
        session.flush()

    app.allowed(application.database, maya)
    with pytest.raises(Refused):
        application.database.write(issue, identity=ANONYMOUS)


def test_what_is_over_is_forgotten(application, app, maya, let_in):
    let_in()

    def forget(session):
        patient_apps.forget(
            session, session.scalar(select(func.now())) + timedelta(days=3)
        )
        return [
            session.scalar(
                select(func.count()).select_from(table).where(table.app_id == app.id)
            )
            for table in (AuthorizationCode, ApiToken)
        ]

    assert application.database.write(forget, identity=SYSTEM).value == [0, 0]

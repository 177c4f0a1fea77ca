"""Systems request tokens with a signature, and get none without a valid one."""

import base64
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from api.fhir.table import SERVED
from db.models.audit import AuditEvent
from db.models.user import ApiToken, ConnectedSystem
from db.postgres import SYSTEM
from services.core import throttling
from services.core.actors import Role, Scope
from services.core.throttling import Limit
from services.people import connected_systems, tokens
from tests.api.conftest import Application, Client
from tests.kit.backend_services import (
    AUDIENCE,
    BackendService,
    connect,
    ec_key,
    jwks_of,
    rsa_key,
)
from tests.kit.waiting import eventually
from tests.services.people.people_samples import desk

ALL_OF_THE_DESK = tokens.resource_types_of(Role.STAFF)


@pytest.fixture
def system(application: Application) -> BackendService:
    """A connected system that may read patients and documents."""
    return connect(application.database, "Patient", "DocumentReference")


def program_of(application: Application, answer: Any) -> Client:
    """Return a program that calls with the token of an answer."""
    assert answer.status_code == 200, answer.text
    client = Client(application.app, answer.json()["access_token"])
    client._position.lsn = "FFFFFFFF/0"
    return client


@pytest.fixture
def open_with(application, stranger):
    """Connects a system with these types; returns a program with its scopes."""
    opened: list[Client] = []

    def make(*types: str, role: Role = Role.STAFF, scope: str | None = None) -> Client:
        system = connect(application.database, *types, role=role)
        answer = system.ask(stranger, scope or "system/*.rs")
        opened.append(program_of(application, answer))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.mark.parametrize(
    ("algorithm", "key"), [("RS384", rsa_key), ("ES384", ec_key)], ids=["RSA", "EC"]
)
def test_a_signature_is_worth_a_token_for_five_minutes(
    application, system, stranger, algorithm, key
):
    system.key, system.algorithm = key(), algorithm

    answer = system.ask(stranger, "system/Patient.rs")

    body = answer.json()
    assert (answer.status_code, body["token_type"]) == (200, "bearer")
    assert (body["expires_in"], body["scope"]) == (300, "system/Patient.rs")
    assert answer.headers["Cache-Control"] == "no-store"
    program = program_of(application, answer)
    assert program.get("/fhir/Patient").json()["type"] == "searchset"
    program.close()


def test_what_is_told_of_it_is_what_there_is(stranger):
    smart = stranger.get("/fhir/.well-known/smart-configuration")
    statement = stranger.get("/fhir/metadata").json()

    configuration = smart.json()
    assert smart.headers["content-type"] == "application/json"
    assert configuration["token_endpoint"] == AUDIENCE
    # With apps of patients, which have no secret: see test_patient_apps.py.
    assert configuration["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
    ]
    methods = configuration["token_endpoint_auth_methods_supported"]
    assert methods == ["private_key_jwt", "none"]
    assert "client-confidential-asymmetric" in configuration["capabilities"]
    scopes = [
        scope
        for scope in configuration["scopes_supported"]
        if scope.startswith("system/")
    ]
    assert {text.split("/")[1].split(".")[0] for text in scopes} == {
        "*",
        *tokens.RESOURCE_RIGHTS,
    }
    security = statement["rest"][0]["security"]
    [uris] = security["extension"]
    assert {"url": "token", "valueUri": AUDIENCE} in uris["extension"]
    codes = {service["coding"][0]["code"] for service in security["service"]}
    assert codes == {"OAuth", "SMART-on-FHIR"}


def test_the_types_that_have_scopes_are_those_that_are_served():
    # The definitions of the export operations need no scope.
    served = {kind.name for kind in SERVED} - {"OperationDefinition"}
    assert set(tokens.RESOURCE_RIGHTS) == served


@pytest.mark.parametrize("role", sorted(Role))
def test_what_a_role_may_be_registered_for_is_what_it_may_read(as_role, role):
    client = as_role(role)
    open_to = {
        kind.name
        for kind in SERVED
        if kind.name in tokens.RESOURCE_RIGHTS
        for path in (f"/fhir/{kind.name}", f"/fhir/{kind.name}/{uuid4()}")
        # Binaries cannot be searched.
        if client.get(path).status_code not in {403, 405}
        and (kind.search or path.count("/") > 2)
    }

    assert set(tokens.resource_types_of(role)) == open_to


def _with(header=None, **claims):
    return lambda system: system.sign(header, **claims)


def _in_seconds(**from_now: int):
    """Return a signer with claims relative to when it signs, not to test collection."""

    def sign(system: BackendService) -> str:
        at = int(time.time())
        return system.sign(None, **{name: at + s for name, s in from_now.items()})

    return sign


def _unsigned(system: BackendService) -> str:
    return _encoded({"alg": "none", "kid": "first"}, system.claims(), b"")


def _encoded(header: dict[str, Any], claims: dict[str, Any], signature: bytes) -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts)


def _with_the_public_key_as_secret(system: BackendService) -> str:
    # The library refuses to sign anything of the kind.
    unsigned = _encoded({"alg": "HS256", "kid": "first"}, system.claims(), b"")
    signed = unsigned.rpartition(".")[0]
    secret = rsa_key().as_pem(private=False)
    digest = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _by(key, algorithm="RS384"):
    return lambda system: BackendService(system.id, key(), algorithm).sign()


def _tampered(system: BackendService) -> str:
    head, _, signature = system.sign().split(".")
    claims = json.dumps(system.claims(sub=str(system.id), aud=AUDIENCE)).encode()
    return f"{head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{signature}"


def _as_it_is(text: str):
    return lambda _: text


ATTACKS = {
    "alg none": (_unsigned, "alg is one of"),
    "HS256 with the public key": (_with_the_public_key_as_secret, "alg is one of"),
    "an algorithm of another key": (
        _with({"kid": "curve"}),
        "The signature does not hold",
    ),
    "RS256": (_by(rsa_key, "RS256"), "alg is one of"),
    "claims exchanged": (_tampered, "The signature does not hold"),
    "for somebody else": (
        _with(aud="https://elsewhere.example/token"),
        "aud is the address",
    ),
    "for the address of the request": (
        _with(aud="http://127.0.0.1:8501/fhir/auth/token"),
        "aud is the address",
    ),
    "for nobody": (_with(aud=None), "aud is the address"),
    "expired": (_in_seconds(exp=-60), "exp is over"),
    "for an hour": (_in_seconds(exp=3600), "more than five minutes"),
    "for ever": (_with(exp=None), "numbers of seconds"),
    "until no number": (_with(exp=float("nan")), "exp is over"),
    "not yet": (_in_seconds(nbf=200), "not to come yet"),
    "without a jti": (_with(jti=None), "jti is missing"),
    "of two": (_with(iss=str(uuid4())), "iss and sub"),
    "a foreign kid": (_with({"kid": "nobodys"}), "kid is none of"),
    "without a kid": (_with({"kid": None}), "kid is missing"),
    "a foreign key under our kid": (
        lambda system: BackendService(system.id, _impostor()).sign(),
        "The signature does not hold",
    ),
    "a jku of its own": (
        _with({"jku": "https://attacker.example/jwks"}),
        "jku is not the address",
    ),
    "of another type": (_with({"typ": "at+jwt"}), "typ is JWT"),
    "not signed at all": (_as_it_is("a.b.c"), "no signed JWT"),
    "nested without end": (_as_it_is(f"e30.{'W1tb' * 900}.e30"), "no signed JWT"),
    "longer than any": (_as_it_is(f"e30.{'a' * 9000}.e30"), "no signed JWT"),
}


def _impostor():
    key = rsa_key("impostor")
    return type(key).import_key(key.as_dict(private=True) | {"kid": "first"})


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_proves_nothing_is_worth_nothing(system, stranger, attack):
    make, why = ATTACKS[attack]

    answer = system.ask(stranger, "system/Patient.rs", make(system))

    body = answer.json()
    assert answer.status_code == 400, body
    assert body["error"] == "invalid_client"
    assert why in body["error_description"]
    assert "access_token" not in body


def test_a_statement_counts_once(system, stranger):
    assertion = system.sign()
    first = system.ask(stranger, "system/Patient.rs", assertion)

    again = system.ask(stranger, "system/Patient.rs", assertion)

    assert first.status_code == 200
    assert again.json()["error"] == "invalid_client"
    assert "jti was used" in again.json()["error_description"]


def test_a_statement_counts_although_its_scope_was_refused(system, stranger):
    assertion = system.sign()
    refused = system.ask(stranger, "system/AuditEvent.rs", assertion)

    again = system.ask(stranger, "system/Patient.rs", assertion)

    assert refused.json()["error"] == "invalid_scope"
    assert "jti was used" in again.json()["error_description"]


def test_two_systems_may_have_the_same_jti(application, system, stranger):
    other = connect(application.database, "Patient")

    answers = [
        client_system.ask(stranger, "system/Patient.rs", client_system.sign(jti="1"))
        for client_system in (system, other)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "system/AuditEvent.rs",
        "system/Practitioner.rs system/Encounter.rs",
        "system/Patient.rs system/Patient.cruds",
        "system/Patient.cruds",
        "system/Patient.rs?name=Ada",
        "user/Patient.rs",
        "patient/*.rs",
        "patients:read",
        "openid",
        "system/Patient.rs\u00a0",
    ],
)
def test_what_gives_nothing_or_is_no_scope_is_refused(system, stranger, scope):
    answer = system.ask(stranger, scope)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("scope", "given"),
    [
        ("system/*.rs", "system/DocumentReference.rs system/Patient.rs"),
        ("system/*.read", "system/DocumentReference.rs system/Patient.rs"),
        ("system/Patient.s system/Patient.r", "system/Patient.rs"),
        ("system/Patient.s", "system/Patient.s"),
        # Other vendors' clients request everything that they can make use of.
        ("system/Patient.rs system/Encounter.rs", "system/Patient.rs"),
        ("system/Claim.read system/Patient.read", "system/Patient.rs"),
    ],
)
def test_what_is_given_is_told(system, stranger, scope, given):
    assert system.ask(stranger, scope).json()["scope"] == given


@pytest.mark.parametrize("name", ALL_OF_THE_DESK)
def test_each_type_is_opened_by_its_scope_and_no_other_type_is(open_with, name):
    program = open_with(name)

    answered = {
        kind.name: program.get(f"/fhir/{kind.name}/{uuid4()}") for kind in SERVED
    }

    # A Provenance is about a resource, whose scope is needed as well. Groups exist to
    # be exported, for a purpose: see test_groups_of_systems.py.
    own = {name} - {"Provenance", "Group"}
    assert {n for n, a in answered.items() if a.status_code != 403} == own
    for refusal in (a for a in answered.values() if a.status_code == 403):
        assert refusal.json()["issue"][0]["code"] == "forbidden"


def test_reading_is_not_searching(open_with, ada):
    reads = open_with("Patient", scope="system/Patient.r")
    searches = open_with("Patient", scope="system/Patient.s")

    path = f"/fhir/Patient/{ada['uuid']}"
    assert (reads.get(path).status_code, searches.get(path).status_code) == (200, 403)
    for method, address in (
        ("GET", "/fhir/Patient"),
        ("POST", "/fhir/Patient/_search"),
    ):
        refused = reads.ask(method, address)
        assert refused.status_code == 403
        assert refused.headers["WWW-Authenticate"].endswith(
            'error="insufficient_scope", scope="system/Patient.rs"'
        )
        assert searches.ask(method, address).status_code == 200


def test_nothing_is_written_and_nothing_else_is_read(open_with, ada):
    program = open_with(*ALL_OF_THE_DESK)

    refused = [
        program.post("/fhir/Patient", {"resourceType": "Patient"}),
        program.post("/fhir", {"resourceType": "Bundle"}),
        program.post("/fhir/Appointment/$hold", {"resourceType": "Parameters"}),
        program.post("/fhir/Appointment/$book", {"resourceType": "Parameters"}),
        program.get(f"/api/v1/patients/{ada['uuid']}"),
        program.get("/api/v1/patients"),
        program.get("/patient-register"),
        program.get("/api/v1/tokens"),
        program.get("/files/patients.csv?list=none"),
        program.put(f"/api/v1/patients/{ada['uuid']}", {}),
    ]

    assert [answer.status_code for answer in refused] == [403] * len(refused)
    challenges = {answer.headers["WWW-Authenticate"] for answer in refused}
    assert challenges == {'Bearer realm="Chartroom", error="insufficient_scope"'}
    proposals = program.get("/fhir/Appointment/$find?start=2026-11-23&end=2026-11-24")
    assert proposals.status_code == 200


def test_who_made_a_record_is_told_with_both_scopes_only(open_with, ada):
    both = open_with("Patient", "Provenance")
    path = f"/fhir/Provenance?target=Patient/{ada['uuid']}"
    with_them = f"/fhir/Patient?_id={ada['uuid']}&_revinclude=Provenance:target"

    assert both.get(path).status_code == 200
    assert both.get(with_them).status_code == 200
    assert open_with("Patient").get(with_them).status_code == 403
    # Allergies are read with the same scope of our own as patients.
    other = open_with("AllergyIntolerance", "Provenance")
    assert other.get(path).status_code == 403


def test_what_a_page_includes_is_told_with_its_own_scope_only(open_with, ada, paper):
    path = f"/fhir/DocumentReference?_id={paper['id']}&_include="
    path += "DocumentReference:patient"
    both = open_with("Patient", "DocumentReference").get(path)
    alone = open_with("DocumentReference").get(path)

    assert [entry["resource"]["id"] for entry in both.json()["entry"]] == [
        paper["id"],
        ada["uuid"],
    ]
    assert alone.status_code == 403
    assert ada["uuid"] not in alone.text


def test_a_summary_tells_a_system_what_its_scopes_open_and_no_more(open_with, register):
    known = {"medical_history": ["Gout"], "current_medications": ["Fish oil"]}
    patient = register(allergies=["Latex"], **known)
    path = f"/fhir/Patient/{patient['uuid']}/$summary"
    parameters = {"resourceType": "Parameters"}
    program = open_with("Patient", "AllergyIntolerance")

    answers = [program.get(path), program.post(path, parameters)]
    refused = open_with("AllergyIntolerance").get(path)

    for answer in answers:
        composition = answer.json()["entry"][0]["resource"]
        empty_reasons = {
            part["code"]["coding"][0]["code"]: part.get("emptyReason")
            for part in composition["section"]
        }
        assert empty_reasons.pop("48765-2") is None
        assert {reason["coding"][0]["code"] for reason in empty_reasons.values()} == {
            "withheld"
        }
        kinds = {entry["resource"]["resourceType"] for entry in answer.json()["entry"]}
        assert kinds == {"Composition", "Patient", "Organization", "AllergyIntolerance"}
    assert refused.status_code == 403


def test_a_system_with_an_analysts_role_learns_no_name(open_with, ada):
    program = open_with("Patient", role=Role.ANALYST)

    bundle = program.get("/fhir/Patient?_count=1000").json()

    assert bundle["entry"]
    for entry in bundle["entry"]:
        assert not {"name", "telecom", "address"} & entry["resource"].keys()
        assert len(entry["resource"].get("birthDate", "1900")) == 4


def test_a_system_that_is_switched_off_is_out_at_once(application, system, stranger):
    program = program_of(application, system.ask(stranger, "system/Patient.rs"))
    assert program.get("/fhir/Patient").status_code == 200

    def switch_off(session):
        connected_systems.switch_off(session, desk(session).actor, system.id)

    application.database.write(switch_off, identity=SYSTEM)

    later = Client(application.app, program._token)
    # Each process caches an actor for a second.
    eventually(lambda: later.get("/fhir/Patient").status_code == 401)
    refused = system.ask(stranger, "system/Patient.rs")
    assert refused.json()["error"] == "invalid_client"
    assert "switched off" in refused.json()["error_description"]
    program.close()
    later.close()


def test_tokens_are_listed_and_revoked_where_all_are(
    application, as_role, system, stranger
):
    program = program_of(application, system.ask(stranger, "system/Patient.rs"))
    admin = as_role(Role.ADMIN)
    admin._position.lsn = "FFFFFFFF/0"
    [token] = [
        listed
        for listed in admin.get("/api/v1/tokens").json()["tokens"]
        if listed["owner"] == str(system.id)
    ]

    assert token["scopes"] == ["system/Patient.rs"]
    assert admin.delete(f"/api/v1/tokens/{token['uuid']}").status_code == 204
    eventually(lambda: program.get("/fhir/Patient").status_code == 401)
    program.close()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_client"),
        ({"client_secret": "s"}, "invalid_client"),
        ({"client_id": str(uuid4())}, "invalid_client"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_a_form_that_is_not_right_is_answered_as_oauth_does(
    system, stranger, change, error
):
    form = system.form("system/Patient.rs") | change

    answer = stranger.ask("POST", "/fhir/auth/token", data=form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_no_form_is_refused_in_the_same_words(system, stranger):
    json_ = stranger.post("/fhir/auth/token", system.form("system/Patient.rs"))
    form = "grant_type=client_credentials&grant_type=client_credentials"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = stranger.ask("POST", "/fhir/auth/token", content=form, headers=headers)
    long = stranger.ask(
        "POST", "/fhir/auth/token", content="a=" + "b" * 60_000, headers=headers
    )

    assert (json_.status_code, json_.json()["error"]) == (400, "invalid_request")
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert (long.status_code, long.json()["error"]) == (413, "invalid_request")
    assert stranger.get("/fhir/auth/token").json()["error"] == "invalid_request"


def test_a_system_that_nobody_connected_is_told_so(stranger):
    answer = BackendService(uuid4()).ask(stranger, "system/Patient.rs")

    assert answer.json()["error"] == "invalid_client"


def test_a_system_asks_for_so_many_tokens_and_calls_and_no_more(
    application, system, stranger, monkeypatch
):
    usual = throttling.SYSTEM_TOKENS
    few = Limit("system-tokens-here", 2, 60)
    monkeypatch.setattr(throttling, "SYSTEM_TOKENS", few)
    answers = [system.ask(stranger, "system/Patient.rs") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].json()["error"] == "temporarily_unavailable"
    assert usual.amount == 60


def test_calls_are_counted_for_the_system_whatever_its_token(
    application, system, stranger
):
    bearers = [
        application.database.write(
            lambda session, token=token: tokens.find(session, token), identity=SYSTEM
        ).value
        for token in (
            system.ask(stranger, "system/Patient.rs").json()["access_token"]
            for _ in range(2)
        )
    ]

    assert bearers[0].token_id != bearers[1].token_id
    assert {bearer.counted_as for bearer in bearers} == {system.id}


def test_the_log_and_the_administrators_learn_what_it_did(
    application, system, stranger
):
    program = program_of(application, system.ask(stranger, "system/Patient.rs"))
    program.get("/fhir/Patient")
    program.get("/fhir/Encounter")
    system.ask(stranger, "system/Patient.rs", system.sign(jti=None))
    program.close()

    def look(session):
        of_system = select(AuditEvent).where(
            (AuditEvent.actor_id == system.id)
            | (AuditEvent.subject_id == str(system.id))
        )
        events = [(e.action, e.outcome, e.actor_id) for e in session.scalars(of_system)]
        return events, connected_systems.find_system(session, system.id)

    events, known = application.database.write(look, identity=SYSTEM).value
    assert ("token:issue", "done", system.id) in events
    assert ("patient:list", "done", system.id) in events
    assert ("access:refuse", "refused", system.id) in events
    # The sender of an invalid signature is nobody.
    assert ("access:refuse", "refused", None) in events
    assert known.refusal == "jti is missing or too long."
    assert None not in (known.token_issued_at, known.called_at, known.refused_at)


def test_keys_that_were_replaced_count_no_longer(application, system, stranger):
    program = program_of(application, system.ask(stranger, "system/Patient.rs"))
    keys = connected_systems.SystemKeysTyped(jwks=jwks_of(rsa_key("second")))

    def change(session):
        boss = desk(session)
        connected_systems.change(
            session,
            boss.actor,
            system.id,
            system_keys=keys,
            resource_types=["Patient"],
            **boss.fresh,
        )

    application.database.write(change, identity=SYSTEM)
    refused = system.ask(stranger, "system/Patient.rs")
    system.key = rsa_key("second")

    assert "kid is none" in refused.json()["error_description"]
    assert system.ask(stranger, "system/Patient.rs").status_code == 200
    eventually(lambda: program.get("/fhir/Patient").status_code == 401)
    program.close()


def test_a_type_that_is_taken_away_is_gone(application, system, stranger):
    application.database.write(
        lambda session: session.execute(
            update(ConnectedSystem)
            .where(ConnectedSystem.id == system.id)
            .values(resource_types=["DocumentReference"])
        ),
        identity=SYSTEM,
    )

    answer = system.ask(stranger, "system/Patient.rs")

    assert answer.json()["error"] == "invalid_scope"


def test_a_token_of_a_system_says_nothing_to_the_version_before(
    application, system, stranger
):
    """The earlier version knows only its own scopes, and opens nothing for others."""
    system.ask(stranger, "system/Patient.rs")
    [kept] = application.database.write(
        lambda session: session.scalars(
            select(ApiToken.scopes).where(ApiToken.user_id == system.id)
        ).all(),
        identity=SYSTEM,
    ).value

    assert not set(kept) & {scope.value for scope in Scope}

"""What a patient has allowed an app, how roles end it and the database limits it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select, update

from api.fhir.apps.authorization import AppAuthorization
from db.models.care import BulkExport
from db.models.patient import Patient
from db.models.user import (
    ApiToken,
    AuthorizationCode,
    ConnectedSystem,
    User,
    UserSession,
)
from db.postgres import ANONYMOUS, SYSTEM, Database
from db.postgres.connections.failures import Refused
from services.core.actors import Actor, Role
from services.documents.sharing import offboarding
from services.patients.records import patients
from services.people import accounts, patient_apps, sessions, tokens
from services.people.accounts import demo_accounts, revocations
from services.people.accounts.revocations import Revocations
from services.people.patient_apps import consenting
from services.people.random_tokens import hash_of
from services.people.sessions.requiring import SignInEnded
from services.people.sign_in import identities
from services.people.sign_in.identities import IdentityClaims
from tests.kit import cast
from tests.kit.patient_apps import (
    CALLBACK,
    CLINIC,
    DiaryApp,
    answer_in,
    register,
    sign_in,
)
from tests.kit.waiting import await_blocked
from tests.services.people.people_samples import Desk, desk

ROSA = cast.act_as(cast.ROSA)


@pytest.fixture(scope="module")
def database(module_endpoints):
    with closing(Database(module_endpoints)) as opened:
        yield opened


@pytest.fixture
def system(database):
    """Runs an operation under the identity of the background."""
    return lambda work: database.write(work, identity=SYSTEM).value


@pytest.fixture
def app(database) -> DiaryApp:
    return register(database, "Patient", "Encounter")


@pytest.fixture
def boss(system) -> Desk:
    return system(desk)


@pytest.fixture
def maya(system) -> Actor:
    """A patient who signs in, and whom no other test uses."""
    return system(lambda s: cast.add_actor(s, Role.PATIENT))


def exchange(database, app: DiaryApp, code: str):
    """Return the answer to an app's code."""
    return database.write(
        lambda s: AppAuthorization(s, CLINIC).exchange([*app.form(code).items()]),
        identity=ANONYMOUS,
    ).value


def live(session, user_id: UUID) -> int:
    return session.scalar(
        select(func.count())
        .select_from(ApiToken)
        .where(
            ApiToken.user_id == user_id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > func.now(),
        )
    )


def end_all(session, boss, maya):
    sessions.end_all(session, boss.actor, maya.id)


def end_own(session, boss, maya):
    sessions.end_all(session, maya, maya.id)


def reset_passkeys(session, boss, maya):
    accounts.reset_passkeys(session, boss.actor, maya.id, **boss.fresh)


def shut_out(session, boss, maya):
    offboarding.deactivate(session, boss.actor, maya.id)


def archive(session, boss, maya):
    version = session.get_one(Patient, maya.patient_id).version
    patients.archive(session, ROSA, maya.patient_id, version=version)


def move_to_another_record(session, boss, maya):
    other = cast.add_patient(session, cast.GRACE)
    here = update(User).where(User.id == maya.id)
    session.execute(here.values(patient_id=other.id))


def go_back_in_time(session, boss, maya):
    revocations.replay_revocations(session, Revocations())


@pytest.mark.parametrize(
    ("ends", "who"),
    [
        (end_all, Role.ADMIN),
        # As the command line, and the clinic's provider, do it.
        (end_all, None),
        (end_own, Role.PATIENT),
        (reset_passkeys, Role.ADMIN),
        (shut_out, Role.ADMIN),
        (archive, Role.STAFF),
        (move_to_another_record, None),
        (go_back_in_time, None),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_ends_a_patients_sign_ins_ends_their_apps(  # noqa: PLR0917
    database, system, app, boss, maya, ends, who
):
    exchange(database, app, app.allowed(database, maya))
    waiting = app.allowed(database, maya)
    identity = {
        Role.ADMIN: boss.actor.database_identity,
        Role.PATIENT: maya.database_identity,
        Role.STAFF: ROSA.database_identity,
    }.get(who, SYSTEM)
    assert system(lambda s: live(s, maya.id)) == 1

    database.write(lambda s: ends(s, boss, maya), identity=identity)

    assert system(lambda s: live(s, maya.id)) == 0
    assert exchange(database, app, waiting).body["error"] == "invalid_grant"


def test_whoever_ends_one_app_ends_what_it_has_not_fetched_and_no_other(
    database, app, maya
):
    other = register(database, "Patient")
    exchange(database, app, app.allowed(database, maya))
    waiting, of_other = app.allowed(database, maya), other.allowed(database, maya)

    database.write(
        lambda s: patient_apps.end(s, maya, app.id), identity=maya.database_identity
    )

    assert exchange(database, app, waiting).body["error"] == "invalid_grant"
    assert "access_token" in exchange(database, other, of_other).body


def decide(session, app: DiaryApp, patient: Actor, session_id: UUID | None) -> str:
    """Return the code after a patient's consent in a sign-in."""
    answer = AppAuthorization(session, CLINIC).decide(app.asks(), patient, session_id)
    return answer_in(answer.location or "")["code"]


@pytest.mark.parametrize(
    "ends", [end_all, end_own, reset_passkeys, shut_out], ids=lambda end: end.__name__
)
def test_a_consent_that_is_not_committed_yet_ends_with_the_sign_ins(
    database, app, boss, maya, ends
):
    session_id = sign_in(database, maya)
    identity = maya if ends is end_own else boss.actor

    with ThreadPoolExecutor(1) as threads:

        def allow_meanwhile(session):
            code = decide(session, app, maya, session_id)
            ending = threads.submit(
                database.write,
                lambda s: ends(s, boss, maya),
                identity=identity.database_identity,
            )
            await_blocked(session, ending)
            return code, ending

        code, ending = database.write(
            allow_meanwhile, identity=maya.database_identity
        ).value
        ending.result(timeout=30)

    assert exchange(database, app, code).body["error"] == "invalid_grant"


def test_who_lets_an_app_in_while_their_sign_ins_end_is_refused(
    database, app, boss, maya
):
    session_id = sign_in(database, maya)

    with ThreadPoolExecutor(1) as threads:

        def end_meanwhile(session):
            end_all(session, boss, maya)
            allowing = threads.submit(
                database.write,
                lambda s: decide(s, app, maya, session_id),
                identity=maya.database_identity,
            )
            await_blocked(session, allowing)
            return allowing

        allowing = database.write(
            end_meanwhile, identity=boss.actor.database_identity
        ).value
        with pytest.raises(SignInEnded):
            allowing.result(timeout=30)


def end_one(session, maya, session_id):
    sessions.end(session, maya, session_id)


def let_it_run_out(session, maya, session_id):
    here = update(UserSession).where(UserSession.id == session_id)
    session.execute(here.values(expires_at=func.now()))


def give_away(session, maya, session_id):
    other = cast.add_actor(session, Role.PATIENT)
    here = update(UserSession).where(UserSession.id == session_id)
    session.execute(here.values(user_id=other.id))


@pytest.mark.parametrize("happens", [end_one, let_it_run_out, give_away])
def test_a_sign_in_that_is_over_lets_no_app_in(database, system, app, maya, happens):
    session_id = sign_in(database, maya)
    system(lambda s: happens(s, maya, session_id))

    for given in (session_id, None):
        with pytest.raises(SignInEnded):
            database.write(
                lambda s, given=given: decide(s, app, maya, given),
                identity=maya.database_identity,
            )


def test_whom_the_demo_brings_back_has_no_app_of_before(database, system, app, maya):
    exchange(database, app, app.allowed(database, maya))

    def retire_and_bring_back(session):
        person = session.get_one(User, maya.id)
        person.is_demo = True
        session.flush()
        demo_accounts.retire_demo_people(session)
        session.refresh(person)
        person.deactivated_at = None
        session.flush()
        return live(session, maya.id)

    assert system(retire_and_bring_back) == 0


def test_a_colleague_ends_their_own_sign_ins_and_nobodys_app(
    database, system, app, maya
):
    exchange(database, app, app.allowed(database, maya))
    rosa = system(lambda s: desk(s, Role.STAFF))

    ended = database.write(
        lambda s: sessions.end_all(s, rosa.actor, rosa.actor.id),
        identity=rosa.actor.database_identity,
    ).value

    assert ended == 1
    assert system(lambda s: live(s, maya.id)) == 1


def consent(app: DiaryApp, patient: Actor, **other):
    usual = {
        "code_hash": uuid4().bytes,
        "app_id": app.id,
        "user_id": patient.id,
        "redirect_uri": CALLBACK,
        "scopes": ["launch/patient", "patient/Encounter.rs"],
        "code_challenge": "x",
        "expires_at": func.now() + timedelta(seconds=30),
    }
    return insert(AuthorizationCode).values(usual | other)


@pytest.mark.parametrize(
    "other",
    [
        {"scopes": ["patient/Slot.rs"]},
        {"scopes": ["patient/*.rs"]},
        {"scopes": ["system/Patient.rs"]},
        {"redirect_uri": "https://evil.example"},
        {"used_at": func.now()},
        {"token_id": uuid4()},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_database_keeps_no_consent_beyond_what_the_app_was_registered_for(
    database, app, maya, other
):
    identity = maya.database_identity
    database.write(lambda s: s.execute(consent(app, maya)), identity=identity)

    with pytest.raises(Refused):
        database.write(
            lambda s: s.execute(consent(app, maya, **other)), identity=identity
        )


def token(app: DiaryApp | None, user_id: UUID, *scopes: str):
    return {
        "user_id": user_id,
        "token_hash": uuid4().bytes,
        "scopes": list(scopes) or None,
        "app_id": app.id if app else None,
        "expires_at": func.now() + timedelta(minutes=5),
    }


def use_up(session, app: DiaryApp, code: str) -> None:
    registered = patient_apps.find_app(session, app.id)
    assert registered
    assert consenting.redeem(session, registered, code)


@pytest.mark.parametrize("scopes", [["patient/Slot.rs"], ["patient/Patient.rs"], []])
def test_the_database_gives_no_app_more_than_the_patient_let_it(
    database, app, maya, scopes
):
    code = app.allowed(database, maya, scope="patient/Encounter.rs")

    def issue(session):
        use_up(session, app, code)
        session.execute(insert(ApiToken).values(token(app, maya.id, *scopes)))

    with pytest.raises(Refused):
        database.write(issue, identity=ANONYMOUS)


@pytest.mark.parametrize("at_once", [True, False])
def test_the_database_gives_no_second_token_for_a_code(database, app, maya, at_once):
    code = app.allowed(database, maya, scope="patient/Encounter.rs")
    two = [token(app, maya.id, "patient/Encounter.rs") for _ in range(2)]

    def issue(session):
        use_up(session, app, code)
        for part in [two] if at_once else [[values] for values in two]:
            session.execute(insert(ApiToken).values(part))

    with pytest.raises(Refused):
        database.write(issue, identity=ANONYMOUS)


@pytest.mark.parametrize("values", [{"used_at": None}, {"token_id": None}])
def test_the_database_makes_no_used_code_new(database, system, app, maya, values):
    code = app.allowed(database, maya)
    exchange(database, app, code)
    here = AuthorizationCode.code_hash == hash_of(code)

    changed = database.write(
        lambda s: s.execute(update(AuthorizationCode).where(here).values(values)),
        identity=ANONYMOUS,
    ).value.rowcount

    assert changed == 0
    kept = system(lambda s: s.scalars(select(AuthorizationCode).where(here)).one())
    assert kept.used_at
    assert kept.token_id


def test_the_database_takes_no_use_of_a_code_back(database, app, maya):
    code = app.allowed(database, maya)

    def take_back(session):
        use_up(session, app, code)
        session.execute(
            update(AuthorizationCode)
            .where(AuthorizationCode.app_id == app.id)
            .values(used_at=None)
        )

    with pytest.raises(Refused):
        database.write(take_back, identity=ANONYMOUS)


@pytest.mark.parametrize("scopes", [["system/Slot.rs"], ["patients:read"], []])
def test_the_database_gives_no_system_more_than_it_was_registered_for(
    database, system, scopes
):
    def connect(session):
        program = cast.add_actor(session, Role.ANALYST, email=None)
        session.add(
            ConnectedSystem(
                id=program.id, jwks_url="https://x.example", resource_types=["Patient"]
            )
        )
        session.flush()
        return program.id

    system_id = system(connect)
    fitting = token(None, system_id, "system/Patient.rs")
    database.write(
        lambda s: s.execute(insert(ApiToken).values(fitting)), identity=ANONYMOUS
    )

    beyond = token(None, system_id, *scopes)
    with pytest.raises(Refused):
        database.write(
            lambda s: s.execute(insert(ApiToken).values(beyond)), identity=ANONYMOUS
        )


@pytest.fixture
def rosa(system) -> Desk:
    """A colleague who may export."""
    return system(lambda s: desk(s, Role.STAFF))


def begin_export(session, owner: Actor) -> UUID:
    export = BulkExport(
        owner_id=owner.id,
        owner_name=owner.name,
        owner_role=owner.role,
        request="/fhir/$export",
        types=["Patient"],
        reason="Moving to the new record system",
    )
    session.add(export)
    session.flush()
    return export.id


@pytest.fixture
def export_id(system, rosa) -> UUID:
    return system(lambda s: begin_export(s, rosa.actor))


def is_over(session, export_id: UUID) -> bool:
    return session.scalar(
        select(BulkExport.expires_at <= func.now()).where(BulkExport.id == export_id)
    )


@pytest.mark.parametrize("by", [Role.STAFF, Role.ADMIN])
def test_revoking_a_token_ends_what_its_owner_exports(database, system, boss, rosa, by):
    export_id = system(lambda s: begin_export(s, rosa.actor))
    token_id = system(
        lambda s: (
            tokens.issue_own(
                s,
                rosa.actor,
                name="Script",
                scopes=tokens.scopes_of(Role.STAFF)[:1],
                lifetime=timedelta(days=1),
                **rosa.fresh,
            )
            and s.scalar(select(ApiToken.id).where(ApiToken.user_id == rosa.actor.id))
        )
    )
    actor = rosa.actor if by is Role.STAFF else boss.actor
    assert not system(lambda s: is_over(s, export_id))

    database.write(
        lambda s: tokens.revoke(s, actor, token_id), identity=actor.database_identity
    )

    assert system(lambda s: is_over(s, export_id))


@pytest.mark.parametrize("by", [Role.STAFF, Role.ADMIN])
def test_nobody_makes_an_export_last_longer(database, boss, rosa, export_id, by):
    actor = rosa.actor if by is Role.STAFF else boss.actor
    longer = update(BulkExport).values(expires_at=func.now() + timedelta(days=9))

    with pytest.raises(Refused):
        database.write(
            lambda s: s.execute(longer.where(BulkExport.id == export_id)),
            identity=actor.database_identity,
        )


def test_whom_the_provider_gives_another_role_exports_no_more(database, system):
    subject = uuid4().hex

    def enter(role: Role) -> Actor:
        claimed = IdentityClaims(
            "https://x.example", subject, "R", f"{subject}@x.example", role
        )
        return database.write(
            # As pages of the provider do it.
            lambda s: identities.sign_in(s, claimed),
            identity=SYSTEM,
        ).value

    rosa = enter(Role.STAFF)
    export_id = system(lambda s: begin_export(s, rosa))

    enter(Role.ADMIN)

    assert system(lambda s: is_over(s, export_id))

"""People are known by issuer and subject, and let in by an invitation or a role."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.user import User, UserIdentity, UserSession
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import NotFound
from services.people import accounts, sessions
from services.people.sign_in import identities
from services.people.sign_in.confirmations import NotConfirmed
from services.people.sign_in.identities import (
    IdentityClaims,
    IdentityRefused,
    IdentityTaken,
    RoleWithdrawn,
)
from tests.kit import cast

ISSUER = "https://accounts.clinic.example"
ROSA = IdentityClaims(ISSUER, "rosa-1", cast.ROSA.name, cast.ROSA.email, Role.STAFF)
ROLES = {"chiefs": "admin", "doctors": "clinician"}


@pytest.fixture
def dora(session):
    return cast.add_actor(session, cast.DORA)


@pytest.fixture
def sign_in(session, dora):
    """Dora's sign-in by a code, just now."""
    return sessions.start(
        session, dora.id, method="code", network=None, browser=None
    ).id


def recorded(session, action):
    events = select(AuditEvent).where(AuditEvent.action == action)
    return session.scalars(events.order_by(AuditEvent.position)).all()


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["doctors"]}, Role.CLINICIAN),
        ({"groups": "doctors"}, Role.CLINICIAN),
        ({"groups": ["doctors", "chiefs"]}, Role.ADMIN),
        ({"groups": ["Doctors"]}, None),
        ({"groups": [["doctors"], 7, None]}, None),
        ({"groups": {"doctors": True}}, None),
        ({"roles": ["doctors"]}, None),
        ({}, None),
    ],
    ids=str,
)
def test_groups_give_the_first_role_that_the_settings_name(claims, role):
    read = identities.read_claims(
        ISSUER, {"sub": "x"} | claims, role_claim="groups", roles=ROLES
    )

    assert read.role is role


@pytest.mark.parametrize(
    "claims",
    [
        {"realm": {"access": ["doctors"]}},
        {"realm.access": ["doctors"]},
    ],
    ids=str,
)
def test_dots_lead_inside_a_claim_or_are_part_of_its_name(claims):
    read = identities.read_claims(
        ISSUER, {"sub": "x"} | claims, role_claim="realm.access", roles=ROLES
    )

    assert read.role is Role.CLINICIAN


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 256])
def test_claims_without_a_subject_are_nobodys(subject):
    with pytest.raises(IdentityRefused, match="who you are"):
        identities.read_claims(ISSUER, {"sub": subject}, role_claim="x", roles={})


@pytest.mark.parametrize("verified", [False, "true", "false", 1, None])
def test_only_a_verified_address_counts(verified):
    claims = {"sub": "x", "email": "x@clinic.example", "email_verified": verified}

    read = identities.read_claims(ISSUER, claims, role_claim="x", roles={})

    assert read.email is None


def test_whom_a_role_lets_in_is_made_and_found_again(session):
    first = identities.sign_in(session, ROSA)
    second = identities.sign_in(session, replace(ROSA, email=None, name="New Name"))

    assert first == second
    assert (first.name, first.role) == (cast.ROSA.name, Role.STAFF)
    linked = recorded(session, Action.IDENTITY_LINK)
    assert [event.details for event in linked] == [{"issuer": ISSUER, "role": "staff"}]


def test_whom_nothing_lets_in_is_refused_in_words(session):
    with pytest.raises(IdentityRefused, match="ask an administrator"):
        identities.sign_in(session, replace(ROSA, role=None))

    assert session.scalar(select(func.count()).select_from(UserIdentity)) == 0


@pytest.mark.parametrize("lacking", ["name", "email"])
def test_who_lets_in_must_say_whom(session, lacking):
    with pytest.raises(IdentityRefused, match="verified e-mail"):
        identities.sign_in(session, replace(ROSA, **{lacking: None}))


def test_asvs_10_5_2_an_address_makes_nobody_the_person_who_has_it_here(session, dora):
    thief = replace(ROSA, email=cast.DORA.email.upper(), role=Role.ADMIN)

    with pytest.raises(IdentityRefused, match="connect your account"):
        identities.sign_in(session, thief)

    assert session.scalar(select(func.count()).select_from(UserIdentity)) == 0


@pytest.mark.parametrize("other", [{"issuer": "https://evil"}, {"subject": "rosa-2"}])
def test_asvs_6_8_1_another_issuer_or_subject_is_another_person(session, other):
    rosa = identities.sign_in(session, ROSA)

    stranger = replace(ROSA, email="other@clinic.example", **other)

    assert identities.sign_in(session, stranger).id != rosa.id


def test_the_role_of_whom_the_provider_brought_in_follows_it(session):
    rosa = identities.sign_in(session, ROSA)
    sessions.start(session, rosa.id, method="oidc", network=None, browser=None)

    promoted = identities.sign_in(session, replace(ROSA, role=Role.ADMIN))

    assert promoted == replace(rosa, role=Role.ADMIN)
    assert session.scalars(select(UserSession)).one().ended_at is not None
    (change,) = recorded(session, Action.USER_CHANGE_ROLE)
    assert change.details == {
        "changed": {"role": ["staff", "admin"]},
        "issuer": ISSUER,
    }


@pytest.fixture
def withdrawn(session):
    """Rosa, who came by the provider, which then withdrew her role."""
    rosa = identities.sign_in(session, ROSA)
    sessions.start(session, rosa.id, method="oidc", network=None, browser=None)
    with pytest.raises(RoleWithdrawn, match="no longer"):
        identities.sign_in(session, replace(ROSA, role=None))
    identities.end_access(session, replace(ROSA, role=None))
    return rosa


def test_who_lost_their_role_at_the_provider_is_shut_out_of_all(session, withdrawn):
    user = session.get(User, withdrawn.id)

    assert user.deactivated_at is not None
    assert session.scalars(select(UserSession)).one().ended_at is not None
    (ended,) = recorded(session, Action.USER_DEACTIVATE)
    assert ended.details == {"issuer": ISSUER}


def test_a_role_given_again_lets_them_in_again(session, withdrawn):
    assert identities.sign_in(session, ROSA) == withdrawn

    assert session.get(User, withdrawn.id).deactivated_at is None
    assert len(recorded(session, Action.USER_REACTIVATE)) == 1


def test_whom_an_administrator_shut_out_no_role_lets_in_again(session, withdrawn):
    later = func.now() + timedelta(seconds=1)
    session.execute(update(User).values(deactivated_at=later))

    with pytest.raises(IdentityRefused, match="was ended"):
        identities.sign_in(session, ROSA)


def test_whom_an_administrator_shuts_out_later_no_role_lets_in_again(
    session, withdrawn
):
    adam = cast.add_actor(session, cast.ADAM)

    accounts.deactivate_sign_in(session, adam, withdrawn.id)

    with pytest.raises(IdentityRefused, match="was ended"):
        identities.sign_in(session, ROSA)


@pytest.mark.parametrize("others", [0, 1], ids=["the last one", "one of two"])
@pytest.mark.parametrize("role", [None, Role.STAFF], ids=["withdrawn", "changed"])
def test_a_provider_that_takes_the_last_administrator_is_warned_of(
    session, caplog, role, others
):
    boss = replace(ROSA, role=Role.ADMIN)
    identities.sign_in(session, boss)
    for _ in range(others):
        cast.add_account(session, Role.ADMIN)
    taken = replace(boss, role=role)

    if role is None:
        identities.end_access(session, taken)
    else:
        identities.sign_in(session, taken)

    assert ("the last administrator" in caplog.text) == (not others)


def test_an_administrator_of_the_demo_is_none_of_a_clinic(session, caplog):
    boss = replace(ROSA, role=Role.ADMIN)
    identities.sign_in(session, boss)
    cast.add_account(session, Role.ADMIN, is_demo=True)

    identities.end_access(session, replace(boss, role=None))

    assert "the last administrator" in caplog.text


def test_a_provider_ends_the_access_of_those_alone_whom_it_brought_in(
    session, dora, sign_in
):
    account = IdentityClaims(ISSUER, "dora-1")
    identities.connect(session, dora, account, session_id=sign_in)

    identities.end_access(session, account)
    identities.end_access(session, replace(account, subject="nobody"))

    assert session.get(User, dora.id).deactivated_at is None
    assert session.get(UserSession, sign_in).ended_at is None


def test_who_was_shut_out_here_stays_outside(session):
    rosa = identities.sign_in(session, ROSA)
    session.execute(update(User).values(deactivated_at=func.now()))

    with pytest.raises(IdentityRefused, match="was ended") as refused:
        identities.sign_in(session, ROSA)

    assert refused.value.user_id == rosa.id


def test_who_connects_an_account_signs_in_with_it_and_keeps_their_role(
    session, dora, sign_in
):
    account = IdentityClaims(ISSUER, "dora-1", role=Role.ADMIN)

    identities.connect(session, dora, account, session_id=sign_in)

    assert identities.sign_in(session, account) == dora
    assert identities.sign_in(session, replace(account, role=None)) == dora
    (entry,) = identities.list_identities(session, dora)
    assert (entry.issuer, entry.decides_role) == (ISSUER, False)


def test_connecting_twice_changes_nothing(session, dora, sign_in):
    for _ in range(2):
        identities.connect(session, dora, ROSA, session_id=sign_in)

    assert len(identities.list_identities(session, dora)) == 1


def test_anothers_account_is_not_connected(session, dora, sign_in):
    identities.sign_in(session, ROSA)

    with pytest.raises(IdentityTaken):
        identities.connect(session, dora, ROSA, session_id=sign_in)


def test_connecting_and_disconnecting_need_a_proof(session, dora, sign_in):
    identities.connect(session, dora, ROSA, session_id=sign_in)

    for change in (
        lambda: identities.connect(session, dora, ROSA, session_id=None),
        lambda: identities.disconnect(session, dora, ISSUER, session_id=None),
    ):
        with pytest.raises(NotConfirmed):
            change()


def test_a_disconnected_account_opens_nothing_any_more(session, dora, sign_in):
    account = replace(ROSA, role=None)
    identities.connect(session, dora, account, session_id=sign_in)

    identities.disconnect(session, dora, ISSUER, session_id=sign_in)

    with pytest.raises(IdentityRefused):
        identities.sign_in(session, account)
    assert len(recorded(session, Action.IDENTITY_UNLINK)) == 1


def test_who_was_brought_in_stays_connected_to_who_decides_their_role(session):
    rosa = identities.sign_in(session, ROSA)
    started = sessions.start(
        session, rosa.id, method="oidc", network=None, browser=None
    )

    with pytest.raises(NotFound, match="disconnect"):
        identities.disconnect(session, rosa, ISSUER, session_id=started.id)


def test_two_first_sign_ins_in_the_same_second_are_one_person(endpoints):
    database = Database(endpoints)

    def enter(_):
        return database.write(
            lambda session: identities.sign_in(session, ROSA), identity=SYSTEM
        ).value

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(enter, range(6)))) == 1
    database.close()

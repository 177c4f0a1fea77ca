"""Tokens of programs and of people: who makes, sees and revokes them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.user import ApiToken
from services.core.actors import PERMISSIONS, SCOPES, Permission, Role, Scope
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.people import tokens
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.people.people_samples import desk, wait

DAY = timedelta(days=1)
READ = {"scopes": [Scope.READ_PATIENTS], "lifetime": DAY, "name": "Letters"}


@pytest.fixture
def rosa(session):
    return desk(session, cast.ROSA)


def for_program(session, by, **given):
    wanted = READ | {"role": Role.STAFF} | given
    return tokens.issue_for_program(session, by.actor, **wanted, **by.fresh)


def own(session, by, **given):
    return tokens.issue_own(session, by.actor, **READ | given, **by.fresh)


def test_a_token_does_no_more_than_its_scopes(session, boss):
    token = for_program(session, boss, scopes=[Scope.READ_PATIENTS])

    actor = tokens.find(session, token).actor

    assert actor.may(Permission.VIEW_PATIENT)
    with pytest.raises(NotAllowed, match="made for less"):
        actor.require(Permission.EDIT_PATIENT)


def test_what_no_scope_includes_is_refused_without_sending_for_one(session):
    issued = tokens.issue(session, Role.ADMIN, scopes=[Scope.READ_AUDIT])
    actor = tokens.find(session, issued).actor

    with pytest.raises(NotAllowed, match="no scope includes this"):
        actor.require(Permission.OWN_TOKENS)


def test_a_token_without_scopes_does_all_that_its_role_may(session):
    actor = tokens.find(session, tokens.issue(session, Role.STAFF)).actor

    assert all(map(actor.may, PERMISSIONS[Role.STAFF]))


def test_a_scope_that_only_another_version_knows_opens_nothing(session):
    token = tokens.issue(session, Role.STAFF)
    session.execute(update(ApiToken).values(scopes=["backups:write"]))

    assert not any(map(tokens.find(session, token).actor.may, Permission))


@pytest.mark.parametrize("role", Role)
def test_the_scopes_offered_for_a_role_let_it_do_something(role):
    for scope in Scope:
        offered = scope in tokens.scopes_of(role)
        lets_it_do_something = bool(SCOPES[scope] & PERMISSIONS[role])
        assert offered == lets_it_do_something


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": [Scope.READ_AUDIT]}, "scopes"),
        ({"name": " "}, "name"),
        ({"name": "A" * 61}, "name"),
        ({"name": "\u202e\u200b"}, "name"),
        ({"lifetime": timedelta(days=366)}, "lifetime"),
    ],
    ids=["no scope", "useless scope", "no name", "long", "invisible", "too long-lived"],
)
def test_what_makes_no_sense_is_refused_by_its_field(session, boss, rosa, given, wrong):
    for issue, by in ((own, rosa), (for_program, boss)):
        with pytest.raises(InvalidInput) as refusal:
            issue(session, by, **given)

        assert refusal.value.property_name == wrong


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_only_administrators_make_and_see_programs_tokens(session, role):
    somebody = desk(session, role)

    with pytest.raises(NotAllowed, match="tokens of programs"):
        for_program(session, somebody)
    with pytest.raises(NotAllowed, match="tokens of programs"):
        tokens.list_tokens(session, somebody.actor)


def test_a_programs_token_needs_a_passkey_used_just_now(session, boss):
    wait(session, boss, confirmed_at=None)

    with pytest.raises(NotConfirmed):
        for_program(session, boss)


def test_a_program_does_not_act_as_a_patient(session, boss):
    with pytest.raises(InvalidInput, match="as a colleague"):
        for_program(session, boss, role=Role.PATIENT)


def test_a_persons_own_token_acts_as_that_person(session, rosa):
    actor = tokens.find(session, own(session, rosa)).actor

    assert (actor.id, actor.name, actor.role) == (
        rosa.actor.id,
        cast.ROSA.name,
        Role.STAFF,
    )


def test_a_screen_left_open_makes_no_token(session, rosa):
    wait(session, rosa, confirmed_at=None, created_at=func.now() - timedelta(hours=1))

    with pytest.raises(NotConfirmed):
        own(session, rosa)


def test_a_token_makes_no_further_tokens(session, boss, rosa):
    for issue, by in ((own, rosa), (for_program, boss)):
        carried = tokens.find(
            session,
            own(session, by, scopes=tokens.scopes_of(by.actor.role)),
        ).actor
        with pytest.raises(NotAllowed):
            issue(session, type(by)(carried, None))


def test_patients_have_no_tokens_of_their_own(session):
    with pytest.raises(NotAllowed, match="act for you"):
        own(session, desk(session, Role.PATIENT))


def test_people_see_their_own_tokens_and_administrators_everybodys(session, boss, rosa):
    own(session, rosa, name="Mine")
    for_program(session, boss, name="Machine")

    assert [token.name for token in tokens.list_own(session, rosa.actor)] == ["Mine"]
    listed = {token.name: token for token in tokens.list_tokens(session, boss.actor)}
    assert listed["Mine"].owner == cast.ROSA.name
    assert (listed["Mine"].is_program, listed["Machine"].is_program) == (False, True)
    assert listed["Machine"].scopes == {Scope.READ_PATIENTS}
    assert listed["Machine"].is_live


def test_issuing_and_revoking_are_written_down_without_the_token(session, boss):
    token = for_program(session, boss)
    (kept,) = tokens.list_tokens(session, boss.actor)

    for _ in range(2):
        tokens.revoke(session, boss.actor, kept.id)

    (issued,), (revoked,) = (
        events_of(session, action)
        for action in (Action.TOKEN_ISSUE, Action.TOKEN_REVOKE)
    )
    assert issued.actor_id == revoked.actor_id == boss.actor.id
    assert issued.subject_id == revoked.subject_id == str(kept.id)
    assert token not in str(issued.details)
    assert tokens.find(session, token) is None


def test_people_revoke_their_own_tokens_but_nobody_elses(session, boss, rosa):
    own(session, rosa, name="Mine")
    for_program(session, boss, name="Machine")
    mine, machine = sorted(
        tokens.list_tokens(session, boss.actor), key=lambda token: token.is_program
    )

    tokens.revoke(session, rosa.actor, mine.id)
    with pytest.raises(NotFound):
        tokens.revoke(session, rosa.actor, machine.id)
    with pytest.raises(NotFound):
        tokens.revoke(session, boss.actor, uuid4())

    session.expire_all()
    live = {
        token.name: token.is_live for token in tokens.list_tokens(session, boss.actor)
    }
    assert live == {"Mine": False, "Machine": True}


def test_patients_revoke_nothing(session):
    with pytest.raises(NotAllowed):
        tokens.revoke(session, desk(session, Role.PATIENT).actor, uuid4())


def _last_use(session, token):
    session.expire_all()
    return session.scalar(select(ApiToken.last_used_at))


def test_the_last_use_is_noted_at_most_once_a_minute(session):
    token = tokens.issue(session, Role.STAFF)
    first = tokens.find(session, token)
    assert first.is_to_be_noted

    tokens.note_use(session, first)
    assert not tokens.find(session, token).is_to_be_noted

    recently = func.now() - timedelta(seconds=59)
    session.execute(update(ApiToken).values(last_used_at=recently))
    before = _last_use(session, token)
    tokens.note_use(session, first)
    assert _last_use(session, token) == before

    long_ago = func.now() - timedelta(seconds=61)
    session.execute(update(ApiToken).values(last_used_at=long_ago))
    assert tokens.find(session, token).is_to_be_noted
    tokens.note_use(session, first)
    assert _last_use(session, token) > before

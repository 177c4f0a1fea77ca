"""Two people who act in the same second, with real transactions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from services.core.actors import Role, Scope
from services.core.errors import ServiceError
from services.documents.sharing import offboarding
from services.people import accounts, sessions, tokens
from services.people.accounts import invitations
from services.people.sign_in import passkey_answers, passkeys
from services.people.sign_in.ceremonies import Purpose
from services.people.sign_in.confirmations import NotConfirmed
from services.people.tokens import issuing
from tests.kit import cast
from tests.kit.authenticator import Authenticator
from tests.kit.waiting import await_blocked, run_behind
from tests.services.people.people_samples import desk
from tests.services.people.sign_in.passkeys import desk as passkey_desk


def at_once(committing, *actions):
    """Run each in a transaction of its own, all begun before the first goes on."""
    ready = Barrier(len(actions))

    def run(action):
        with Session(committing) as session, session.begin():
            session.connection()
            ready.wait(timeout=10)
            try:
                return action(session)
            except ServiceError as refusal:
                return refusal

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, actions))


@pytest.mark.parametrize("action", ["demote", "shut out"])
def test_two_administrators_cannot_shut_each_other_out(committing, action):
    with Session(committing) as session, session.begin():
        ann, bob = desk(session), desk(session)

    def against(actor, other):
        def run(session):
            if action == "shut out":
                return offboarding.deactivate(session, actor.actor, other.actor.id)
            return accounts.change_role(
                session, actor.actor, other.actor.id, Role.STAFF, **actor.fresh
            )

        return run

    outcomes = at_once(committing, against(ann, bob), against(bob, ann))

    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], accounts.LastAdmin | NotConfirmed)


@pytest.fixture
def meanwhile(committing, monkeypatch):
    """Runs an action, and another one when the first has reached a function."""

    def run(theirs, owner, name, ours):
        usual = getattr(owner, name)

        def ours_in_a_transaction():
            with Session(committing) as session, session.begin():
                ours(session)

        with ThreadPoolExecutor(1) as aside:
            done = []

            def come_to(*args):
                done.append(aside.submit(ours_in_a_transaction))
                await_blocked(session, done[0])
                return usual(*args)

            monkeypatch.setattr(owner, name, come_to)
            with Session(committing) as session, session.begin():
                given = theirs(session)
            done[0].result(timeout=30)
        return given

    return run


def test_two_who_invite_the_same_patient_at_once_make_one_sign_in_and_one_link(
    committing,
):
    with Session(committing) as session, session.begin():
        clerk = desk(session, Role.STAFF).actor
        patient = cast.add_patient(session, email=f"{uuid4().hex}@example.org").id

    def invite(session):
        return invitations.invite_patient(session, clerk, patient)

    first, colleague = run_behind(committing, invite, invite)

    second = colleague.result()
    assert second.user_id == first.user_id
    with Session(committing) as session:
        assert invitations.find(session, first.token) is None
        assert invitations.find(session, second.token)


def test_a_lost_device_that_adds_a_passkey_in_the_same_second_keeps_none(
    committing, meanwhile
):
    device = Authenticator(passkey_desk.PARTY.origin, passkey_desk.PARTY.id)
    with Session(committing) as session, session.begin():
        boss, rosa = desk(session), desk(session, cast.ROSA, method="code")
        offered = passkey_desk.offer(session, rosa.actor, rosa.session_id)
        answer = passkey_desk.receive(
            session, Purpose.ADD_PASSKEY, device.make(offered)
        )

    meanwhile(
        lambda lost: passkeys.add(
            lost, rosa.actor, passkey_desk.PARTY, answer, name="", **rosa.fresh
        ),
        passkey_answers,
        "verify_registration",
        lambda session: accounts.reset_passkeys(
            session, boss.actor, rosa.actor.id, **boss.fresh
        ),
    )

    with Session(committing) as session:
        assert not passkeys.has_any(session, rosa.actor)


def test_a_token_that_is_made_in_the_second_of_a_deactivation_ends_for_good(
    committing, meanwhile
):
    with Session(committing) as session, session.begin():
        boss, rosa = desk(session), desk(session, cast.ROSA)

    secret = meanwhile(
        lambda leaving: tokens.issue_own(
            leaving,
            rosa.actor,
            name="Export",
            scopes=[Scope.READ_PATIENTS],
            lifetime=timedelta(days=1),
            **rosa.fresh,
        ),
        issuing,
        "new_token",
        lambda session: offboarding.deactivate(session, boss.actor, rosa.actor.id),
    )

    with Session(committing) as session, session.begin():
        accounts.reactivate(session, boss.actor, rosa.actor.id, **boss.fresh)
        assert tokens.find(session, secret) is None


def test_who_ends_their_other_sign_ins_waits_for_what_one_of_them_is_making(
    committing, meanwhile
):
    with Session(committing) as session, session.begin():
        rosa = desk(session, cast.ROSA)
        here = sessions.start(
            session, rosa.actor.id, method="code", network=None, browser=None
        )
    seen = []

    def end_others(session):
        sessions.end_all(session, rosa.actor, rosa.actor.id, but=here.id)
        seen.extend(tokens.list_own(session, rosa.actor))

    meanwhile(
        lambda session: tokens.issue_own(
            session,
            rosa.actor,
            name="Export",
            scopes=[Scope.READ_PATIENTS],
            lifetime=timedelta(days=1),
            **rosa.fresh,
        ),
        issuing,
        "new_token",
        end_others,
    )

    assert [token.name for token in seen] == ["Export"]


def test_asvs_2_3_3_of_two_who_use_a_link_at_once_one_gets_in(committing):
    with Session(committing) as session, session.begin():
        boss = desk(session)
        token = invitations.invite(
            session,
            boss.actor,
            name=cast.CLEO.name,
            email=cast.CLEO.email,
            role=Role.STAFF,
            **boss.fresh,
        ).token

    outcomes = at_once(
        committing, *[lambda session: invitations.accept(session, token)] * 2
    )

    assert sorted(outcome is None for outcome in outcomes) == [False, True]

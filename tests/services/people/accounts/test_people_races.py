"""Two who act in the same second, with real transactions."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from services.core.actors import Role
from services.core.errors import ServiceError
from services.documents.sharing import offboarding
from services.people import accounts
from services.people.accounts import invitations
from services.people.sign_in.confirmations import NotConfirmed
from tests.conftest import connect
from tests.kit import cast
from tests.services.people.people_samples import desk


@pytest.fixture
def committing(database_url):
    engine = connect(database_url)
    yield engine
    engine.dispose()


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

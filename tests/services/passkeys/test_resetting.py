"""Whoever lost their device gets their passkeys taken off by an administrator."""

import pytest
from sqlalchemy import select

from db.models import AuditEvent
from services import passkeys
from services.audit import Action
from services.confirmations import NotConfirmed
from services.errors import NotAllowed
from tests.authenticator import Authenticator
from tests.services.passkeys import desk


@pytest.fixture
def rosa(session):
    rosa = desk.person(session, "Rosa Roth", "staff")
    theirs = Authenticator(desk.PARTY.origin, desk.PARTY.id)
    desk.add(session, rosa, desk.signed_in(session, rosa), theirs)
    return rosa


def test_an_administrator_takes_all_of_somebodys_passkeys_off(
    session, ines, sign_in, device, rosa
):
    desk.add(session, ines, sign_in, device)
    desk.confirm(session, ines, sign_in, device)

    assert passkeys.reset(session, ines, rosa.id, session_id=sign_in) == 1

    assert not passkeys.has_any(session, rosa)
    assert passkeys.has_any(session, ines)
    event = session.scalars(
        select(AuditEvent).where(AuditEvent.action == Action.USER_RESET_PASSKEYS)
    ).one()
    assert (event.actor_id, event.subject_id) == (ines.id, str(rosa.id))
    assert len(event.details["passkeys"]) == 1


def test_an_administrator_confirms_before_taking_passkeys_off(
    session, ines, sign_in, rosa
):
    with pytest.raises(NotConfirmed):
        passkeys.reset(session, ines, rosa.id, session_id=sign_in)

    assert passkeys.has_any(session, rosa)


def test_only_administrators_take_passkeys_off(session, ines, rosa):
    with pytest.raises(NotAllowed, match="manage people"):
        passkeys.reset(session, rosa, ines.id, session_id=None)

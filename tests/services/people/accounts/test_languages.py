"""The language of a person: chosen by themselves, of those their role is offered."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.people.accounts import choose_language, get_actor
from tests.kit import cast
from tests.kit.audit_events import events_of


def as_database_knows(session: Session, actor: Actor) -> None:
    """Set the identity of the next statements, as an ActorDatabase does."""
    session.execute(select(func.set_config("chartroom.user_id", str(actor.id), True)))


@pytest.mark.parametrize("role", Role)
def test_what_is_chosen_is_kept_and_written_down(session, role):
    somebody = cast.add_actor(session, role)
    beside = cast.add_actor(session, role)
    as_database_knows(session, somebody)

    for language in ("de", "de", "en"):
        choose_language(session, somebody, language)

    chosen = [
        e.details["changed"] for e in events_of(session, Action.USER_CHOOSE_LANGUAGE)
    ]
    assert get_actor(session, somebody.id).language == "en"
    assert get_actor(session, beside.id).language is None
    assert chosen == [{"language": [None, "de"]}, {"language": ["de", "en"]}]


@pytest.mark.parametrize(
    ("role", "language"), [(Role.STAFF, "nl"), (Role.PATIENT, "fr"), (Role.ADMIN, "")]
)
def test_what_is_not_offered_is_refused(session, role, language):
    somebody = cast.add_actor(session, role)

    with pytest.raises(InvalidInput, match="languages that are offered"):
        choose_language(session, somebody, language)

    assert session.get_one(User, somebody.id).language is None


def test_nobody_chooses_who_may_not_act(session):
    with pytest.raises(NotFound, match="Sign in again"):
        choose_language(session, cast.act_as_somebody(Role.PATIENT), "de")

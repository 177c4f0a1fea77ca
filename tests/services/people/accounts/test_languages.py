"""The language of a person: chosen by themselves, of those their role is offered."""

import pytest

from db.models.user import User
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.people.accounts import choose_language, get_actor
from tests.kit import cast
from tests.services.people.people_samples import events


def test_what_is_chosen_is_kept_and_written_down(session):
    maya = cast.add_actor(session, Role.PATIENT)

    for language in ("de", "de", "en"):
        choose_language(session, maya, language)

    chosen = [
        e.details["changed"] for e in events(session, Action.USER_CHOOSE_LANGUAGE)
    ]
    assert get_actor(session, maya.id).language == "en"
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

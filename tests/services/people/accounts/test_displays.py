"""How a person's own pages show names and lists: chosen by themselves and kept."""

import pytest

from db.models.user import User
from services.core.actors import LIST_DENSITIES, NAME_ORDERS, Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.people.accounts import choose_display, get_actor
from tests.kit import acting, cast
from tests.kit.audit_events import events_of
from tests.services.people.accounts.test_languages import as_database_knows

CHOICES = {"name_order": NAME_ORDERS, "list_density": LIST_DENSITIES}


@pytest.mark.parametrize("field", CHOICES)
@pytest.mark.parametrize("role", Role)
def test_what_is_chosen_is_kept_written_down_and_forgotten_again(session, role, field):
    first, second = CHOICES[field]
    somebody = cast.add_actor(session, role)
    beside = cast.add_actor(session, role)
    as_database_knows(session, somebody)

    seen = []
    for value in (first, first, second, None):
        choose_display(session, somebody, field, value)
        seen.append(getattr(get_actor(session, somebody.id), field))

    assert seen == [first, first, second, None]
    assert getattr(get_actor(session, beside.id), field) is None
    assert [
        event.details["changed"]
        for event in events_of(session, Action.USER_CHOOSE_DISPLAY)
    ] == [{field: [None, first]}, {field: [first, second]}, {field: [second, None]}]


@pytest.mark.parametrize("field", CHOICES)
@pytest.mark.parametrize("value", ["", "family", "clinic"])
def test_what_is_not_offered_is_refused(session, field, value):
    somebody = cast.add_actor(session, Role.STAFF)

    with pytest.raises(InvalidInput, match="of the options") as refused:
        choose_display(session, somebody, field, value)

    assert refused.value.property_name == field
    assert getattr(session.get_one(User, somebody.id), field) is None


@pytest.mark.parametrize("field", CHOICES)
def test_nobody_chooses_who_may_not_act(session, field):
    first, _ = CHOICES[field]
    nobody = cast.act_as_somebody(Role.PATIENT)

    with pytest.raises(NotFound, match="Sign in again"):
        choose_display(session, nobody, field, first)


@pytest.mark.parametrize("field", CHOICES)
def test_a_choice_is_that_of_whose_statements_these_are(session, field):
    """The database writes one row: its current actor's, whatever the service says."""
    first, _ = CHOICES[field]
    somebody = cast.add_actor(session, Role.STAFF)
    beside = cast.add_actor(session, Role.STAFF)
    as_database_knows(session, beside)
    acting.run_as_owner(session)

    choose_display(session, somebody, field, first)

    assert getattr(session.get_one(User, somebody.id), field) is None
    assert getattr(session.get_one(User, beside.id), field) == first

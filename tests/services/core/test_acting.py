"""Services that tests call run as their actor's role, and tests as the owner."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.core.actors import Actor
from services.patients.records import patients
from tests.kit.acting import acting

_ROLE = text("SELECT current_user")


def ask(session, actor, question):
    return session.scalar(question)


as_actor = acting(ask, lambda actor: actor.database_identity)


def test_a_service_runs_as_its_actor_and_the_test_as_the_owner(session, clerk):
    assert as_actor(session, clerk, _ROLE) == "chartroom_staff"
    assert session.scalar(_ROLE) == "chartroom"


def test_what_the_database_refuses_the_actor_it_refuses_the_service(session, clerk):
    with pytest.raises(ProgrammingError, match="login_codes"), session.begin_nested():
        as_actor(session, clerk, text("SELECT FROM login_codes"))

    assert session.scalar(text("SELECT count(*) FROM login_codes")) == 0


def test_a_service_that_another_one_calls_keeps_the_role(session, clerk, admin):
    def call_another(session, actor: Actor, other: Actor):
        return as_actor(session, other, _ROLE), session.scalar(_ROLE)

    outer = acting(call_another, lambda actor: actor.database_identity)

    assert outer(session, clerk, admin) == ("chartroom_staff", "chartroom_staff")


def test_the_services_of_the_matrix_are_called_this_way():
    assert hasattr(patients.register, "__wrapped__")

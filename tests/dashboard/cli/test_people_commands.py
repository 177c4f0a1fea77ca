"""The commands create-admin and token, run as from a terminal."""

from functools import partial
from uuid import UUID

import pytest

from services.core.actors import Role, Scope
from services.core.audit import Action
from services.people import tokens
from services.people.accounts import invitations
from tests.kit import cast
from tests.kit.audit_events import events_of


@pytest.fixture
def run(run):
    return partial(run, CHARTROOM_PUBLIC_URL="https://chartroom.example.org")


def test_the_first_administrators_link_stands_alone_on_the_last_line(run, kept):
    made = run("create-admin", "--name", cast.INES.name, "--email", cast.INES.email)

    assert (made.returncode, made.stderr) == (0, "")
    address, _, token = made.stdout.strip().rpartition("/")
    assert address == "https://chartroom.example.org/welcome"
    assert invitations.find(kept, token).role is Role.ADMIN
    (event,) = events_of(kept, Action.USER_INVITE)
    assert event.actor_id == UUID("0198c0de-1427-7000-8000-000000000002")


def test_what_is_wrong_is_said_in_a_sentence(run):
    refused = run("create-admin", "--name", cast.INES.name, "--email", "ines")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.strip() == "The e-mail is not an address; correct it."


def test_a_token_is_limited_named_and_alone_on_the_last_line(run, kept):
    made = run(
        "token", "--role", "staff", "--name", "Letters", "--scope", "patients:read"
    )

    actor = tokens.find(kept, made.stdout.strip()).actor
    assert (actor.name, actor.scopes) == ("Letters", {Scope.READ_PATIENTS})
    assert (made.returncode, made.stderr) == (0, "")


def test_a_token_without_scopes_has_its_whole_role(run, kept):
    actor = tokens.find(kept, run("token", "--role", "admin").stdout.strip()).actor

    assert (actor.role, actor.scopes) == (Role.ADMIN, None)


def test_a_scope_that_the_role_has_no_use_for_is_refused(run):
    refused = run("token", "--role", "staff", "--scope", "audit:read")

    assert refused.returncode == 1
    assert "audit:read" in refused.stderr

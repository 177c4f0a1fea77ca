"""The apps that can read a patient's record now, and how that ends."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.user import ApiToken
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.people import patient_apps, tokens
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.people.people_samples import desk


@pytest.fixture
def app_id(session):
    boss = desk(session)
    return patient_apps.register(
        session,
        boss.actor,
        name="Heart diary",
        redirect_uris=["https://diary.example/callback"],
        resource_types=["Encounter", "Patient"],
        **boss.fresh,
    )


@pytest.fixture
def maya(session) -> Actor:
    return cast.add_patient_actor(session, cast.add_patient(session))


def let_in(session, patient: Actor, app_id, *scopes: str):
    """Give an app a token of a patient, and return the token's id."""
    return tokens.issue_for_app(
        session,
        patient,
        app_id,
        name="Heart diary",
        scopes=scopes or ["patient/Encounter.rs"],
        lifetime=timedelta(hours=1),
    )[0]


def test_an_app_stands_there_once_with_all_that_its_tokens_open(session, maya, app_id):
    let_in(session, maya, app_id, "launch/patient", "patient/Encounter.rs")
    let_in(session, maya, app_id, "patient/Patient.r", "patient/Encounter.s")

    [app] = patient_apps.list_allowed(session, maya)

    assert (app.id, app.name) == (app_id, "Heart diary")
    assert app.resource_types == ("Patient", "Encounter")
    assert app.last_used_at is None


def test_a_token_that_is_over_is_not_there(session, maya, app_id):
    token_id = let_in(session, maya, app_id)
    session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id)
        .values(expires_at=func.now() - timedelta(seconds=1))
    )

    assert patient_apps.list_allowed(session, maya) == ()
    patient_apps.end(session, maya, app_id)
    assert events_of(session, Action.TOKEN_REVOKE) == []


def test_whoever_ends_an_app_ends_their_own_tokens_of_it_alone(session, maya, app_id):
    bob = cast.add_patient_actor(session, cast.add_patient(session, cast.GRACE))
    own, other = let_in(session, maya, app_id), let_in(session, bob, app_id)

    patient_apps.end(session, maya, app_id)

    ended = session.scalars(
        select(ApiToken.id).where(ApiToken.revoked_at.is_not(None))
    ).all()
    assert (own in ended, other in ended) == (True, False)
    assert patient_apps.list_allowed(session, maya) == ()
    assert len(patient_apps.list_allowed(session, bob)) == 1
    [event] = events_of(session, Action.TOKEN_REVOKE)
    assert (event.actor_id, event.subject_id) == (maya.id, str(own))


def test_an_administrator_sees_which_apps_read_for_a_patient(session, maya, app_id):
    bob = cast.add_patient_actor(session, cast.add_patient(session, cast.GRACE))
    let_in(session, maya, app_id)
    ines = cast.add_actor(session, cast.INES)

    [app] = patient_apps.list_reading(session, ines, maya.id)

    assert app.name == "Heart diary"
    assert patient_apps.list_reading(session, ines, bob.id) == ()
    for other in (maya, cast.add_actor(session, Role.STAFF)):
        with pytest.raises(NotAllowed):
            patient_apps.list_reading(session, other, maya.id)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PATIENT}))
def test_others_have_no_apps(session, role, app_id):
    somebody = cast.add_actor(session, role)

    with pytest.raises(NotAllowed):
        patient_apps.list_allowed(session, somebody)
    with pytest.raises(NotAllowed):
        patient_apps.end(session, somebody, app_id)

"""Administrators register apps for patients, and remove them."""

import pytest

from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from services.people import patient_apps
from services.people.accounts import revocations
from services.people.accounts.revocations import Revocations
from services.people.patient_apps import MOST_ADDRESSES, NoSuchApp
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit.audit_events import events_of
from tests.services.people.people_samples import desk

CALLBACK = "https://diary.example/callback"


def register(session, boss, **other):
    given = {
        "name": "Heart diary",
        "redirect_uris": [CALLBACK],
        "resource_types": ["Encounter", "Patient"],
        **boss.fresh,
    }
    return patient_apps.register(session, boss.actor, **(given | other))


def test_an_app_is_registered_listed_and_written_down(session):
    boss = desk(session)

    app_id = register(session, boss, redirect_uris=[f" {CALLBACK} ", CALLBACK, ""])

    [app] = patient_apps.list_apps(session, boss.actor)
    assert (app.id, app.name, app.redirect_uris) == (app_id, "Heart diary", (CALLBACK,))
    assert app.resource_types == ("Patient", "Encounter")
    [event] = events_of(session, Action.APP_REGISTER)
    assert event.details["addresses"] == [CALLBACK]


@pytest.mark.parametrize(
    "address",
    [
        CALLBACK,
        "https://diary.example:8443/a?b=c",
        "http://localhost:3000/back",
        "http://127.0.0.1/back",
        "org.example.diary:/callback",
    ],
)
def test_an_address_may_be(session, address):
    boss = desk(session)

    app_id = register(session, boss, redirect_uris=[address])

    app = patient_apps.find_app(session, app_id)
    assert app is not None
    assert app.redirect_uris == (address,)


@pytest.mark.parametrize(
    "address",
    [
        "http://diary.example/callback",
        "http://localhost.evil.example/",
        "http://[::1]:3000/back",
        "https://clinic.example@evil.example/",
        "https://diary.example/callback#part",
        "https://*.example/callback",
        "https://diary.example/a b",
        'https://diary.example/"',
        "https://diary.example;script-src *",
        "https://[::bad/",
        "https://",
        "//diary.example/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "diary:/callback",
        "https://diary.example/\u00e4",
        "https://diary.example/" + "a" * 500,
    ],
)
def test_an_address_may_not_be(session, address):
    with pytest.raises(InvalidInput, match="An address must begin with https://"):
        register(session, desk(session), redirect_uris=[address])


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"name": " "}, "name"),
        ({"redirect_uris": []}, "redirect_uris"),
        (
            {"redirect_uris": [f"{CALLBACK}{n}" for n in range(MOST_ADDRESSES + 1)]},
            "redirect_uris",
        ),
        ({"resource_types": []}, "resource_types"),
        ({"resource_types": ["AuditEvent"]}, "resource_types"),
        ({"resource_types": ["Condition"]}, "resource_types"),
    ],
)
def test_what_is_wrong_is_said_by_field(session, other, field):
    with pytest.raises(InvalidInput) as refusal:
        register(session, desk(session), **other)

    assert refusal.value.property_name == field


def test_registering_needs_an_administrator_with_a_passkey(session):
    boss = desk(session, method="code")
    with pytest.raises(NotConfirmed):
        register(session, boss)

    with pytest.raises(NotAllowed):
        register(session, desk(session, Role.STAFF))


def test_an_app_is_removed_once_and_is_nobody_any_more(session):
    boss = desk(session)
    app_id = register(session, boss)

    patient_apps.remove(session, boss.actor, app_id)
    patient_apps.remove(session, boss.actor, app_id)

    assert patient_apps.find_app(session, app_id) is None
    assert patient_apps.list_apps(session, boss.actor) == ()
    assert len(events_of(session, Action.APP_REMOVE)) == 1
    with pytest.raises(NoSuchApp):
        patient_apps.remove(session, boss.actor, boss.actor.id)


def test_an_app_that_was_removed_stays_removed_when_the_rows_go_back(session):
    boss = desk(session)
    app_id = register(session, boss)

    revocations.replay_revocations(session, Revocations(apps={app_id}))

    assert patient_apps.find_app(session, app_id) is None

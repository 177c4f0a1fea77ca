"""Apps for patients on screen: registered and removed, and ended by their patients."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.people.patient_apps.own_types import OWN_TYPES
from db.models.user import ApiToken, PatientApp
from services.core.actors import Actor, Role
from services.people import patient_apps, tokens
from tests.kit import cast
from tests.services.people.people_samples import desk

CALLBACK = "https://diary.example/callback"


@pytest.fixture
def app_id(kept: Session) -> UUID:
    """The id of an app that no other test changes."""
    boss = desk(kept)
    made = patient_apps.register(
        kept,
        boss.actor,
        name=f"Diary {uuid4().hex[:8]}",
        redirect_uris=[CALLBACK],
        resource_types=["Encounter", "AllergyIntolerance"],
        **boss.fresh,
    )
    kept.commit()
    return made


def texts(app: AppTest) -> str:
    shown = (*app.markdown, *app.caption, *app.code, *app.subheader)
    return " ".join(element.value for element in shown)


def is_registered(kept: Session, app_id: UUID) -> bool:
    kept.expire_all()
    return patient_apps.find_app(kept, app_id) is not None


def test_an_app_is_registered_and_the_list_says_what_its_programmers_need(
    open_page, kept: Session
):
    app = open_page("new_app")
    name = f"Heart diary {uuid4().hex[:8]}"
    app.text_input(key="new_app_name").set_value(name)
    app.text_area(key="new_app_addresses").set_value(f"{CALLBACK}\norg.diary.app:/cb")
    app.multiselect(key="new_app_types").set_value(["Encounter", "Patient"])

    app.button(key="new_app_save").click().run()

    [made] = kept.scalars(select(PatientApp).where(PatientApp.name == name))
    assert made.redirect_uris == [CALLBACK, "org.diary.app:/cb"]
    assert made.resource_types == ["Patient", "Encounter"]
    shown = texts(app)
    for words in (name, str(made.id), "org.diary.app:/cb"):
        assert words in shown


def test_an_address_that_leads_astray_is_refused_and_nothing_is_registered(open_page):
    app = open_page("new_app")
    app.text_input(key="new_app_name").set_value("Heart diary")
    app.text_area(key="new_app_addresses").set_value("http://diary.example/callback")

    app.button(key="new_app_save").click().run()

    assert "An address must begin with https://" in app.error[0].value


def test_an_app_is_removed_after_a_question(open_page, kept: Session, app_id):
    app = open_page("systems")
    app.button(key=f"apps_remove_{app_id}").click().run()
    assert is_registered(kept, app_id)

    # A dialog's widgets exist for one run only.
    app.button(key=f"apps_remove_{app_id}").click()
    app.button(key="apps_remove_confirm").click().run()

    assert not is_registered(kept, app_id)


def let_in(kept: Session, patient: Actor, app_id: UUID) -> UUID:
    """Let the app read a patient's visits for an hour; return its token's id."""
    token_id, _ = tokens.issue_for_app(
        kept,
        patient,
        app_id,
        name="Heart diary",
        scopes=["patient/Encounter.rs"],
        lifetime=timedelta(hours=1),
    )
    kept.commit()
    return token_id


def test_a_patient_sees_and_ends_what_they_have_let_in(at_desk, kept: Session, app_id):
    app = at_desk("account", role=Role.PATIENT)
    assert "None now." in texts(app)
    maya = cast.get_demo(kept)[Role.PATIENT]
    token_id = let_in(kept, maya, app_id)
    app.run()
    assert "**Heart diary**" in texts(app)
    assert "your visits" in texts(app)

    app.button(key=f"account_app_{app_id}").click().run()

    kept.expire_all()
    ended = select(ApiToken.revoked_at <= func.now()).where(ApiToken.id == token_id)
    assert kept.scalar(ended)
    assert "None now." in texts(app)


def test_an_administrator_ends_an_app_of_who_is_signed_in_nowhere(
    open_page, kept: Session, app_id
):
    bea = cast.add_actor(kept, Role.PATIENT)
    kept.commit()
    before = open_page("user", user=bea.id)
    assert "Nowhere." in texts(before)
    assert not [button for button in before.button if button.key == "user_end_all"]
    token_id = let_in(kept, bea, app_id)
    app = open_page("user", user=bea.id)
    assert "Apps that read the patient's record now: Heart diary" in texts(app)
    assert "Nowhere." in texts(app)

    app.button(key="user_end_all").click().run()

    kept.expire_all()
    ended = select(ApiToken.revoked_at <= func.now()).where(ApiToken.id == token_id)
    assert kept.scalar(ended)
    assert "Heart diary" not in texts(app)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PATIENT}))
def test_others_let_no_apps_in(at_desk, role):
    assert "Apps that read your record" not in texts(at_desk("account", role=role))


def test_every_type_has_words_for_patients():
    assert set(OWN_TYPES) == set(patient_apps.APP_TYPES)

"""An administrator who has chosen German finds no English sentence about people."""

import pytest
from sqlalchemy.orm import Session

from dashboard.ui.language import GERMAN, using_language
from db.models.user import User
from services.core.actors import Role, Scope
from services.documents.sharing import offboarding
from services.fhir import bulk_exports
from services.lists import views
from services.lists.criteria import Criteria
from services.patients.search.fields import PATIENTS
from services.people import connected_systems, patient_apps
from services.people.connected_systems import SystemKeysTyped
from tests.kit.backend_services import ec_key, jwks_of
from tests.kit.german_pages import left_english, said, texts_of
from tests.pages.conftest import Clinic
from tests.services.people.people_samples import desk

pytestmark = pytest.mark.usefixtures("german")


@pytest.mark.parametrize(
    "page",
    [
        "users",
        "invite",
        "tokens",
        "new_token",
        "systems",
        "new_system",
        "new_app",
        "my_tokens",
        "roles",
        "account",
        "notifications",
    ],
)
@pytest.mark.parametrize("method", ["passkey", "code"])
def test_a_page_is_german(confirmed, cleo: User, page: str, method: str) -> None:
    app = confirmed(page, method=method)

    assert left_english(app) == set()


def test_a_connected_system_is_german(confirmed, kept: Session) -> None:
    boss = desk(kept)
    system_id = connected_systems.register(
        kept,
        boss.actor,
        name="RHR",
        role=Role.STAFF,
        system_keys=SystemKeysTyped(jwks=jwks_of(ec_key())),
        resource_types=["Patient"],
        **boss.fresh,
    )
    connected_systems.note_refusal(kept, system_id, "jti was used before.")
    clerk = desk(kept, Role.STAFF).actor
    key = views.store_criteria(kept, clerk, Criteria(), subject=PATIENTS)
    saved = views.save_view(kept, clerk, "IMP", key, subject=PATIENTS)
    bulk_exports.grant(kept, boss.actor, system_id, saved.id, **boss.fresh)
    kept.commit()

    assert left_english(confirmed("systems")) == set()
    app = confirmed("system", system=str(system_id))
    assert left_english(app) == set()
    assert "jti wurde schon verwendet" in said(app)
    assert "Liste · gespeichert von" in said(app)


def test_an_app_for_patients_is_german(confirmed, kept: Session) -> None:
    boss = desk(kept)
    patient_apps.register(
        kept,
        boss.actor,
        name="RHR",
        redirect_uris=["https://rhr.example/"],
        resource_types=["Patient"],
        **boss.fresh,
    )
    kept.commit()

    app = confirmed("systems")

    assert left_english(app) == set()
    assert "noch kein Token" in said(app)


def test_the_list_of_people_is_german(confirmed, cleo: User) -> None:
    app = confirmed("users")

    assert {"Administration", "Empfang", "Arzt", "Aktiv", "Nie"} <= set(texts_of(app))
    app.text_input(key="users_search").set_value("niemand von hier")
    with using_language(GERMAN):
        app.run()
    assert "Niemand passt dazu." in said(app)


def test_a_person_and_the_questions_about_them_are_german(
    german: Clinic, confirmed, cleo: User
) -> None:
    app = confirmed("user", user=cleo.id)
    assert left_english(app) == set()
    assert "keine Passkeys · noch nie hier · hinzugefügt" in said(app)

    with using_language(GERMAN):
        app.button(key="user_deactivate").click().run()
    assert left_english(app) == set()
    assert "Diese Anmeldung sperren?" in said(app)

    admin = german.cast[Role.ADMIN]
    german.write(lambda s: offboarding.deactivate(s, admin, cleo.id))
    shut_out = confirmed("user", user=cleo.id)
    assert left_english(shut_out) == set()
    assert "Gesperrt" in said(shut_out)


def test_an_invitation_and_its_refusal_are_german(confirmed, cleo: User) -> None:
    app = confirmed("invite")
    app.text_input(key="invite_name").set_value("Dora")
    app.text_input(key="invite_email").set_value(cleo.email)
    with using_language(GERMAN):
        app.button(key="invite_send").click().run()
    assert "Mit dieser Adresse meldet sich schon jemand an." in said(app)

    app.text_input(key="invite_email").set_value(f"dora-{cleo.email}")
    with using_language(GERMAN):
        app.button(key="invite_send").click().run()
    assert left_english(app) == set()
    assert "An Dora ging keine E-Mail." in said(app)


def test_tokens_are_listed_made_and_revoked_in_german(
    german: Clinic, confirmed
) -> None:
    app = confirmed("new_token")
    app.text_input(key="new_token_name").set_value("Briefe")
    app.multiselect(key="new_token_scopes").set_value([Scope.READ_PATIENTS])
    with using_language(GERMAN):
        app.button(key="new_token_make").click().run()
    assert left_english(app) == set()
    assert "Kopieren Sie das Token jetzt" in said(app)

    listed = confirmed("tokens")
    assert left_english(listed) == set()
    assert "Programm mit der Rolle Empfang · Patienten lesen · bis" in said(listed)
    (revoke,) = (
        button for button in listed.button if button.key.startswith("tokens_revoke")
    )
    with using_language(GERMAN):
        revoke.click().run()
    assert left_english(listed) == set()
    assert "Dieses Token zurückziehen?" in said(listed)

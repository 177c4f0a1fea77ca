"""Saved views: opened, renamed, deleted, and nobody else's."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.fields.keys import stamp_of
from services.core.actors import Role
from services.documents.search.fields import DOCUMENTS
from services.fhir import bulk_exports
from services.lists import views
from services.lists.criteria import Criteria
from services.lists.views import View
from services.patients.search.fields import PATIENTS
from services.people import connected_systems
from services.people.connected_systems import SystemKeysTyped
from tests.kit.backend_services import jwks_of, rsa_key
from tests.pages.conftest import Clinic, rows_of
from tests.services.people.people_samples import desk


@pytest.fixture
def view(clinic: Clinic) -> View:
    clinic.register(last_name="Viewed")
    name = f"View {len(mine(clinic)) + 1}"

    def save(session):
        key = views.store_criteria(
            session, clinic.clerk, Criteria(search="Viewed"), subject=PATIENTS
        )
        return views.save_view(session, clinic.clerk, name, key, subject=PATIENTS)

    return clinic.write(save)


def mine(clinic: Clinic) -> tuple[View, ...]:
    return clinic.write(
        lambda session: views.list_views(session, clinic.clerk, subject=PATIENTS)
    )


def names(app: AppTest) -> set[str]:
    return {element.value.strip("*") for element in app.markdown}


def test_a_view_opens_its_list(clinic: Clinic, view: View):
    app = clinic.open("views")

    app.button(key=f"views_open_{view.id}").click().run()

    assert {row[0].partition(",")[0] for row in rows_of(app)} == {"Viewed"}


def test_a_view_of_documents_opens_the_documents(clinic: Clinic):
    def save(session):
        key = views.store_criteria(
            session, clinic.clerk, Criteria(search="gastroscopy"), subject=DOCUMENTS
        )
        return views.save_view(session, clinic.clerk, "Papers", key, subject=DOCUMENTS)

    view = clinic.write(save)
    app = clinic.open("views")
    app.button(key=f"views_open_{view.id}").click().run()

    assert app.title[0].value == "Documents"
    assert app.text_input(key="documents_search").value == "gastroscopy"


def test_deleting_asks_first_and_names_the_view(clinic: Clinic, view: View):
    app = clinic.open("views")

    app.button(key=f"views_delete_{view.id}").click().run()

    assert any("is removed from your views" in text for text in names(app))
    assert view in mine(clinic)


def test_deleting_says_which_systems_still_receive_the_list(clinic: Clinic, view: View):
    def connect(session):
        boss = desk(session)
        system_id = connected_systems.register(
            session,
            boss.actor,
            name="Regional *record*",
            role=Role.STAFF,
            system_keys=SystemKeysTyped(jwks=jwks_of(rsa_key())),
            resource_types=["Patient"],
            export_purpose="A nightly copy",
            **boss.fresh,
        )
        bulk_exports.grant(session, boss.actor, system_id, view.id, **boss.fresh)

    clinic.write(connect)
    app = clinic.open("views")

    app.button(key=f"views_delete_{view.id}").click().run()

    said = [text for text in names(app) if "still receive this list" in text]
    assert len(said) == 1
    assert "granted it to them: Regional \\*record\\*." in said[0]
    assert not app.exception


def test_renaming_starts_with_the_name_there_is(clinic: Clinic, view: View):
    app = clinic.open("views")

    app.button(key=f"views_rename_{view.id}").click().run()

    key = f"views_rename_{view.id}_{stamp_of((view.name, view.description))}"
    assert app.text_input(key=f"{key}_name").value == view.name


def test_a_view_is_its_owners_only(clinic: Clinic, view: View):
    app = clinic.open("views", Role.ANALYST)

    assert view.name not in names(app)
    assert any("No saved views yet" in text for text in names(app))


def test_a_name_that_is_taken_is_refused_in_words(clinic: Clinic, view: View):
    app = clinic.open("patients")
    app.session_state["patients_views"] = True
    app.run()
    app.text_input(key="patients_view_name").set_value(view.name)

    app.button(key="patients_view_save").click().run()

    assert view.name in app.error[0].value

"""What a refusal quotes is shown as it was typed."""

from services.lists import views
from services.lists.criteria import Criteria
from services.patients.search.fields import PATIENTS
from tests.pages.conftest import Clinic

MARKED = "*x* <b>y</b> [a](b) $x$ :red[z] :material/home:"
SHOWN = (
    "\\*x\\* \\<b\\>y\\</b\\> \\[a\\](b) \\$x\\$ \\:red\\[z\\] :\u2060material/home:"
)


def save_view(clinic: Clinic, name: str) -> None:
    """Save a list of patients under this name."""

    def save(session):
        key = views.store_criteria(
            session, clinic.clerk, Criteria(search="Mine"), subject=PATIENTS
        )
        views.save_view(session, clinic.clerk, name, key, subject=PATIENTS)

    clinic.write(save)


def test_a_refusal_shows_a_name_as_it_was_typed(clinic: Clinic):
    save_view(clinic, MARKED)
    app = clinic.open("patients")
    app.session_state["patients_views"] = True
    app.run()

    app.text_input(key="patients_view_name").set_value(MARKED)
    app.button(key="patients_view_save").click().run()

    assert [element.value for element in app.error] == [
        f"You already have a view called “{SHOWN}”. Choose another name."
    ]


def test_a_note_in_passing_shows_a_name_as_it_was_typed(clinic: Clinic):
    app = clinic.open("patients")
    app.session_state["patients_views"] = True
    app.run()

    app.text_input(key="patients_view_name").set_value(f"{MARKED} again")
    app.button(key="patients_view_save").click().run()

    assert [each.value for each in app.toast] == [f"Saved as {SHOWN} again."]

"""An analyst who has chosen German builds, counts and compares cohorts in German."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.language import translated
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
)
from services.analytics.cohorts.wording import cohort_phrase
from services.analytics.figures import FigureMeasure
from services.core.actors import Role
from services.documents.records.kinds import DocumentType
from services.patients.records.model import Sex
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.usefixtures("german_choices")
ENTRY = "cohorts_entry"


@pytest.fixture(scope="module")
def german(clinic: Clinic) -> Clinic:
    """A clinic with eight allergic patients, whose analyst has chosen German."""
    for number in range(14):
        allergies = ("Latex",) if number < 8 else ()
        clinic.register(first_name=f"P{number}", sex=Sex.FEMALE, allergies=allergies)
    clinic.speak_german(Role.ANALYST)
    return clinic


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()


def test_the_form_is_german_with_a_rule(german: Clinic) -> None:
    app = german.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.VITAL).run()
    press(app, "cohorts_add")

    assert english(texts_of(app)) == set()
    assert "Termin" in set(texts_of(app))


def test_a_cohort_is_counted_and_told_in_german(german: Clinic) -> None:
    app = german.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.ALLERGY).run()
    app.text_input(key=f"{ENTRY}_words").set_value("Latex")
    app.multiselect(key="cohorts_sexes").set_value([Sex.FEMALE, Sex.MALE])
    app.multiselect(key="cohorts_split").set_value([Dimension.SEX])
    press(app, "cohorts_add")
    press(app, "cohorts_count")

    assert english(texts_of(app)) == set()
    assert (
        "**Patienten (weiblich oder männlich) mit einer ersten Allergie gegen "
        "„Latex“, die innerhalb von 90 Tagen danach einen Termin hatten: Anteil der "
        "Verbleibenden nach Geschlecht.**"
    ) in [each.value for each in app.markdown]


def test_a_value_stays_as_it_was_typed_in_german(german: Clinic) -> None:
    app = german.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.VITAL).run()
    app.text_input(key=f"{ENTRY}_at_least").set_value("38,5")

    press(app, "cohorts_count")

    assert app.text_input(key=f"{ENTRY}_at_least").value == "38,5"


@pytest.fixture
def laboratory_reports(german: Clinic, file) -> None:
    """Eight patients with a laboratory report, and six with something else."""
    for number in range(14):
        type_ = DocumentType.LAB_REPORT if number < 8 else DocumentType.IMAGING
        patient = german.register(first_name=f"D{number}")
        file(letter(f"Findings {number}"), of=patient.id, document_type=type_)


def test_a_common_type_of_documents_has_its_german_name_in_the_field(
    german: Clinic, laboratory_reports
) -> None:
    app = german.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.DOCUMENT).run()
    press(app, f"{ENTRY}_commonest")
    facets = {b.label: b.key for b in app.button if "facet_" in str(b.key)}
    press(app, str(facets["Laborbefund · 8"]))
    assert app.text_input(key=f"{ENTRY}_words").value == "Laborbefund"

    press(app, "cohorts_count")

    assert app.get("vega_lite_chart")[0].proto.alt.endswith(": 8")
    assert app.text_input(key=f"{ENTRY}_words").value == "Laborbefund"


def test_numbers_of_a_cohort_are_written_as_in_german() -> None:
    fever = CohortEvent(kind=EventKind.VITAL, words="temperature", at_least=38.5)
    back = Rule(event=CohortEvent(kind=EventKind.VISIT), within=Window(1_095))

    said = translated(cohort_phrase(Cohort(entry=fever, steps=((back,),))))

    assert "mit einem Wert von mindestens 38,5" in said
    assert "innerhalb von 1.095 Tagen" in said


def test_figures_and_the_commonest_are_german(german: Clinic) -> None:
    app = german.open("cohorts", Role.ANALYST)
    app.selectbox(key=f"{ENTRY}_kind").set_value(EventKind.ALLERGY).run()
    app.selectbox(key="cohorts_of").set_value(EventKind.VISIT.value)
    app.multiselect(key="cohorts_split").set_value(
        [Dimension.WEEKDAY, Dimension.STATUS]
    )
    app.selectbox(key="cohorts_measure").set_value(FigureMeasure.EVENTS).run()
    press(app, f"{ENTRY}_commonest")
    press(app, "cohorts_count")

    assert english(texts_of(app)) == set()
    assert any("nach Wochentag und Status" in each.value for each in app.markdown)


def test_what_cannot_be_counted_is_said_in_german(german: Clinic) -> None:
    app = german.open("cohorts", Role.ANALYST)
    app.text_input(key=f"{ENTRY}_to_age").set_value("alt")
    press(app, "cohorts_count")

    assert app.error[0].value == "Alter bis: Geben Sie eine Zahl ein, zum Beispiel 50."

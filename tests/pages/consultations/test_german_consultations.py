"""A clinician who has chosen German finds no English in the consulting room."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from dashboard.ui.language import translated
from services.consultations import diagnoses, notes, prescriptions
from services.consultations.drugs import BUILT_IN, CLASSES
from services.consultations.notes.typed import LABELS
from services.consultations.prescriptions import DraftPrescription, PrescriptionLine
from services.consultations.prescriptions.allergies import as_sentence, find_warning
from services.consultations.prescriptions.errors import DrugWarnings
from services.consultations.prescriptions.rules import find_warnings, require_reasons
from services.core.actors import Role
from services.patients.care import care
from tests.kit import cast
from tests.kit.german_pages import english, said, texts_of
from tests.kit.sentences import lacking
from tests.services.visits import visit_samples

pytestmark = pytest.mark.usefixtures("german_choices")
CLINICIAN = Role.CLINICIAN
MEASURED = {
    "systolic": "150",
    "diastolic": "95",
    "pulse": "72",
    "temperature": "38.4",
    "weight": "70.5",
}
OVERRIDDEN = PrescriptionLine(
    "Amoxicillin 500 mg capsules",
    "1 capsule",
    "thrice daily",
    "1 week",
    "Tolerated before",
    route="oral",
    quantity="21 capsules",
    repeats="1",
)


@pytest.fixture(scope="module")
def patient(german):
    registered = german.register(
        allergies=("Penicillin",), medical_history=("Asthma",), no_known_allergies=False
    )
    clinician = german.cast[CLINICIAN].id
    german.write(lambda s: care.assign(s, german.clerk, registered.id, clinician))
    return registered


@pytest.fixture(scope="module")
def visits(german, patient):
    """Two visits with notes, and today's visit."""
    user_id = german.cast[CLINICIAN].id
    doctor_id = german.write(lambda s: cast.add_doctor(s, user_id=user_id).id)

    def kept(days_ago, status):
        starts_at = datetime.now(UTC) - timedelta(days=days_ago, minutes=30)
        return german.write(
            lambda s: visit_samples.visit(
                s,
                doctor_id,
                patient.id,
                starts_at,
                status=status,
                note="Husten",
                checked_in_at=starts_at,
            )
        )

    earlier, before, now = (
        kept(20, "completed"),
        kept(9, "completed"),
        kept(0, "checked-in"),
    )
    for number, visit_id in enumerate((earlier, before)):
        typed = MEASURED | {
            "complaint": "Husten",
            "diagnoses": "I10 Hypertonie\nEin Wort ohne Code",
            "pulse": str(70 + number),
        }
        _save(german, visit_id, typed)
    return SimpleNamespace(before=before, now=now)


def _save(clinic, visit_id, typed, number=0):
    actor = clinic.cast[CLINICIAN]
    return clinic.write(lambda s: notes.save(s, actor, visit_id, typed, number=number))


def opened(clinic, page, role=CLINICIAN, **query):
    return clinic.open(page, role, **query)


def unread(app):
    """Return the English on a page, except for terms and names of the code lists."""
    coded = {category.line for category in diagnoses.BUILT_IN.offered.values()}
    texts = (text for text in texts_of(app) if text.partition(": ")[0] not in coded)
    return english(texts) - set(BUILT_IN.offered)


@pytest.mark.parametrize("part", ["Früher", "Ähnliche", "Messwerte", "Versionen"])
def test_the_consulting_room_is_german(german, visits, part):
    app = opened(german, "visit", visit=visits.before)

    app.session_state["visit_tabs"] = f":gray[{part}]"
    app.run()

    assert unread(app) == set()


def test_what_was_measured_is_written_with_a_comma(german, visits):
    app = opened(german, "visit", visit=visits.now)
    app.session_state["visit_tabs"] = ":gray[Messwerte]"
    app.run()
    room = said(app)
    app.selectbox(key="visit_vital").set_value("Temperature").run()
    form = opened(german, "visit", visit=visits.before)

    assert "150 / 95 mmHg (erhöht)" in room
    assert "38,4 °C (erhöht)" in said(app)
    assert "Referenzbereich für Erwachsene: Temperatur 36,1 bis 38 °C." in said(app)
    assert form.text_input(key="visit_field_temperature").value == "38,4"


def test_notes_are_refused_and_saved_in_german(german, visits):
    app = opened(german, "visit", visit=visits.now)
    app.text_input(key="visit_field_weight").set_value("0,1")
    app.text_input(key="visit_field_pulse").set_value("72,5")
    app.text_input(key="visit_field_systolic").set_value("120")

    app.button(key="visit_save").click().run()
    refused = said(app)
    app.button(key="visit_complete").click().run()

    assert "Körpergewicht muss zwischen 0,3 und 500 kg liegen." in refused
    assert "Puls: ohne Nachkommastellen." in refused
    assert "Diastolischer Blutdruck fehlt neben dem anderen Wert." in refused
    assert "Diesen Termin abschließen?" in said(app)
    assert unread(app) == set()


def test_a_warning_is_german_and_the_prescription_too(german, visits):
    app = opened(german, "visit", visit=visits.now)
    (drug,) = [each for each in app.text_input if each.key.endswith("_drug")]

    drug.set_value("Amoxicillin").run()
    warned = said(app)
    (offered,) = [each for each in app.button if each.label == "3-mal täglich"]
    offered.click().run()
    (frequency,) = [each for each in app.text_input if each.key.endswith("_frequency")]
    app.button(key="prescription_issue").click().run()

    assert "selben Wirkstoffgruppe: Penicilline." in warned
    assert frequency.value == "3-mal täglich"
    assert "Zeile 1: es fehlt: die Dosis." in said(app)
    assert unread(app) == set()


def test_what_was_prescribed_is_german(german, visits):
    actor = german.cast[CLINICIAN]
    draft = DraftPrescription((OVERRIDDEN,))
    issuer = german.wiring.issuer

    order = german.write(
        lambda s: prescriptions.prepare(s, actor, visits.before, draft)
    )
    paper = issuer.make(order, now=datetime.now(UTC))
    german.write(lambda s: prescriptions.issue(s, actor, order, paper))
    app = opened(german, "visit", visit=visits.before)
    app.button(key="prescription_withdraw").click().run()

    shown = said(app)
    assert "Grund für die Verschreibung: Tolerated before" in shown
    assert "Wirkstoffgruppe: Penicilline." in shown
    assert "21 capsules, Wiederholungen: 1" in shown
    assert "Dieses Rezept stornieren?" in shown
    assert unread(app) == set()


def test_every_warning_that_is_kept_is_said_in_german():
    line = PrescriptionLine("Amoxicilin", "1", "1", "1")
    (warned,) = find_warnings([line], ["Penicillin"], BUILT_IN)
    with pytest.raises(DrugWarnings) as refusal:
        require_reasons([warned], [None])

    translation = translated(refusal.value.args[0])
    kept = translated(as_sentence(str(warned.warning)))
    related = translated(find_warning("Cefalexin", ["Penicillin"]))

    assert translation.startswith("Zeile 1: Dieser Name ist nicht bekannt")
    assert "Falls Amoxicillin gemeint ist: Es besteht eine Allergie" in kept
    assert kept in translation
    assert "Kreuzallergie gegen dieses Medikament ist möglich" in related
    assert as_sentence("In other words.") == "In other words."


def test_the_lists_of_the_clinic_are_german(german):
    app = opened(german, "code_lists", Role.ADMIN)
    number = app.session_state["code_lists_round"]
    key = f"code_lists_file_drugs_{number}"
    content = b"name,form\nUnheardof,tablets\n"
    app.file_uploader(key=key).set_value(("list.csv", content, "text/csv")).run()

    assert "1 Zeile lässt sich nicht übernehmen" in said(app)
    assert "die Wirkstoffe von „Unheardof“" in said(app)
    assert unread(app) == set()


def test_labels_of_notes_and_classes_of_drugs_are_german():
    assert lacking([*LABELS.values(), *CLASSES]) == []

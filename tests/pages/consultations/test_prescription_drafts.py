"""The lines of a prescription: kept while they are typed, offered again, forgotten."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from db.models.booking import Appointment
from db.mongo.draft_store import DraftStore, DraftsUnavailable
from services.consultations import prescriptions
from services.consultations.prescriptions import DraftPrescription, PrescriptionLine
from services.core.actors import Role
from services.patients.care import care
from services.visits.front_desk import appointments
from tests.kit import cast
from tests.pages.conftest import page_file
from tests.services.visits import visit_samples

CLINICIAN = Role.CLINICIAN
BEGAN = datetime.now(UTC)
_PLACES = count()
LINE = PrescriptionLine("Paracetamol 500 mg", "1 tablet", "3 times a day", "5 days")


@pytest.fixture
def visit(clinic, doctor_id):
    """A visit of a patient who has arrived."""
    return begun(clinic, doctor_id)


@pytest.fixture
def next_visit(clinic, doctor_id):
    """A visit of another patient."""
    return begun(clinic, doctor_id)


def begun(clinic, doctor_id, **fields):
    patient = clinic.register(**fields)
    clinic.write(
        lambda s: care.assign(s, clinic.clerk, patient.id, clinic.cast[CLINICIAN].id)
    )
    starts_at = BEGAN - timedelta(minutes=20 * next(_PLACES))
    return clinic.write(
        lambda s: visit_samples.visit(
            s,
            doctor_id,
            patient.id,
            starts_at,
            status="checked-in",
            checked_in_at=datetime.now(UTC),
        )
    )


def opened(clinic, visit_id):
    return clinic.open("visit", CLINICIAN, visit=visit_id)


def field(app, name, place=0):
    """Return the widget of a field of a line."""
    inputs = [
        widget
        for widget in app.text_input
        if widget.key.startswith("prescription_line_")
        and widget.key.endswith(f"_{name}")
    ]
    return inputs[place]


def type_in(app, **typed):
    for name, text in typed.items():
        field(app, name).set_value(text)
    return app.run()


def drafts(clinic, visit_id):
    draft_store, actor = clinic.wiring.drafts, clinic.cast[CLINICIAN]
    drafts = prescriptions.list_drafts(draft_store, actor, visit_id)
    return [draft.draft.typed for draft in drafts]


def press(app, start):
    (button,) = [element for element in app.button if element.key.startswith(start)]
    return button.click().run()


def test_an_empty_form_is_no_draft(clinic, visit):
    opened(clinic, visit).run()

    assert drafts(clinic, visit) == []


def test_what_is_typed_is_kept_and_offered_in_another_tab(clinic, visit):
    first = type_in(opened(clinic, visit), drug="Paracetamol 500 mg", dose="1 tablet")
    first.button(key="prescription_add").click().run()
    field(first, "drug", 1).set_value("Ibuprofen")
    first.text_area(key="prescription_note").set_value("With food").run()
    assert any("Draft saved" in element.value for element in first.caption)

    other = press(opened(clinic, visit), "prescription_continue_")

    assert (field(other, "drug").value, field(other, "dose").value) == (
        "Paracetamol 500 mg",
        "1 tablet",
    )
    assert field(other, "drug", 1).value == "Ibuprofen"
    assert other.text_area(key="prescription_note").value == "With food"
    # The same draft is continued.
    type_in(other, frequency="Once")
    assert len(drafts(clinic, visit)) == 1


def test_a_draft_that_nobody_wants_is_discarded(clinic, visit):
    type_in(opened(clinic, visit), drug="Paracetamol 500 mg")

    app = press(opened(clinic, visit), "prescription_discard_")

    assert drafts(clinic, visit) == []
    assert field(app, "drug").value == ""


def named_problems(app):
    return [
        element.value.partition("error: ")[2].removesuffix("]")
        for element in app.markdown
        if "Line 1" in element.value
    ]


def test_every_missing_field_is_named_until_it_is_filled(clinic, visit):
    app = type_in(opened(clinic, visit), drug="Paracetamol 500 mg")
    assert named_problems(app) == []

    app.button(key="prescription_issue").click().run()
    refused = named_problems(app)
    type_in(app, dose="1 tablet")
    left = named_problems(app)

    how_often = "Line 1: enter how often it is taken."
    how_long = "Line 1: enter for how long it is taken."
    assert refused == ["Line 1: enter the dose.", how_often, how_long]
    assert left == [how_often, how_long]
    assert field(app, "drug").value == "Paracetamol 500 mg"


def test_a_form_begun_anew_names_nothing_yet(clinic, visit, next_visit):
    app = opened(clinic, visit)
    app.button(key="prescription_issue").click().run()
    assert len(named_problems(app)) == 4

    turn_to(clinic, app, next_visit)

    assert named_problems(app) == []


def test_what_is_issued_is_no_draft_any_more(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, **{name: getattr(LINE, name) for name in ("drug", "dose")})
    type_in(app, frequency=LINE.frequency, duration=LINE.duration)

    app.button(key="prescription_issue").click().run()

    prescription = clinic.write(
        lambda s: prescriptions.find_of_visit(s, clinic.cast[CLINICIAN], visit)
    )
    assert prescription.version.lines == (LINE,)
    assert drafts(clinic, visit) == []


def test_a_drug_that_was_issued_before_is_offered_as_it_was(clinic, visit, next_visit):
    again = "Ibuprofen 400 mg"
    app = opened(clinic, visit)
    type_in(app, drug=again, dose="1 tablet", frequency="Daily", duration="5 days")
    app.button(key="prescription_issue").click().run()

    other = type_in(opened(clinic, next_visit), drug=again)
    (offer,) = [b for b in other.button if b.key.endswith("_as_last")]
    assert offer.label == "1 tablet, Daily, 5 days"
    offer.click().run()

    typed = [field(other, name).value for name in ("dose", "frequency", "duration")]
    assert typed == ["1 tablet", "Daily", "5 days"]
    # What was typed must not be overwritten.
    assert not [b for b in other.button if b.key.endswith("_as_last")]


def duplicates(app):
    return [each.value for each in app.info if "substance" in each.value]


def test_a_second_drug_with_the_same_substance_is_told_of(clinic, doctor_id):
    visit_id = begun(clinic, doctor_id, current_medications=("Nurofen", "Ramipril"))
    app = type_in(opened(clinic, visit_id), drug="Ibuprofen 400 mg")
    app.button(key="prescription_add").click().run()

    field(app, "drug", 1).set_value("Ibuprofen 600 mg").run()

    taken = "The patient already takes this substance: Nurofen."
    assert duplicates(app) == [
        taken,
        f"{taken} Line 1 has the same substance.",
    ]


def test_an_amendment_is_no_second_drug(clinic, visit):
    app = opened(clinic, visit)
    issue_one(app, LINE.drug)

    app.button(key="prescription_amend").click().run()

    assert field(app, "drug").value == LINE.drug
    assert duplicates(app) == []


def test_an_amendment_is_kept_once_something_is_changed(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, drug=LINE.drug, dose="1", frequency="Daily", duration="5 days")
    app.button(key="prescription_issue").click().run()
    app.button(key="prescription_amend").click().run()
    assert drafts(clinic, visit) == []

    type_in(app, dose="2")

    assert [draft.lines[0].dose for draft in drafts(clinic, visit)] == ["2"]
    app.button(key="prescription_keep").click().run()
    assert drafts(clinic, visit) == []


def test_a_look_at_the_chart_loses_nothing_of_it(clinic, visit):
    app = type_in(opened(clinic, visit), drug="Paracetamol 500 mg", dose="1 tablet")
    app.button(key="prescription_add").click().run()
    field(app, "drug", 1).set_value("Ibuprofen 400 mg")
    app.text_area(key="prescription_note").set_value("With food").run()

    app.button(key="visit_to_timeline").click().run()
    app.run()
    assert not is_being_written(app)
    app.switch_page(page_file("visit"))
    turn_to(clinic, app, visit)

    assert [field(app, "drug", n).value for n in range(2)] == [
        "Paracetamol 500 mg",
        "Ibuprofen 400 mg",
    ]
    assert field(app, "dose").value == "1 tablet"
    assert app.text_area(key="prescription_note").value == "With food"
    (kept,) = drafts(clinic, visit)
    assert [line.drug for line in kept.lines] == [
        "Paracetamol 500 mg",
        "Ibuprofen 400 mg",
    ]


def turn_to(clinic, app, visit_id):
    """Open another visit in the same session, as the day's list does."""
    clinic.catch_up(app).query_params["visit"] = str(visit_id)
    app.run()


def issue_one(app, drug):
    type_in(app, drug=drug, dose="1", frequency="Daily", duration="5 days")
    app.button(key="prescription_issue").click().run()


def is_being_written(app):
    return any(button.key == "prescription_issue" for button in app.button)


def test_amending_one_prescription_amends_no_other(clinic, visit, next_visit):
    issue_one(opened(clinic, next_visit), "Ibuprofen 400 mg")
    app = opened(clinic, visit)
    issue_one(app, LINE.drug)
    app.button(key="prescription_amend").click().run()

    turn_to(clinic, app, next_visit)

    assert not is_being_written(app)
    # It is still being amended where it was.
    turn_to(clinic, app, visit)
    assert is_being_written(app)
    assert field(app, "drug").value == LINE.drug


def test_a_form_used_at_another_visit_amends_nothing(clinic, visit, next_visit):
    app = opened(clinic, visit)
    issue_one(app, LINE.drug)
    app.button(key="prescription_amend").click().run()
    app.text_area(key="prescription_note").set_value("With food").run()
    turn_to(clinic, app, next_visit)
    assert app.text_area(key="prescription_note").value == ""
    type_in(app, drug="Ibuprofen 400 mg")

    turn_to(clinic, app, visit)

    # An empty form would issue a version without the drugs of this one.
    assert not is_being_written(app)


def patient_of(clinic, visit_id):
    return clinic.write(lambda s: s.get_one(Appointment, visit_id).patient_id)


def issued_by_a_colleague(clinic, visit_id):
    """Issue a line for the visit as another clinician; return their name."""
    patient_id = patient_of(clinic, visit_id)
    colleague = clinic.write(lambda s: cast.add_actor(s, CLINICIAN))
    clinic.write(lambda s: cast.have_treated(s, colleague, patient_id))
    draft, issuer = DraftPrescription((LINE,)), clinic.wiring.issuer
    order = clinic.write(lambda s: prescriptions.prepare(s, colleague, visit_id, draft))
    paper = issuer.make(order, now=datetime.now(UTC))
    clinic.write(lambda s: prescriptions.issue(s, colleague, order, paper))
    return colleague.name


def test_a_colleague_who_prescribes_meanwhile_is_named_and_nothing_typed_is_lost(
    clinic, visit
):
    app = type_in(opened(clinic, visit), drug="Ibuprofen 400 mg")
    name = issued_by_a_colleague(clinic, visit)
    clinic.catch_up(app)

    field(app, "dose").set_value("1 tablet")
    app.button(key="prescription_issue").click().run()

    assert f"**{name}** issued a prescription for this visit" in warnings(app)[0]
    assert not is_being_written(app)
    (kept,) = drafts(clinic, visit)
    assert (kept.lines[0].drug, kept.lines[0].dose) == ("Ibuprofen 400 mg", "1 tablet")
    app.button(key="prescription_amend").click().run()
    assert field(app, "drug").value == LINE.drug
    press(app, "prescription_continue_")
    assert field(app, "dose").value == "1 tablet"
    assert not app.exception


def test_what_was_typed_until_the_treatment_ended_is_kept_as_a_draft(clinic, visit):
    doctor, patient_id = clinic.cast[CLINICIAN], patient_of(clinic, visit)
    app = type_in(opened(clinic, visit), drug="Ibuprofen 400 mg")
    clinic.write(lambda s: care.end(s, clinic.clerk, patient_id, doctor.id))

    field(app, "dose").set_value("1 tablet")
    clinic.catch_up(app).button(key="prescription_issue").click().run()

    assert "no longer do, so the record is closed to you" in app.info[0].value
    (kept,) = drafts(clinic, visit)
    assert kept.lines[0].dose == "1 tablet"
    assert not app.exception


def test_without_the_store_the_form_goes_on_and_says_so(clinic, visit, monkeypatch):
    app = opened(clinic, visit)

    def unreachable(*_args, **_values):
        raise DraftsUnavailable

    monkeypatch.setattr(DraftStore, "save", unreachable)
    type_in(app, drug="Paracetamol 500 mg")

    assert any("could not be saved" in element.value for element in app.caption)
    assert field(app, "drug").value == "Paracetamol 500 mg"


def warnings(app):
    return [element.value for element in app.warning]


def test_a_drug_that_is_not_recognised_is_said_and_put_right(clinic, visit):
    app = type_in(opened(clinic, visit), drug="Paracetemol 500 mg")
    assert any("allergies cannot be checked" in words for words in warnings(app))
    assert "Did you mean" in [element.value for element in app.caption]

    (offered,) = [known for known in app.button if known.label == "Paracetamol 500 mg"]
    offered.click().run()

    assert field(app, "drug").value == "Paracetamol 500 mg"
    assert not any("not recognised" in words for words in warnings(app))
    assert "Did you mean" not in [element.value for element in app.caption]


def test_allergies_that_the_list_does_not_know_are_named(clinic, visit):
    seen = clinic.write(lambda s: appointments.look_up(s, clinic.clerk, visit))
    clinic.edit(clinic.get(seen.patient_id), allergies=("Latex", "Penicillin"))

    app = clinic.catch_up(opened(clinic, visit)).run()

    (said,) = [each.value for each in app.caption if "exactly that name" in each.value]
    assert "Latex" in said
    assert "Penicillin" not in said


def test_a_drug_named_alone_is_offered_as_it_is_dispensed(clinic, visit):
    app = type_in(opened(clinic, visit), drug="amoxicillin")

    (offered,) = [
        known for known in app.button if known.label == "Amoxicillin 500 mg capsules"
    ]
    offered.click().run()

    assert field(app, "drug").value == "Amoxicillin 500 mg capsules"


@pytest.mark.parametrize("change", ["typed", "offered"])
def test_a_reason_for_one_drug_is_none_for_another(clinic, visit, change):
    app = type_in(opened(clinic, visit), drug="Ibuprofin 400 mg")
    type_in(app, override_reason="The only one that is in stock")

    if change == "typed":
        type_in(app, drug="Zzyzx 5 mg")
    else:
        offers = [known for known in app.button if known.label == "Ibuprofen 400 mg"]
        offers[0].click().run()
        type_in(app, drug="Ibuprofin 400 mg")

    assert not field(app, "override_reason").value


def test_a_reason_for_one_warning_is_none_for_another(clinic, visit):
    app = type_in(
        opened(clinic, visit),
        drug="Zzyzx 5 mg",
        dose="1",
        frequency="Daily",
        duration="5 days",
    )
    type_in(app, override_reason="Imported for this patient alone")
    seen = clinic.write(lambda s: appointments.look_up(s, clinic.clerk, visit))
    clinic.edit(clinic.get(seen.patient_id), allergies=("Zzyzx",))

    app.button(key="prescription_issue").click().run()
    assert any("allergic to Zzyzx" in element.value for element in app.error)
    clinic.catch_up(app).run()

    assert any("allergic to Zzyzx" in element.value for element in app.warning)
    assert not field(app, "override_reason").value
    assert any("Imported for this patient" in e.value for e in app.caption)


@pytest.mark.parametrize("is_allergic_since", [True, False])
def test_a_reason_in_a_draft_answers_the_warning_that_it_was_typed_for(
    clinic, visit, is_allergic_since
):
    reason = "Imported for this patient alone"
    first = type_in(opened(clinic, visit), drug="Zzyzx 5 mg")
    type_in(first, override_reason=reason)
    if is_allergic_since:
        seen = clinic.write(lambda s: appointments.look_up(s, clinic.clerk, visit))
        clinic.edit(clinic.get(seen.patient_id), allergies=("Zzyzx",))

    app = clinic.catch_up(opened(clinic, visit)).run()
    press(app, "prescription_continue_")

    is_said = any("allergic to Zzyzx" in words for words in warnings(app))
    assert is_said == is_allergic_since
    assert bool(field(app, "override_reason").value) != is_allergic_since
    is_shown = any(reason in element.value for element in app.caption)
    assert is_shown == is_allergic_since


def test_what_is_not_recognised_is_signed_with_a_reason_only(clinic, visit):
    app = type_in(
        opened(clinic, visit),
        drug="Zzyzx 5 mg",
        dose="1",
        frequency="Daily",
        duration="5 days",
    )

    app.button(key="prescription_issue").click().run()
    assert any("give the reason" in element.value for element in app.error)
    type_in(app, override_reason="Imported for this patient alone")
    app.button(key="prescription_issue").click().run()

    prescription = clinic.write(
        lambda s: prescriptions.find_of_visit(s, clinic.cast[CLINICIAN], visit)
    )
    (line,) = prescription.version.lines
    assert line.override_reason == "Imported for this patient alone"


def route(app, place=0):
    routes = [
        select.value for select in app.selectbox if str(select.key).endswith("_route")
    ]
    return routes[place]


def find(app, drug):
    return app.selectbox(key="prescription_find").set_value(drug).run()


def test_a_drug_that_is_found_fills_the_first_line_without_one(clinic, visit):
    app = find(opened(clinic, visit), "Amoxicillin 500 mg capsules")
    find(app, "Paracetamol 500 mg tablets")

    assert field(app, "drug").value == "Amoxicillin 500 mg capsules"
    assert field(app, "drug", 1).value == "Paracetamol 500 mg tablets"
    assert app.selectbox(key="prescription_find").value is None


def test_the_route_is_that_of_the_form_until_somebody_chooses_another(clinic, visit):
    app = find(opened(clinic, visit), "Paracetamol 500 mg tablets")
    assert route(app) == "oral"

    type_in(app, drug="Paracetamol 500 mg suppositories")
    assert route(app) == "rectal"
    type_in(app, drug="Paracetamol")
    assert route(app) == ""

    (chosen,) = (s for s in app.selectbox if str(s.key).endswith("_route"))
    chosen.set_value("intravenous").run()
    type_in(app, drug="Paracetamol 500 mg tablets")
    assert route(app) == "intravenous"


def test_usual_frequencies_are_offered_for_a_drug_that_is_known(clinic, visit):
    app = type_in(opened(clinic, visit), drug="Zzyzxil 5 mg tablets")
    assert "Twice a day" not in [button.label for button in app.button]
    type_in(app, drug="Paracetamol 500 mg tablets")

    (offered,) = (button for button in app.button if button.label == "Twice a day")
    offered.click().run()

    assert field(app, "frequency").value == "Twice a day"
    assert "Twice a day" not in [button.label for button in app.button]

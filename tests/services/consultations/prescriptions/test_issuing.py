"""Prescriptions issued, amended, withdrawn: one for a visit, whoever tries."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pypdfium2
import pytest
from sqlalchemy import func, select, update

from dashboard.ui.language.papers import wording_in
from db.files.gridfs import Bucket
from db.models.booking import Appointment, Slot
from db.models.consultation import Prescription
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.postgres import SYSTEM
from services.consultations import prescriptions
from services.consultations.prescriptions import PrescriptionLine, PrescriptionStatus
from services.consultations.prescriptions.errors import (
    AlreadyPrescribed,
    DrugWarnings,
    InvalidPrescription,
    NoSuchPrescription,
    NotAtVisit,
    PaperDamaged,
    PrescribedToDeceased,
    RecordsMerged,
    Superseded,
    VisitNotFound,
    Withdrawn,
)
from services.consultations.prescriptions.last_orders import find_last
from services.core.errors import Conflict, NotAllowed, ServiceError
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.refusals import PatientArchived
from services.pdf import signing
from services.visits.front_desk import appointments
from tests.kit import cast
from tests.kit.waiting import await_blocked
from tests.services.consultations.prescriptions.conftest import (
    AMOXICILLIN,
    PARACETAMOL,
    draft,
)
from tests.services.patients.clinic_samples import TODAY
from tests.services.patients.duplicates import merge_samples
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

MONTHS_AGO = update(Prescription).values(created_at=func.now() - timedelta(days=61))
REASON = "Tolerated amoxicillin well last year"


def text_of(content):
    with pypdfium2.PdfDocument(BytesIO(content)) as opened:
        return "\n".join(page.get_textpage().get_text_bounded() for page in opened)


def stored(room):
    return set(room.issuer.files.list_older_than(Bucket.PRESCRIPTION_FILES, _ever()))


def _ever():
    return datetime(2999, 1, 1, tzinfo=UTC)


def test_a_prescription_is_issued_as_a_signed_paper(room, signing_keys):
    issued = room.issue(PARACETAMOL)

    content = prescriptions.read_file(room.issuer.files, issued.version)
    signature = signing.check_apart(content, signing_keys.read().certificates)
    words = text_of(content)
    assert signature.is_valid
    assert signature.signer == issued.version.signer.hex()
    for word in ("Grace Hopper", "Paracetamol 500 mg", "Penicillin V", "GMC 1234567"):
        assert word in words
    assert (issued.latest, issued.status) == (1, PrescriptionStatus.ISSUED)
    assert issued.version.filesize == len(content)


def test_a_prescription_is_printed_in_the_clinics_language(room):
    german = replace(room, issuer=replace(room.issuer, wording=wording_in(None, "de")))
    line = replace(PARACETAMOL, dose="10 mg", route="eye", quantity="20", repeats="2")
    first = german.issue(line)

    amended = german.amend(first, line)

    content = prescriptions.read_file(room.issuer.files, amended.version)
    words = " ".join(text_of(content).split())
    for said in (
        "Rezept",
        "Allergien Penicillin V",
        "Version 2, ersetzt alle früheren",
        "10 mg, am Auge",
        "20, Wiederholungen: 2",
        "Arztnummer GMC 1234567",
        "Von der Klinik digital signiert.",
    ):
        assert said in words
    for english in ("Prescription", "Issued", "Drug", "repeats", "license", "Signed"):
        assert english not in words
    # Programs and colleagues who read English find the same words as before.
    assert amended.version.lines[0].dose_and_route == "10 mg, eye"
    assert amended.version.lines[0].supply == "20, repeats: 2"


def test_allergies_that_nobody_asked_about_are_called_as_on_all_papers(room):
    unasked = update(Patient).values(allergies=[], no_known_allergies=False)
    room.clinic.database.write(lambda s: s.execute(unasked) and None, identity=SYSTEM)

    issued = room.issue(PARACETAMOL)

    content = prescriptions.read_file(room.issuer.files, issued.version)
    assert "Allergies Not stated" in " ".join(text_of(content).split())


def test_issuing_is_written_down_with_the_version_and_no_drug(room):
    issued = room.issue(PARACETAMOL)

    action, details = room.events()[-1]
    assert action == "prescription:issue"
    assert details["version"] == 1
    assert details["sha256"] == issued.version.sha256.hex()
    assert "Paracetamol" not in str(room.events())


def test_a_drug_of_an_allergys_class_needs_a_reason(room):
    with pytest.raises(DrugWarnings, match=r"Line 1: .*Penicillin V") as refused:
        room.issue(AMOXICILLIN)

    assert [index for index, _ in refused.value.warnings] == [0]
    issued = room.issue(replace(AMOXICILLIN, override_reason=REASON))
    (line,) = issued.version.lines
    assert line.override_reason == REASON
    assert "Penicillin V" in line.warning


@pytest.mark.parametrize("typed", ["fine", "\u200b" * 10], ids=["a word", "unseen"])
def test_a_word_is_no_reason(room, typed):
    with pytest.raises(DrugWarnings):
        room.issue(replace(AMOXICILLIN, override_reason=typed))


def test_a_prescribed_drug_reads_as_it_is_kept(room):
    issued = room.issue(replace(PARACETAMOL, dose="5\u202e00 mg\u202c"))

    assert issued.version.lines[0].dose == "500 mg"


def test_an_allergy_that_came_up_after_the_preview_stops_it(room):
    order = room.read(
        room.clinic.dora,
        lambda s, a: prescriptions.prepare(s, a, room.graces, draft()),
    )
    room.let_be_allergic("Paracetamol")

    with pytest.raises(DrugWarnings):
        room.keep(order)

    assert stored(room) == set()


def test_a_reason_for_what_is_not_recognised_is_none_for_an_allergy(room):
    dora = room.clinic.dora
    unheard_of = replace(PARACETAMOL, drug="Zzyzx 5 mg", override_reason=REASON)
    order = room.read(
        dora,
        lambda s, a: prescriptions.prepare(s, a, room.graces, draft(unheard_of)),
    )
    room.let_be_allergic("Zzyzx")

    with pytest.raises(DrugWarnings, match="allergic to Zzyzx"):
        room.keep(order)
    # Nor on the next try, unless the warning was seen.
    (line,) = order.lines
    with pytest.raises(DrugWarnings, match="allergic to Zzyzx"):
        room.issue(line)
    seen = replace(line, warning="The patient is allergic to Zzyzx.")
    assert room.issue(seen).version.lines[0].override_reason == REASON


def test_of_two_who_prescribe_at_once_one_does(room):
    dora = room.clinic.dora
    orders = [
        room.read(dora, lambda s, a: prescriptions.prepare(s, a, room.graces, draft()))
        for _ in range(4)
    ]

    def attempt(order):
        try:
            return room.keep(order)
        except ServiceError as refusal:
            return refusal

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, orders))

    refused = [
        outcome for outcome in outcomes if isinstance(outcome, AlreadyPrescribed)
    ]
    assert len(refused) == 3
    # Nothing of a refused prescription remains.
    assert len(stored(room)) == 1


def test_an_amendment_is_a_new_version_and_the_old_stays(room):
    first = room.issue(PARACETAMOL)

    second = room.amend(first, replace(PARACETAMOL, dose="2"))

    dora = room.clinic.dora
    kept = room.read(dora, lambda s, a: prescriptions.versions(s, a, first.id))
    assert [(version.number, version.lines[0].dose) for version in kept] == [
        (2, "2"),
        (1, "1"),
    ]
    assert second.latest == 2
    old = prescriptions.read_file(room.issuer.files, kept[1])
    new = prescriptions.read_file(room.issuer.files, kept[0])
    assert old != new
    assert "in place of all earlier ones" in text_of(new)


def test_an_amendment_of_what_was_amended_meanwhile_is_refused(room):
    first = room.issue(PARACETAMOL)
    room.amend(first, replace(PARACETAMOL, dose="2"))

    with pytest.raises(Superseded):
        room.amend(first, replace(PARACETAMOL, dose="3"))


def test_what_is_withdrawn_stays_and_counts_no_more(room):
    first = room.issue(PARACETAMOL)
    dora = room.clinic.dora

    withdrawn = room.write(
        dora,
        lambda s, a: prescriptions.withdraw(
            s, a, first.id, number=1, reason="The wrong patient, told at once"
        ),
    )

    assert withdrawn.status is PrescriptionStatus.WITHDRAWN
    prescription = room.read(dora, lambda s, a: prescriptions.get(s, a, first.id))
    assert prescription.status is PrescriptionStatus.WITHDRAWN
    with pytest.raises(Withdrawn):
        room.amend(first, PARACETAMOL)


@pytest.mark.parametrize("status", ["scheduled", "cancelled", "no-show"])
def test_nothing_is_prescribed_at_a_visit_that_did_not_begin(room, status):
    values = {"status": status}
    if status == "cancelled":
        values["cancelled_at"] = _ever()
    change = update(Appointment).where(Appointment.id == room.graces).values(**values)
    room.clinic.database.write(lambda s: s.execute(change) and None, identity=SYSTEM)

    with pytest.raises(NotAtVisit):
        room.issue(PARACETAMOL)


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ((), "lines"),
        ((replace(PARACETAMOL, drug=" "),), "lines.0.drug"),
        ((PARACETAMOL, replace(PARACETAMOL, dose="")), "lines.1.dose"),
        ((replace(PARACETAMOL, frequency="x" * 81),), "lines.0.frequency"),
        ((replace(PARACETAMOL, duration="\x00"),), "lines.0.duration"),
        ((PARACETAMOL,) * 21, "lines"),
        ((replace(PARACETAMOL, drug="\ud800"),), "lines.0.drug"),
        ((replace(PARACETAMOL, drug="Paracetamol \U000f0000"),), "lines.0.drug"),
        ((replace(PARACETAMOL, route="x" * 81),), "lines.0.route"),
        ((replace(PARACETAMOL, repeats="13"),), "lines.0.repeats"),
        ((replace(PARACETAMOL, repeats="often"),), "lines.0.repeats"),
        (
            (replace(PARACETAMOL, override_reason=f"{REASON}\x00"),),
            "lines.0.override_reason",
        ),
    ],
)
def test_a_line_that_breaks_a_rule_is_named(room, lines, field):
    def attempt():
        order = room.read(
            room.clinic.dora,
            lambda s, a: prescriptions.prepare(
                s, a, room.graces, prescriptions.DraftPrescription(lines)
            ),
        )
        room.make(order)

    with pytest.raises(InvalidPrescription) as refused:
        attempt()

    assert refused.value.property_name == field


def test_a_note_that_cannot_be_kept_is_named(room):
    with pytest.raises(InvalidPrescription) as refused:
        room.read(
            room.clinic.dora,
            lambda s, a: prescriptions.prepare(
                s, a, room.graces, draft(note="With food\x00")
            ),
        )

    assert refused.value.property_name == "note"


def begun_visit(room, **patient):
    """Return the record and the visit of a patient of Dora's who has arrived."""
    clinic, dora = room.clinic, room.clinic.dora

    def begin(session):
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        known = patients.register(
            session, clinic.cleo, cast.ada(email=None, **patient), today=TODAY
        )
        care.begin(session, known.id, dora.id, by=clinic.cleo)
        doctor = select(Doctor.id).where(Doctor.user_id == dora.id)
        return known, visit_samples.visit(
            session,
            session.scalars(doctor).one(),
            known.id,
            visit_samples.soon(5),
            status="checked-in",
            checked_in_at=datetime.now(UTC),
        )

    return clinic.database.write(begin, identity=SYSTEM).value


def order_at(room, visit_id):
    return room.read(
        room.clinic.dora, lambda s, a: prescriptions.prepare(s, a, visit_id, draft())
    )


def test_a_record_that_is_merged_while_somebody_signs_gets_no_prescription(room):
    cleo = room.clinic.cleo
    merged, visit_id = begun_visit(room, first_name="Augusta")
    kept, _ = begun_visit(room, first_name="Ada", allergies=("Paracetamol",))
    order = order_at(room, visit_id)
    room.write(
        cleo,
        lambda s, a: merge_samples.merge(s, a, (kept, merged), TODAY, kept.draft()),
    )

    with pytest.raises(RecordsMerged):
        room.keep(order)

    assert stored(room) == set()
    # A second try is checked against the allergies of the kept record.
    with pytest.raises(DrugWarnings, match="allergic to Paracetamol"):
        order_at(room, visit_id)


def test_a_prescription_withdrawn_during_a_merge_leaves_the_kept_records_medications(
    room,
):
    clinic = room.clinic
    merged, visit_id = begun_visit(room, first_name="Augusta")
    kept, _ = begun_visit(room, first_name="Ada")
    issued = room.keep(order_at(room, visit_id))
    merged = room.read(clinic.cleo, lambda s, a: patients.look_up(s, a, merged.id))
    united = replace(kept.draft(), current_medications=merged.current_medications)

    def withdraw():
        return room.write(
            clinic.dora,
            lambda s, a: prescriptions.withdraw(
                s, a, issued.id, number=1, reason="Given to the wrong person"
            ),
        )

    with ThreadPoolExecutor(1) as threads:
        cleo = clinic.cleo
        with clinic.database.writing(identity=cleo.database_identity) as merging:
            merge_samples.merge(merging, cleo, (kept, merged), TODAY, united)
            withdrawing = threads.submit(withdraw)
            await_blocked(merging, withdrawing)
        withdrawn = withdrawing.result(timeout=60)

    assert withdrawn.patient_id == kept.id
    left = room.read(cleo, lambda s, a: patients.look_up(s, a, kept.id))
    assert PARACETAMOL.drug in united.current_medications
    assert PARACETAMOL.drug not in left.current_medications


def let_be(room, patient_id, **values):
    change = update(Patient).where(Patient.id == patient_id).values(**values)
    room.clinic.database.write(lambda s: s.execute(change) and None, identity=SYSTEM)


GONE = {
    "deceased": ({"deceased_on": date(2026, 11, 1)}, PrescribedToDeceased),
    "archived": ({"deleted_at": func.now()}, PatientArchived),
}


@pytest.mark.parametrize("how", GONE)
def test_nothing_is_prescribed_to_whom_nothing_can_be_given(room, how):
    values, refusal = GONE[how]
    patient, visit_id = begun_visit(room)
    order = order_at(room, visit_id)
    let_be(room, patient.id, **values)

    with pytest.raises(refusal):
        order_at(room, visit_id)
    with pytest.raises(refusal):
        room.keep(order)
    assert stored(room) == set()


def test_a_check_in_is_not_undone_while_something_is_prescribed(room):
    clinic, order = room.clinic, order_at(room, room.graces)
    paper = room.make(order)

    def undo():
        return room.write(
            clinic.cleo, lambda s, a: appointments.undo_check_in(s, a, room.graces)
        )

    with ThreadPoolExecutor(1) as pool:

        def issue_while_somebody_undoes(session):
            issued = prescriptions.issue(session, clinic.dora, order, paper)
            undone = pool.submit(undo)
            await_blocked(session, undone)
            return issued, undone

        with room.issuer.discarding_on_refusal(paper):
            issued, undone = clinic.write(clinic.dora, issue_while_somebody_undoes)
        with pytest.raises(appointments.StepNotPossible, match="the patient was there"):
            undone.result(timeout=30)

    visit = room.read(clinic.cleo, lambda s, a: appointments.get(s, a, room.graces))
    assert visit.status is appointments.VisitStatus.CHECKED_IN
    assert issued.appointment_id == visit.id


def medications(room):
    find = select(Patient.current_medications).where(Patient.id == room.clinic.grace.id)
    return room.clinic.database.read_latest(
        lambda s: list(s.scalars(find).one()), identity=SYSTEM
    ).value


def withdraw(room, issued):
    room.write(
        room.clinic.dora,
        lambda s, a: prescriptions.withdraw(
            s, a, issued.id, number=issued.latest, reason="Not tolerated at all"
        ),
    )


def another_visit(room, doctors):
    """Return the room with a later visit of Grace's to Dora, already begun."""
    began = {"status": "checked-in", "checked_in_at": datetime.now(UTC)}
    visit = room.clinic.database.write(
        lambda s: visit_samples.visit(
            s, doctors[0], room.clinic.grace.id, soon(65), **began
        ),
        identity=SYSTEM,
    ).value
    return replace(room, graces=visit)


def let_take(room, *drugs):
    """Make Grace take these drugs, and all earlier prescriptions long past."""
    change = update(Patient).where(Patient.id == room.clinic.grace.id)

    def let(session):
        session.execute(change.values(current_medications=drugs))
        session.execute(MONTHS_AGO)

    room.clinic.database.write(let, identity=SYSTEM)


def test_a_name_that_is_not_recognised_needs_a_reason(room):
    misspelt = replace(AMOXICILLIN, drug="Amoxicilin 500 mg")

    with pytest.raises(DrugWarnings, match=r"Line 1: .*not recognised"):
        room.issue(misspelt)

    issued = room.issue(replace(misspelt, override_reason=REASON))
    assert "Penicillin V" in issued.version.lines[0].warning


def test_current_medications_follow_what_is_prescribed(room):
    let_take(room, "Aspirin 75 mg")
    metformin = replace(PARACETAMOL, drug="Metformin 500 mg")
    ramipril = replace(PARACETAMOL, drug="Ramipril 5 mg")

    first = room.issue(metformin)
    assert medications(room) == ["Aspirin 75 mg", metformin.drug]
    second = room.amend(first, ramipril)
    assert medications(room) == ["Aspirin 75 mg", ramipril.drug]
    withdraw(room, second)
    assert medications(room) == ["Aspirin 75 mg"]


def test_what_another_prescription_has_stays_a_current_medication(room, doctors):
    let_take(room)
    bisoprolol = replace(PARACETAMOL, drug="Bisoprolol 5 mg")
    earlier = room.issue(bisoprolol)

    later = another_visit(room, doctors).issue(
        replace(bisoprolol, drug="BISOPROLOL 5 mg"), PARACETAMOL
    )
    withdraw(room, later)
    assert medications(room) == [bisoprolol.drug]

    withdraw(room, earlier)
    assert medications(room) == []


def test_what_was_prescribed_months_ago_keeps_no_drug_that_is_withdrawn(room, doctors):
    let_take(room)
    room.issue(PARACETAMOL)
    let_take(room, PARACETAMOL.drug)

    withdraw(room, another_visit(room, doctors).issue(PARACETAMOL))

    assert medications(room) == []


def test_what_is_listed_already_is_not_listed_twice(room):
    let_take(room, PARACETAMOL.drug.upper())

    room.issue(PARACETAMOL)

    assert medications(room) == [PARACETAMOL.drug.upper()]


def test_the_paper_says_route_quantity_and_repeats(room):
    line = replace(PARACETAMOL, route="oral", quantity="16 tablets", repeats="2")

    issued = room.issue(line)

    words = text_of(prescriptions.read_file(room.issuer.files, issued.version))
    for word in ("1, oral", "16 tablets, repeats: 2"):
        assert word in " ".join(words.split())
    (kept,) = issued.version.lines
    assert (kept.route, kept.quantity, kept.repeats) == ("oral", "16 tablets", "2")


def test_the_desk_reads_prescriptions_and_issues_none(room):
    issued = room.issue(PARACETAMOL)
    cleo = room.clinic.cleo

    prescription = room.read(
        cleo, lambda s, a: prescriptions.find_of_visit(s, a, room.graces)
    )

    assert prescription == issued
    with pytest.raises(NotAllowed):
        room.read(cleo, lambda s, a: prescriptions.prepare(s, a, room.adas, draft()))


def test_a_clinician_prescribes_for_nobody_elses_patients(room):
    with pytest.raises(VisitNotFound):
        room.read(
            room.clinic.dora,
            lambda s, a: prescriptions.prepare(s, a, room.adas, draft()),
        )


def test_patients_see_their_own_and_nobody_elses(room):
    issued = room.issue(PARACETAMOL)
    grace = room.clinic.invite(room.clinic.grace)
    ada = room.clinic.invite(room.clinic.ada)

    opened = room.read(grace, lambda s, a: prescriptions.open_version(s, a, issued.id))

    assert opened == issued.version
    assert room.events()[-1] == ("prescription:download", {"version": 1})
    with pytest.raises(NoSuchPrescription):
        room.read(ada, lambda s, a: prescriptions.open_version(s, a, issued.id))
    listed = room.read(
        ada, lambda s, a: prescriptions.list_of_patient(s, a, issued.patient_id)
    )
    assert listed == ()


def test_a_file_is_found_by_its_content_by_whoever_may_see_it(room):
    issued = room.issue(PARACETAMOL)
    ada = room.clinic.invite(room.clinic.ada)

    def find(actor):
        return room.read(
            actor,
            lambda s, a: prescriptions.find_by_content(s, a, issued.version.sha256),
        )

    assert find(room.clinic.cleo) == issued
    assert find(ada) is None


def test_another_file_in_the_store_is_not_given_away(room):
    issued = room.issue(PARACETAMOL)
    other = room.issuer.files.put(
        Bucket.PRESCRIPTION_FILES, b"%PDF-", content_type="application/pdf"
    )

    with pytest.raises(PaperDamaged) as refusal:
        prescriptions.read_file(
            room.issuer.files, replace(issued.version, file_id=other)
        )

    # Trying again does not help, so nobody is told to.
    assert isinstance(refusal.value, Conflict)


def test_how_a_drug_was_issued_last_is_told_to_whoever_issued_it(room):
    ibuprofen = PrescriptionLine("Ibuprofen 400 mg", "1", "As needed", "3 days")
    issued = room.issue(PARACETAMOL, ibuprofen)
    amended = room.amend(issued, replace(ibuprofen, dose="2", repeats="1"))
    dora, emil, cleo = room.clinic.dora, room.clinic.emil, room.clinic.cleo

    def last(actor, drug=ibuprofen.drug):
        return room.read(actor, lambda s, a: find_last(s, a, drug))

    # Neither what was replaced nor the repeats.
    assert last(dora) == replace(ibuprofen, dose="2")
    assert last(dora, "Ibuprofen") is None
    assert last(emil) is None
    with pytest.raises(NotAllowed):
        last(cleo)

    room.write(
        dora,
        lambda s, a: prescriptions.withdraw(
            s, a, amended.id, number=2, reason="Not tolerated at all"
        ),
    )
    assert last(dora) is None

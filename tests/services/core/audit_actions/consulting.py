"""Actions of the consulting room."""

from services.consultations import chart, notes
from services.core.audit import Action
from tests.services.consultations.notes import samples
from tests.services.core.audit_actions.world import ActionCall, World, prepares


@prepares(Action.RECORD_SAVE)
def record_save(w: World) -> ActionCall:
    doctor, visit = w.doctor, samples.visit(w.session, w.patient.id)
    return lambda: samples.save(w.session, doctor, visit)


@prepares(Action.RECORD_READ)
def record_read(w: World) -> ActionCall:
    visit = samples.visit(w.session, w.patient.id)
    samples.save(w.session, w.doctor, visit)
    return lambda: notes.find(w.session, w.doctor, visit.id)


@prepares(Action.PATIENT_PRINT)
def patient_print(w: World) -> ActionCall:
    doctor, patient = w.doctor, w.patient
    return lambda: chart.summarise(w.session, doctor, patient.id)

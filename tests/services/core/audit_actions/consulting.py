"""Actions of the consulting room."""

from services.consultations import notes
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

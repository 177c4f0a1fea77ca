"""Deeds of the consulting room."""

from services.consultations import notes
from services.core.audit import Action
from tests.services.consultations.notes import samples
from tests.services.core.audit_deeds.world import Deed, World, deed


@deed(Action.RECORD_SAVE)
def record_save(w: World) -> Deed:
    doctor, visit = w.doctor, samples.visit(w.session, w.patient.id)
    return lambda: samples.save(w.session, doctor, visit)


@deed(Action.RECORD_READ)
def record_read(w: World) -> Deed:
    visit = samples.visit(w.session, w.patient.id)
    samples.save(w.session, w.doctor, visit)
    return lambda: notes.find(w.session, w.doctor, visit.id)

"""Deeds of the consulting room."""

from services import medical_records
from services.audit import Action
from tests.services.audit_deeds.world import Deed, World, deed
from tests.services.medical_records import samples


@deed(Action.RECORD_SAVE)
def record_save(w: World) -> Deed:
    doctor, visit = w.doctor, samples.visit(w.session, w.patient.id)
    return lambda: samples.save(w.session, doctor, visit)


@deed(Action.RECORD_READ)
def record_read(w: World) -> Deed:
    visit = samples.visit(w.session, w.patient.id)
    samples.save(w.session, w.doctor, visit)
    return lambda: medical_records.find(w.session, w.doctor, visit.id)

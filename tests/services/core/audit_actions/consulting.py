"""Actions of the consulting room, and on its lists."""

from services.consultations import chart, code_lists, notes, summaries
from services.consultations.code_lists import CodeFile, ListKind, ListSource
from services.core.audit import Action
from tests.services.consultations.notes import samples
from tests.services.core.audit_actions.world import ActionCall, World, prepares


@prepares(Action.RECORD_SAVE)
def record_save(w: World) -> ActionCall:
    doctor, visit = w.treating_doctor, samples.visit(w.session, w.patient.id)
    return lambda: samples.save(w.session, doctor, visit)


@prepares(Action.RECORD_READ)
def record_read(w: World) -> ActionCall:
    visit = samples.visit(w.session, w.patient.id)
    samples.save(w.session, w.treating_doctor, visit)
    return lambda: notes.find(w.session, w.treating_doctor, visit.id)


@prepares(Action.PATIENT_PRINT)
def patient_print(w: World) -> ActionCall:
    doctor, patient = w.treating_doctor, w.patient
    return lambda: summaries.summarise(w.session, doctor, patient.id)


@prepares(Action.PATIENT_PRINT_LABELS)
def patient_print_labels(w: World) -> ActionCall:
    doctor, patient = w.treating_doctor, w.patient
    order = chart.LabelOrder()
    return lambda: chart.take_labels(w.session, doctor, patient.id, order)


def _drugs() -> CodeFile:
    return code_lists.parse(ListKind.DRUGS, b"name\nMetformin\n")


@prepares(Action.CODES_IMPORT)
def codes_import(w: World) -> ActionCall:
    boss = w.boss.actor
    seen = code_lists.compare(w.session, boss, _drugs())
    given = w.session, boss, _drugs()
    return lambda: code_lists.import_list(*given, version=seen.version)


@prepares(Action.CODES_CHOOSE)
def codes_choose(w: World) -> ActionCall:
    boss = w.boss.actor
    seen = code_lists.compare(w.session, boss, _drugs())
    code_lists.import_list(w.session, boss, _drugs(), version=seen.version)
    given = w.session, boss, ListKind.DRUGS, ListSource.OWN
    return lambda: code_lists.choose(*given)

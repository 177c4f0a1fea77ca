"""Actions on patients, and on the log itself."""

from datetime import timedelta

from services.audit import log
from services.audit.log import AuditFilter
from services.cluster import monitoring
from services.core.actors import Role
from services.core.audit import Action
from services.demo import importing
from services.documents import erasure
from services.lists import columns, views
from services.lists.criteria import Criteria
from services.patients import point_in_time, search
from services.patients.care import break_glass, care
from services.patients.duplicates import duplicates, merging
from services.patients.photos import photos
from services.patients.records import patients, unique_emails
from services.patients.search.fields import PATIENTS
from tests.kit.cast import ADA, ada
from tests.services.core.audit_actions.world import TODAY, ActionCall, World, prepares
from tests.services.demo.importing import synthea_samples
from tests.services.documents.erasure.samples import archive_long_ago, let_erase


@prepares(Action.PATIENT_REGISTER)
def patient_register(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: patients.register(w.session, clerk, ADA, today=TODAY)


@prepares(Action.PATIENT_READ)
def patient_read(w: World) -> ActionCall:
    patient = w.patient
    return lambda: patients.get_patient(w.session, w.clerk, patient.id)


@prepares(Action.PATIENT_LIST)
def patient_list(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: search.list_patients(w.session, clerk, Criteria())


@prepares(Action.PATIENT_COUNT)
def patient_count(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: search.count_patients(w.session, clerk, Criteria())


@prepares(Action.PATIENT_CHANGE)
def patient_change(w: World) -> ActionCall:
    given = (w.session, w.clerk, w.patient.id, ada(last_name="Byron"))
    return lambda: patients.edit(*given, version=1, today=TODAY)


@prepares(Action.PATIENT_ARCHIVE)
def patient_archive(w: World) -> ActionCall:
    patient = w.patient
    return lambda: patients.archive(w.session, w.clerk, patient.id, version=1)


@prepares(Action.PATIENT_RESTORE)
def patient_restore(w: World) -> ActionCall:
    patients.archive(w.session, w.clerk, w.patient.id, version=1)
    return lambda: patients.restore(w.session, w.clerk, w.patient.id, version=2)


@prepares(Action.POINT_IN_TIME_READ)
def point_in_time_read(w: World) -> ActionCall:
    given = (w.session, w.clerk, w.patient.id)
    return lambda: point_in_time.read_record(*given)


@prepares(Action.POINT_IN_TIME_COPY)
def point_in_time_copy(w: World) -> ActionCall:
    patients.archive(w.session, w.clerk, w.patient.id, version=1)
    copy = point_in_time.RecordCopy(
        w.patient.id, ADA, 2, None, "Archived the wrong one"
    )
    given = (w.session, w.clerk, copy)
    return lambda: point_in_time.copy_back(*given, today=TODAY)


@prepares(Action.PATIENT_MERGE)
def patient_merge(w: World) -> ActionCall:
    merged = w.register(ada(email="ada.l@example.org"))
    given = (w.session, w.clerk, w.patient.id, merged.id, ADA)
    return lambda: merging.merge(*given, kept_version=1, merged_version=1, today=TODAY)


@prepares(Action.PATIENT_EXPORT)
def patient_export(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: list(search.export_csv(w.session, clerk, Criteria()))


@prepares(Action.PATIENT_EXPORT_IDENTIFIED)
def patient_export_identified(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    return lambda: list(
        search.export_csv(
            w.session, analyst, Criteria(), named_because="A study of the board"
        )
    )


@prepares(Action.PATIENT_FIND_DUPLICATES)
def patient_find_duplicates(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: duplicates.find_duplicates(w.session, clerk, ADA)


@prepares(Action.PATIENT_ERASE)
def patient_erase(w: World) -> ActionCall:
    let_erase(w.session)
    archive_long_ago(w.session, w.clerk, w.patient)
    return lambda: erasure.erase(w.session)


@prepares(Action.PATIENT_POSTPONE_ERASURE)
def patient_postpone_erasure(w: World) -> ActionCall:
    boss, patient = w.boss.actor, w.patient
    archive_long_ago(w.session, w.clerk, patient)
    until = TODAY + timedelta(days=30)
    why = {"until": until, "reason": "Claim 2026-17 is open", "today": TODAY}
    return lambda: erasure.postpone(w.session, boss, patient.id, **why)


@prepares(Action.REGISTRATION_CHANGE)
def registration_change(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: unique_emails.require_unique(w.session, boss, is_wanted=True)


@prepares(Action.PATIENT_IMPORT)
def patient_import(w: World) -> ActionCall:
    synthea_samples.write_folder(w.folder)
    folder, boss = importing.Folder.find(w.folder), w.boss.actor

    def take_over() -> None:
        with importing.RejectsFile(w.folder / "rejects.csv").replacing() as rejects:
            importing.import_synthea(w.session, boss, folder, rejects, today=TODAY)

    return take_over


@prepares(Action.PHOTO_READ)
def photo_read(w: World) -> ActionCall:
    w.attach(version=1)
    given = (w.session, w.files, w.clerk, w.patient.id)
    return lambda: photos.read(*given, thumbnail=True)


@prepares(Action.PHOTO_CHANGE)
def photo_change(w: World) -> ActionCall:
    assert w.patient
    return lambda: w.attach(version=1)


@prepares(Action.PHOTO_REMOVE)
def photo_remove(w: World) -> ActionCall:
    w.attach(version=1)
    given = (w.session, w.files, w.clerk, w.patient.id)
    return lambda: photos.remove(*given, version=2)


@prepares(Action.VIEW_SAVE)
def view_save(w: World) -> ActionCall:
    assert w.clerk
    return lambda: w.view


@prepares(Action.VIEW_RENAME)
def view_rename(w: World) -> ActionCall:
    view = w.view
    return lambda: views.rename_view(w.session, w.clerk, view.id, "Ada and kin")


@prepares(Action.VIEW_DELETE)
def view_delete(w: World) -> ActionCall:
    view = w.view
    return lambda: views.delete_view(w.session, w.clerk, view.id)


@prepares(Action.VIEW_CHOOSE_COLUMNS)
def view_choose_columns(w: World) -> ActionCall:
    given = (w.session, w.view and w.clerk, "", ("name",))
    return lambda: columns.choose_columns(*given, subject=PATIENTS)


@prepares(Action.CARE_ASSIGN)
def care_assign(w: World) -> ActionCall:
    given = (w.session, w.clerk, w.patient.id, w.doctor.id)
    return lambda: care.assign(*given)


@prepares(Action.CARE_END)
def care_end(w: World) -> ActionCall:
    given = (w.session, w.clerk, w.patient.id, w.doctor.id)
    care.assign(*given)
    return lambda: care.end(*given)


@prepares(Action.GLASS_SEARCH)
def glass_search(w: World) -> ActionCall:
    doctor = w.doctor
    typed = "Lovelace 1980-05-17"
    return lambda: search.identify(w.session, doctor, typed)


@prepares(Action.GLASS_BREAK)
def glass_break(w: World) -> ActionCall:
    assert w.patient
    assert w.doctor
    return w.open_record


@prepares(Action.GLASS_REVIEW)
def glass_review(w: World) -> ActionCall:
    access, boss = w.open_record(), w.boss.actor
    return lambda: break_glass.review(w.session, boss, access.id, "It was right.")


@prepares(Action.REPLICATION_READ)
def replication_read(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: monitoring.record_look(w.session, boss)


@prepares(Action.AUDIT_READ)
def audit_read(w: World) -> ActionCall:
    given = (w.session, w.log, w.boss.actor, AuditFilter())
    return lambda: log.list_entries(*given)


@prepares(Action.AUDIT_EXPORT)
def audit_export(w: World) -> ActionCall:
    given = (w.session, w.log, w.boss.actor, AuditFilter())
    return lambda: list(log.export_csv(*given))


@prepares(Action.AUDIT_REPLACE_KEY)
def audit_replace_key(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: log.record_key_replacement(
        w.session, boss, key="b" * 16, lost=["a" * 16], reason="The disk is lost."
    )


@prepares(Action.AUDIT_VERIFY)
def audit_verify(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: log.record_verification(
        w.session, boss, is_whole=True, sentence="Whole."
    )

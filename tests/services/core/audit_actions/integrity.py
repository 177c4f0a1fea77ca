"""Actions of whatever keeps documents and files in order."""

from datetime import timedelta
from uuid import uuid4

from db.files.gridfs import Bucket
from services.audit import chain
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents import records, retention
from services.documents.integrity import (
    checking,
    correcting,
    file_references,
    runs,
    sweeping,
)
from services.documents.integrity.checking import Finding, State
from services.documents.integrity.sweeping import SweepResult
from services.documents.records.kinds import Classification
from tests.services.core.audit_actions.prescriptions import issued
from tests.services.core.audit_actions.world import ActionCall, World, prepares
from tests.services.documents.records.samples import file
from tests.services.documents.retention.samples import (
    date_back,
    make_rules_old,
    rule_of,
)


@prepares(Action.RETENTION_READ)
def retention_read(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: retention.read_overview(w.session, boss)


@prepares(Action.RETENTION_CHANGE)
def retention_change(w: World) -> ActionCall:
    boss, rule = w.boss, rule_of(w.session, Classification.TEMPORARY)
    given = (w.session, boss.actor, rule)
    days = {"keep_days": 60, "restore_days": 30}
    return lambda: retention.change_rule(*given, **days, **boss.fresh)


@prepares(Action.DOCUMENT_PURGE)
def document_purge(w: World) -> ActionCall:
    make_rules_old(w.session)
    filed = file(w.session, w.clerk, of=w.patient)
    records.delete(w.session, w.clerk, filed.id, revision=1)
    date_back(w.session, filed, deleted_at=31)
    return lambda: retention.purge(w.session)


@prepares(Action.FILE_SWEEP)
def file_sweep(w: World) -> ActionCall:
    lost = w.files.put(Bucket.DOCUMENTS, b"lost", content_type="application/pdf")
    swept = {Bucket.DOCUMENTS: SweepResult(0, (lost,), ())}
    return lambda: sweeping.keep(w.session, w.files, swept, timedelta(days=7))


@prepares(Action.PHOTO_DAMAGED)
def photo_damaged(w: World) -> ActionCall:
    w.attach(version=1)
    (photo,) = file_references.list_by_id(w.session, None, 1)
    return lambda: checking.keep(w.session, [Finding(photo, State.DAMAGED)])


@prepares(Action.PRESCRIPTION_DAMAGED)
def prescription_damaged(w: World) -> ActionCall:
    issued(w)
    references = file_references.list_by_id(
        w.session, None, 1, buckets=(Bucket.PRESCRIPTION_FILES,)
    )
    return lambda: checking.keep(w.session, [Finding(references[0], State.DAMAGED)])


@prepares(Action.KEYS_ROTATE)
def keys_rotate(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: runs.record_key_rotation(w.session, boss, file_key=7, step="added")


@prepares(Action.AUDIT_CORRECT)
def audit_correct(w: World) -> ActionCall:
    row_id = uuid4()
    wrong = {"patient_id": row_id, "subject": ("prescription", row_id)}
    audit.record(w.session, KEEPER, Action.PRESCRIPTION_DAMAGED, **wrong)
    w.session.flush()
    chain.ship(w.session, w.log)
    return lambda: correcting.correct(w.session, w.log)

"""Actions on exports of everything at once."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text, update

from db.models.care import BulkExport
from services.core.audit import Action
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import ExportedFile, ExportRecord, ExportRequest
from tests.services.core.audit_actions.world import ActionCall, World, prepares

_FILE = ExportedFile(1, "Patient", 2, 30, "a file")


def _request(w: World) -> ExportRecord:
    request = ExportRequest("/fhir/$export", ("Patient",), "Moving to another system")
    return bulk_exports.ask(w.session, w.clerk, request)


def _made(w: World) -> ExportRecord:
    export = _request(w)
    task = bulk_exports.take(w.session, uuid4())
    assert task
    bulk_exports.finish(w.session, task, datetime(2026, 11, 20, tzinfo=UTC), [_FILE])
    return export


@prepares(Action.EXPORT_BEGIN)
def export_begin(w: World) -> ActionCall:
    assert w.clerk
    return lambda: _request(w)


@prepares(Action.EXPORT_MAKE)
def export_make(w: World) -> ActionCall:
    _request(w)
    task = bulk_exports.take(w.session, uuid4())
    assert task
    as_of = datetime(2026, 11, 20, tzinfo=UTC)
    return lambda: bulk_exports.finish(w.session, task, as_of, [_FILE])


@prepares(Action.EXPORT_DOWNLOAD)
def export_download(w: World) -> ActionCall:
    made = _made(w)
    return lambda: bulk_exports.open_file(w.session, w.clerk, made.id, 1)


@prepares(Action.EXPORT_DELETE)
def export_delete(w: World) -> ActionCall:
    made = _made(w)
    return lambda: bulk_exports.give_up(w.session, w.clerk, made.id)


@prepares(Action.EXPORT_EXPIRE)
def export_expire(w: World) -> ActionCall:
    _request(w)
    w.session.execute(update(BulkExport).values(expires_at=text("now()")))
    return lambda: bulk_exports.expire(w.session)

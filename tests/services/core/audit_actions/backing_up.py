"""Actions of those who back the clinic up."""

from datetime import UTC, datetime
from types import SimpleNamespace

from db.backups.recovery_kit import KeyFiles
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from services import backups
from services.backups import (
    BackupWindow,
    LogState,
    drills,
    going_back,
    kits,
    ledger,
    looks,
    previews,
    reports,
)
from services.backups.previews import ChangedKind, ChangeList, ChangeSince
from services.core.audit import Action
from tests.kit import backup_reports, backup_sets, recovery_kits
from tests.kit.backup_sets import MANIFEST, PROOF
from tests.services.core.audit_actions.world import ActionCall, World, prepares


@prepares(Action.BACKUP_TAKE)
def backup_take(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: backups.record_taken(w.session, boss, MANIFEST)


@prepares(Action.BACKUP_PROVE)
def backup_prove(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: backups.record_proven(w.session, boss, PROOF)


@prepares(Action.BACKUP_DRILL)
def backup_drill(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: drills.request_drill(w.session, boss)


@prepares(Action.BACKUP_REQUEST)
def backup_request(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: backups.request_backup(w.session, boss)


@prepares(Action.BACKUP_REMOVE)
def backup_remove(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: backups.record_removed(w.session, boss, [MANIFEST.set_id], 2)


@prepares(Action.BACKUP_PREVIEW)
def backup_preview(w: World) -> ActionCall:
    boss, to = w.boss.actor, MANIFEST.as_of
    log = LogState((BackupWindow(to, to),))
    return lambda: previews.request_preview(w.session, boss, to, log)


@prepares(Action.BACKUP_OPEN_LOOK)
def backup_open_look(w: World) -> ActionCall:
    boss, to = w.boss.actor, MANIFEST.as_of
    log = LogState((BackupWindow(to, to),))
    return lambda: looks.request_look(w.session, boss, to, log)


@prepares(Action.BACKUP_CLOSE_LOOK)
def backup_close_look(w: World) -> ActionCall:
    boss, to = w.boss.actor, MANIFEST.as_of
    log = LogState((BackupWindow(to, to),))
    look = looks.request_look(w.session, boss, to, log)
    return lambda: looks.close_look(w.session, boss, look.id)


@prepares(Action.BACKUP_MAKE_KIT)
def backup_make_kit(w: World) -> ActionCall:
    boss, words = w.boss, "five words that nobody guesses"
    # The clinic's system identifier is all that it needs from the backups.
    repository = SimpleNamespace(system_id=MANIFEST.system_id)
    return lambda: kits.make_kit(
        w.session,
        boss.actor,
        repository,
        KeyFiles({}),
        passphrase=words,
        repeated=words,
        now=MANIFEST.as_of,
        session_id=boss.session_id,
    )


@prepares(Action.BACKUP_PROVE_KIT)
def backup_prove_kit(w: World) -> ActionCall:
    boss, repository = w.boss, Repository(w.folder)
    keys = FileKeys(w.folder / "file.keys", may_be_made=True)
    backup_sets.add_sealed_set(repository, keys)
    kit = recovery_kits.kit_with(keys)
    return lambda: kits.prove_kit(
        w.session,
        boss.actor,
        repository,
        KeyFiles({}),
        kit_text=recovery_kits.sealed_quickly(kit),
        passphrase=recovery_kits.PASSPHRASE,
        now=MANIFEST.as_of,
        session_id=boss.session_id,
    )


@prepares(Action.BACKUP_REPORT)
def backup_report(w: World) -> ActionCall:
    boss, sources = w.boss.actor, backup_reports.sources_of(Repository(w.folder))
    given = w.session, boss, backup_reports.PERIOD, sources
    return lambda: reports.gather_report(*given)


@prepares(Action.BACKUP_SEND_REPORT)
def backup_send_report(w: World) -> ActionCall:
    person, reported = w.boss.actor.id, backup_reports.PERIOD
    return lambda: reports.record_mail(w.session, reported, person, is_sent=True)


@prepares(Action.BACKUP_READ_PREVIEW)
def backup_read_preview(w: World) -> ActionCall:
    boss, to = w.boss.actor, MANIFEST.as_of
    log = LogState((BackupWindow(to, to),))
    preview = previews.request_preview(w.session, boss, to, log)
    change = ChangeSince("filed", "id", "", "", None, "")
    lists = [ChangeList(ChangedKind.DOCUMENTS, (change,))]
    now = datetime.now(UTC)
    previews.end_preview(w.session, preview.id, lists=lists, compared_at=now)
    return lambda: previews.read_preview_list(w.session, boss, preview.id, "documents")


@prepares(Action.BACKUP_GO_BACK)
def backup_go_back(w: World) -> ActionCall:
    boss, to, since = w.boss.actor, MANIFEST.as_of, ledger.Since()
    return lambda: ledger.record_going_back(
        w.session,
        boss,
        "A table was dropped",
        since,
        to=to,
        set_id=MANIFEST.set_id,
        is_complete=True,
    )


@prepares(Action.BACKUP_REQUEST_GO_BACK)
def backup_request_go_back(w: World) -> ActionCall:
    boss, to = w.boss, MANIFEST.as_of
    log = LogState((BackupWindow(to, to),))
    preview = previews.request_preview(w.session, boss.actor, to, log)
    previews.end_preview(w.session, preview.id, compared_at=datetime.now(UTC))
    return lambda: going_back.request_going_back(
        w.session,
        boss.actor,
        preview.id,
        reason="A table was dropped",
        typed="The Clinic",
        clinic_name="The Clinic",
        before=None,
        session_id=boss.session_id,
    )

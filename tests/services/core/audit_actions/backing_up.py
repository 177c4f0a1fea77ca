"""Actions of whoever backs the clinic up."""

from services import backups
from services.core.audit import Action
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


@prepares(Action.BACKUP_REQUEST)
def backup_request(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: backups.request_backup(w.session, boss)


@prepares(Action.BACKUP_REMOVE)
def backup_remove(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: backups.record_removed(w.session, boss, [MANIFEST.set_id], 2)

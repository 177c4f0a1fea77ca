"""The slot by which the leader keeps the log until its receiver has it.

Patroni makes it on every server, with its log reserved from then on, so that it
survives a failover. It is requested only for receiving, or just before: on a cluster
without a receiver it would keep up to 4 GB of log on each server for nobody.
"""

import logging
import time
from typing import Final

from db.backups.backup_errors import CannotBackUp
from db.backups.base_backup import Leader
from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent

# The name of the slot, and of the program among the leader's followers.
SLOT: Final = "chartroom_log"
LOST: Final = "lost"
_STATUS: Final = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s"
# Patroni looks every second, and is slow while servers change roles.
_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.1
_log = logging.getLogger(__name__)


def status_of(leader: Leader) -> str | None:
    """Return PostgreSQL's status of the leader's slot; None if there is none."""
    with leader.asking() as cursor:
        cursor.execute(_STATUS, [SLOT])
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def ask_for(leader: Leader) -> None:
    """Have Patroni keep the slot on every server; raises CannotBackUp."""
    patroni = Patroni(leader.addresses.endpoints)
    try:
        if SLOT not in (patroni.config().get("slots") or {}):
            patroni.patch_config({"slots": {SLOT: {"type": "physical"}}})
    except (PatroniRefused, PatroniSilent) as error:
        raise CannotBackUp(f"Patroni does not keep the log: {error}") from error


def begin_anew(leader: Leader) -> None:
    """Drop a slot that keeps nothing of use: Patroni makes another."""
    _log.warning("The leader has given up the log's slot: it begins anew.")
    with leader.asking() as cursor:
        cursor.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])


def await_kept(leader: Leader) -> None:
    """Have the log kept from now on, before anybody receives it.

    A set begun earlier would be useless if the log it ends in were removed before that.
    Raises CannotBackUp.
    """
    deadline = time.monotonic() + _SECONDS
    while (status := status_of(leader)) in {None, LOST}:
        if time.monotonic() > deadline:
            raise CannotBackUp(
                f"No server kept the log for the backup within {_SECONDS:.0f} seconds: "
                "back up again when the cluster is well."
            )
        if status == LOST:
            begin_anew(leader)
        ask_for(leader)
        time.sleep(_PAUSE_SECONDS)


def give_up(leader: Leader) -> None:
    """Stop all servers from keeping log for a receiver; raises CannotBackUp."""
    patroni = Patroni(leader.addresses.endpoints)
    try:
        if SLOT in (patroni.config().get("slots") or {}):
            patroni.patch_config({"slots": {SLOT: None}})
    except (PatroniRefused, PatroniSilent) as error:
        raise CannotBackUp(f"Patroni still keeps the log: {error}") from error

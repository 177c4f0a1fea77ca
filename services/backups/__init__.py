"""Backups, as administrators see them: what there is, how old, and what was proven."""

from db.backups.manifest import Manifest as Manifest
from services.backups.state import (
    BackupState as BackupState,
    read_state as read_state,
    record_proven as record_proven,
    record_taken as record_taken,
    time_of_newest as time_of_newest,
)

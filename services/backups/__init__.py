"""Backups, as administrators see them: what there is, how old, and what was proven."""

from services.backups.state import (
    BackupState as BackupState,
    age_of_newest as age_of_newest,
    read_state as read_state,
    record_proven as record_proven,
    record_taken as record_taken,
)

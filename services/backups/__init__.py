"""Backups as administrators see them: which there are, how old, and what was proven."""

from db.backups.copies.copy_notes import CopyNote as CopyNote
from db.backups.log.windows import BackupWindow as BackupWindow
from db.backups.manifest import Manifest as Manifest
from db.backups.notes import Proof as Proof
from db.backups.requested_restore import RequestedRestore as RequestedRestore
from services.backups.reading import (
    BackupFolderSilent as BackupFolderSilent,
    BackupReader as BackupReader,
)
from services.backups.requests import (
    BackupRequest as BackupRequest,
    BackupRequested as BackupRequested,
    begin_request as begin_request,
    end_request as end_request,
    newest_request as newest_request,
    open_request as open_request,
    request_backup as request_backup,
)
from services.backups.state import (
    ALL_KEPT_FOR as ALL_KEPT_FOR,
    BackupState as BackupState,
    LogState as LogState,
    NextBackups as NextBackups,
    forecast_bytes as forecast_bytes,
    next_backups as next_backups,
    record_proven as record_proven,
    record_removed as record_removed,
    record_taken as record_taken,
    time_of_newest as time_of_newest,
)

"""Restore previews: what going back to a time would undo, shown before it is done."""

from services.backups.previews.changes import (
    ChangedKind as ChangedKind,
    ChangeList as ChangeList,
    ChangeSince as ChangeSince,
    as_csv as as_csv,
    list_changes as list_changes,
)
from services.backups.previews.requests import (
    PreviewRequested as PreviewRequested,
    RestorePreview as RestorePreview,
    begin_preview as begin_preview,
    end_preview as end_preview,
    hours_between as hours_between,
    newest_preview as newest_preview,
    open_preview as open_preview,
    read_preview_list as read_preview_list,
    read_time as read_time,
    record_preview as record_preview,
    request_preview as request_preview,
    write_time as write_time,
)

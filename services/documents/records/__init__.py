"""Documents: filed, versioned, read, deleted and restored."""

from services.documents.records.changing import change as change
from services.documents.records.content import open_file as open_file
from services.documents.records.deleting import (
    delete as delete,
    hold as hold,
    release as release,
    restore as restore,
)
from services.documents.records.drafts import (
    ChangedDocument as ChangedDocument,
    DraftDocument as DraftDocument,
    StoredContent as StoredContent,
)
from services.documents.records.errors import (
    MAX_BYTES as MAX_BYTES,
    ActiveContent as ActiveContent,
    AlreadyHeld as AlreadyHeld,
    Damaged as Damaged,
    DocumentIdTaken as DocumentIdTaken,
    FileGone as FileGone,
    FilesUnavailable as FilesUnavailable,
    Held as Held,
    InvalidDocument as InvalidDocument,
    NoFile as NoFile,
    NoHoldToRelease as NoHoldToRelease,
    NoSuchDocument as NoSuchDocument,
    NoSuchVersion as NoSuchVersion,
    NotAPdf as NotAPdf,
    NotDeleted as NotDeleted,
    Quarantined as Quarantined,
    StaleRevision as StaleRevision,
    TooLarge as TooLarge,
    Unreadable as Unreadable,
)
from services.documents.records.filing import (
    add_version as add_version,
    file as file,
    find_filed as find_filed,
    restore_version as restore_version,
)
from services.documents.records.ingest import DocumentIngest as DocumentIngest
from services.documents.records.kinds import (
    CLASS_LABELS as CLASS_LABELS,
    TYPE_LABELS as TYPE_LABELS,
    Classification as Classification,
    DocumentType as DocumentType,
    default_classification as default_classification,
)
from services.documents.records.model import (
    QUARANTINED as QUARANTINED,
    DocumentRecord as DocumentRecord,
    VersionRecord as VersionRecord,
)
from services.documents.records.reading import (
    get as get,
    look_up as look_up,
    note_damage as note_damage,
    open_version as open_version,
    record_event as record_event,
    require_served as require_served,
    restore_days as restore_days,
    text_of as text_of,
    versions as versions,
)
from services.documents.records.rules import (
    LONGEST_DESCRIPTION as LONGEST_DESCRIPTION,
    LONGEST_TITLE as LONGEST_TITLE,
)
from services.documents.records.visibility import (
    is_visible_to as is_visible_to,
    may_change as may_change,
    may_delete as may_delete,
    may_list_deleted as may_list_deleted,
    permission_to_file as permission_to_file,
    permission_to_view as permission_to_view,
    require_list_deleted as require_list_deleted,
    require_view as require_view,
)

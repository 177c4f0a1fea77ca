"""Files that programs send in parts: begun, continued, filed or cancelled."""

from services.documents.uploads.model import (
    InvalidUpload as InvalidUpload,
    OffsetMismatch as OffsetMismatch,
    StoredPart as StoredPart,
    UploadRecord as UploadRecord,
)
from services.documents.uploads.parts import (
    discard as discard,
    join as join,
    remove_leftovers as remove_leftovers,
    store as store,
)
from services.documents.uploads.receiving import (
    add_parts as add_parts,
    begin as begin,
    cancel as cancel,
    expire as expire,
    get as get,
    list_parts as list_parts,
    take as take,
)

"""Documents: filed, versioned, read, deleted and restored."""

from services.documents.records.changing import (
    change as change,
    suppose as suppose,
)
from services.documents.records.content import (
    open_file as open_file,
    open_original_file as open_original_file,
    translate_violations as translate_violations,
)
from services.documents.records.deleting import (
    delete as delete,
    hold as hold,
    release as release,
    restore as restore,
)
from services.documents.records.filing import (
    add_version as add_version,
    file as file,
    find_filed as find_filed,
    restore_version as restore_version,
)
from services.documents.records.reading import (
    find_original as find_original,
    get as get,
    look_up as look_up,
    note_damage as note_damage,
    open_original as open_original,
    open_version as open_version,
    record_event as record_event,
    require_served as require_served,
    restore_days as restore_days,
    text_of as text_of,
    versions as versions,
)

"""Documents: filed, versioned, read, deleted and restored."""

from services.documents.records.changing import (
    apply_guess as apply_guess,
    change as change,
)
from services.documents.records.downloads import (
    find_original as find_original,
    open_file as open_file,
    open_original as open_original,
    open_original_file as open_original_file,
    open_version as open_version,
    require_served as require_served,
    text_of as text_of,
)
from services.documents.records.filing import (
    add_version as add_version,
    file as file,
    find_filed as find_filed,
    restore_version as restore_version,
)
from services.documents.records.reading import (
    get as get,
    look_up as look_up,
    note_damage as note_damage,
    record_event as record_event,
    versions as versions,
)
from services.documents.records.trash import (
    delete as delete,
    hold as hold,
    may_list_deleted as may_list_deleted,
    release as release,
    require_list_deleted as require_list_deleted,
    restore as restore,
    restore_days as restore_days,
)

"""Records as they were a while ago, and copying one back into today.

A delayed standby deliberately replays a quarter of an hour behind the others: for that
long, what was deleted or changed by mistake can still be looked up there. Any second
that can be restored from backups can be opened to look around in as well.
"""

from services.patients.point_in_time.copying import (
    RecordCopy as RecordCopy,
    copy_back as copy_back,
)
from services.patients.point_in_time.reading import (
    RecordSnapshot as RecordSnapshot,
    can_pause as can_pause,
    find_patients as find_patients,
    pause as pause,
    read_record as read_record,
    record_pause as record_pause,
    replayed_until as replayed_until,
    resume as resume,
)
from services.patients.point_in_time.today import (
    require_shown_today as require_shown_today,
    shown_today as shown_today,
)

"""Records as they were a while ago, and copying one back into today.

A delayed standby deliberately replays a quarter of an hour behind the others: for that
long, what was deleted or changed by mistake can still be looked up there. Any second
that can be restored from backups can be opened to look around in as well.
"""

from services.patients.point_in_time.copying import Copy as Copy, copy_back as copy_back
from services.patients.point_in_time.looking import (
    PatientMatches as PatientMatches,
    RecordSnapshot as RecordSnapshot,
    can_wait as can_wait,
    find as find,
    look as look,
    pause as pause,
    record_pause as record_pause,
    replayed_until as replayed_until,
    resume as resume,
)
from services.patients.point_in_time.today import (
    require_shown_today as require_shown_today,
    shown_today as shown_today,
)

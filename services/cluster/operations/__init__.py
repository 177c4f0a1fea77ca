"""Operations on the servers: who may request them, their expected cost, and their cost.

`OperationRunner.start` is the entry point: it does a dry run, decides, writes the row
of history and the audit event, and then does what takes seconds or minutes in a thread,
beside the page.
"""

from services.cluster.operations.authorization import (
    cancel as cancel,
    request as request,
    require_once as require_once,
)
from services.cluster.operations.journal import (
    PlannedSwitchover as PlannedSwitchover,
    claim_due as claim_due,
    close_missed as close_missed,
    is_any_due as is_any_due,
)
from services.cluster.operations.previewing import (
    FailoverCandidate as FailoverCandidate,
    OperationPreview as OperationPreview,
    preview as preview,
)
from services.cluster.operations.progress import Step as Step
from services.cluster.operations.refusals import CannotAct as CannotAct
from services.cluster.operations.requests import (
    PHASES as PHASES,
    TITLES as TITLES,
    Cost as Cost,
    OperationKind as OperationKind,
    OperationRequest as OperationRequest,
)
from services.cluster.operations.running import (
    OperationRunner as OperationRunner,
    RunningOperation as RunningOperation,
)
from services.cluster.operations.settings import (
    SETTINGS as SETTINGS,
    Setting as Setting,
    current as current,
)
from services.cluster.operations.situation import (
    ServerSituation as ServerSituation,
    Situation as Situation,
    Transaction as Transaction,
)

"""Acts on the database servers: who may, what it would cost, and what it did cost.

`Operator.start` is the door: it rehearses, decides, writes the row of history and the
audit event, and then does what takes seconds or minutes in a thread, beside the page.
"""

from services.cluster.operations.changing import change_primary
from services.cluster.operations.journal import (
    PlannedSwitchover,
    claim_due,
    close_missed,
    planned,
)
from services.cluster.operations.previewing import (
    FailoverCandidate,
    OperationPreview,
    preview,
)
from services.cluster.operations.probing import Pause, Prober, Write, longest_pause
from services.cluster.operations.refusals import (
    CannotAct,
    NoPatroni,
    NotTyped,
    ServersBusy,
    WentWrong,
)
from services.cluster.operations.requesting import cancel, check, request
from services.cluster.operations.requests import (
    PHASES,
    TITLES,
    Cost,
    OperationKind,
    OperationRequest,
)
from services.cluster.operations.running import OperationRunner, RunningOperation
from services.cluster.operations.servers import Servers
from services.cluster.operations.settings import SETTINGS, Setting, current
from services.cluster.operations.situation import (
    ServerSituation,
    Situation,
    Transaction,
)
from services.cluster.operations.telling import Progress, Step

__all__ = [
    "PHASES",
    "SETTINGS",
    "TITLES",
    "CannotAct",
    "Cost",
    "FailoverCandidate",
    "NoPatroni",
    "NotTyped",
    "OperationKind",
    "OperationPreview",
    "OperationRequest",
    "OperationRunner",
    "Pause",
    "PlannedSwitchover",
    "Prober",
    "Progress",
    "RunningOperation",
    "ServerSituation",
    "Servers",
    "ServersBusy",
    "Setting",
    "Situation",
    "Step",
    "Transaction",
    "WentWrong",
    "Write",
    "cancel",
    "change_primary",
    "check",
    "claim_due",
    "close_missed",
    "current",
    "longest_pause",
    "planned",
    "preview",
    "request",
]

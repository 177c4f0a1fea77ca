"""Acts on the database servers: who may, what it would cost, and what it did cost.

`Operator.start` is the door: it rehearses, decides, writes the row of history and the
audit event, and then does what takes seconds or minutes in a thread, beside the page.
"""

from services.cluster_acts.acts import PHASES, TITLES, Act, Cost, Order
from services.cluster_acts.changing import change_primary
from services.cluster_acts.journal import Planned, claim_due, close_missed, planned
from services.cluster_acts.previewing import Candidate, Preview, preview
from services.cluster_acts.probing import Pause, Prober, Write, longest_pause
from services.cluster_acts.refusals import (
    CannotAct,
    NoPatroni,
    NotTyped,
    ServersBusy,
    WentWrong,
)
from services.cluster_acts.requesting import cancel, check, request
from services.cluster_acts.running import Operator, Run
from services.cluster_acts.servers import Servers
from services.cluster_acts.settings import SETTINGS, Setting, current
from services.cluster_acts.situation import Server, Situation, Transaction
from services.cluster_acts.telling import Progress, Step

__all__ = [
    "PHASES",
    "SETTINGS",
    "TITLES",
    "Act",
    "Candidate",
    "CannotAct",
    "Cost",
    "NoPatroni",
    "NotTyped",
    "Operator",
    "Order",
    "Pause",
    "Planned",
    "Preview",
    "Prober",
    "Progress",
    "Run",
    "Server",
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

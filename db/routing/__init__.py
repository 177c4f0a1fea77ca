"""Reads from the nearest replica that is fresh enough, writes to the primary.

`Database` is all that others need: see docs/decisions/0003-reading-your-own-writes.md.
"""

from db.routing.absence import Absence
from db.routing.acting import DOOR, SYSTEM, Acting, DatabaseRole, become
from db.routing.calling import call, call_last
from db.routing.database import Database, Read, Written
from db.routing.failures import (
    AlreadyWritten,
    DatabaseUnavailable,
    NoPrimary,
    OutcomeUnknown,
    Refused,
)
from db.routing.lsn import Lsn
from db.routing.nodes import NodeState
from db.routing.past import Past
from db.routing.reads import Served
from db.routing.receipts import forget as forget_receipts
from db.routing.telling import teller_of
from db.routing.writes import WritingSession

__all__ = [
    "DOOR",
    "SYSTEM",
    "Absence",
    "Acting",
    "AlreadyWritten",
    "Database",
    "DatabaseRole",
    "DatabaseUnavailable",
    "Lsn",
    "NoPrimary",
    "NodeState",
    "OutcomeUnknown",
    "Past",
    "Read",
    "Refused",
    "Served",
    "WritingSession",
    "Written",
    "become",
    "call",
    "call_last",
    "forget_receipts",
    "teller_of",
]

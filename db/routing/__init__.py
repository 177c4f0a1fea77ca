"""Reads from the nearest replica that is fresh enough, writes to the primary.

`Database` is all that others need: see docs/decisions/0003-reading-your-own-writes.md.
"""

from db.routing.absence import Absence
from db.routing.acting import (
    ANONYMOUS,
    SYSTEM,
    DatabaseIdentity,
    DatabaseRole,
    assume_role,
)
from db.routing.calling import call, call_last
from db.routing.database import Database, Read, WriteResult
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
    "ANONYMOUS",
    "SYSTEM",
    "Absence",
    "AlreadyWritten",
    "Database",
    "DatabaseIdentity",
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
    "WriteResult",
    "WritingSession",
    "assume_role",
    "call",
    "call_last",
    "forget_receipts",
    "teller_of",
]

"""The chain that makes the audit log tell when somebody has edited it.

See docs/decisions/0010-audit-chain.md.
"""

from services.audit.chain.entries import ChainBroken
from services.audit.chain.seals import Seal
from services.audit.chain.seals import is_due as is_seal_due
from services.audit.chain.shipping import BATCH, is_waiting, ship, waiting_seconds
from services.audit.chain.verifying import ChainVerification, seal, verify

__all__ = [
    "BATCH",
    "ChainBroken",
    "ChainVerification",
    "Seal",
    "is_seal_due",
    "is_waiting",
    "seal",
    "ship",
    "verify",
    "waiting_seconds",
]

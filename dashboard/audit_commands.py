"""What the command verify-audit does."""

from dashboard import wiring
from db.routing import SYSTEM
from db.settings import Settings
from services import audit_chain, audit_log
from services.actors import CONSOLE
from services.audit_chain import ChainVerification


def verify(settings: Settings) -> ChainVerification:
    """Follow the whole chain of the audit log, and write down with what result.

    Raises AuditStoreUnavailable and UnusableKey.
    """
    with wiring.attached(settings) as wired:
        keys = wired.seal_keys.read()
        verdict = audit_chain.verify(wired.database, wired.audit, keys)
        wired.database.write(
            lambda session: audit_log.record_verification(
                session,
                CONSOLE,
                is_whole=verdict.is_whole,
                sentence=verdict.sentence,
            ),
            acting=SYSTEM,
        )
        return verdict

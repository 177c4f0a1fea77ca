"""What the command verify-audit does."""

from dashboard import wiring
from db.postgres import SYSTEM
from db.settings import Settings
from services.audit import chain, log
from services.audit.chain import ChainVerification
from services.core.actors import CONSOLE


def verify(settings: Settings) -> ChainVerification:
    """Follow the whole chain of the audit log, and write down with what result.

    Raises AuditStoreUnavailable and UnusableKey.
    """
    with wiring.attached(settings) as wired:
        keys = wired.seal_keys.read()
        verdict = chain.verify(wired.database, wired.audit, keys)
        wired.database.write(
            lambda session: log.record_verification(
                session,
                CONSOLE,
                is_whole=verdict.is_whole,
                sentence=verdict.sentence,
            ),
            acting=SYSTEM,
        )
        return verdict

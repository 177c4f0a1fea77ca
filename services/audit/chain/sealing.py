"""Seals the chain, once it was found whole since the last seal."""

from db.audit_store import AuditStore
from db.files.seal_keys import SealKeys
from db.postgres import Database
from db.postgres.identity import SYSTEM
from services.audit.chain import seals
from services.audit.chain.entries import START
from services.audit.chain.seals import Seal
from services.audit.chain.verifying import verify_after


def seal(database: Database, store: AuditStore, keys: SealKeys) -> Seal:
    """Sign the end of the chain and return the seal.

    Raises ChainBroken rather than vouch for what does not follow from the last seal,
    and UnusableKey if there is nothing to sign with.
    """
    known = database.read_latest(seals.list_seals, acting=SYSTEM).value
    start = known[-1].link if known else START
    verdict, head = verify_after(start, database, store, keys)
    if verdict.broken is not None:
        raise verdict.broken
    return database.write(
        lambda session: seals.add(session, head, keys), acting=SYSTEM
    ).value

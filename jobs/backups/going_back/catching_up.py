"""Brings a sandbox's earlier rows up to date before anybody may look at them."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg2
from psycopg2 import sql
from sqlalchemy.orm import Session

from db import schema
from db.backups.backup_errors import CheckSkipped, SetBroken
from db.backups.sandbox import Sandbox
from db.embedded import DataFolder
from db.embedded.servers import database_roles
from db.files.seal_keys import SealKeys
from db.mongo.audit_store import AuditStore, AuditStoreUnavailable
from jobs.backups.going_back.replaying import (
    GoingBackOrder,
    Rejoined,
    read_log,
    replay,
)
from jobs.backups.opening import owning, reading
from services.audit.chain import ChainBroken, Link
from services.backups import ledger
from services.backups.ledger import Since

_LOGINS: Final = (database_roles.OWNER, database_roles.APP)


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """What brings a sandbox up to date: the audit log, and by whose order.

    `purged` and `erased` come from the live rows: the log may be behind.
    """

    folder: DataFolder
    audit: AuditStore
    seal_keys: SealKeys
    order: GoingBackOrder
    set_id: str
    purged: Collection[UUID] = ()
    erased: Collection[UUID] = ()

    def bring_up_to_date(self, sandbox: Sandbox, url: str) -> None:
        """Let a sandbox take writes, and bring its rows up to date as going back does.

        Chartroom signs in there as it does in the clinic afterwards. Raises SetBroken
        if something comes back that has since been purged, erased or revoked, and
        CheckSkipped if the audit log cannot be read.
        """
        since, end = self._read_log(url)
        sandbox.promote(url)
        self._let_in(url)
        rejoined = Rejoined(end, since, self.seal_keys, self.set_id, is_complete=True)
        with owning(url) as (engine, _):
            with engine.connect() as connection:
                schema.migrate(connection)
            with Session(engine) as session, session.begin():
                replay(session, self.order, rejoined)
                back = ledger.list_brought_back(session, since)
        if back:
            raise SetBroken(
                f"Going back to {self.order.to:%Y-%m-%d %H:%M:%S} UTC would bring back "
                f"what was purged, erased or taken since: {back[0]}."
            )

    def _read_log(self, url: str) -> tuple[Since, Link]:
        try:
            with reading(url) as session:
                since, end = read_log(session, self.audit)
        except AuditStoreUnavailable as error:
            raise CheckSkipped(
                "MongoDB does not answer, so nobody knows what was purged since."
            ) from error
        except ChainBroken as error:
            raise SetBroken(
                f"The audit log does not go on from where it was then: {error}"
            ) from error
        since.purged |= set(self.purged)
        since.erased |= set(self.erased)
        return since, end

    def _let_in(self, url: str) -> None:
        """Create missing logins and roles, and set the current passwords."""
        passwords = self.folder.secrets()
        database_roles.ensure_roles(url, passwords)
        with closing(psycopg2.connect(url)) as connection:
            with connection.cursor() as cursor:
                for login in _LOGINS:
                    cursor.execute(
                        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                            sql.Identifier(login), sql.Literal(passwords[login])
                        )
                    )
            connection.commit()

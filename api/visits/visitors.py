"""Visitors who book without signing in, where the clinic allows it, for the routes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.core.dependencies import (
    PublicBooking,
    Stores,
    lsn_seen_by,
    require_known_parameters,
    stores_of,
)
from api.core.origins import network_of, origin_of
from db.postgres import ANONYMOUS, Lsn, Read, WriteResult
from services.core import audit
from services.core.actor_database import ActorDatabase
from services.core.actors import PUBLIC
from services.core.audit import Action, Origin
from services.core.throttling import LimitReached, Throttle
from services.visits.newcomers import limits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visitor:
    """An unknown person, where the clinic offers times to everybody.

    `network` is the network that they come from, as limits know it.
    """

    offer: PublicBooking
    stores: Stores
    origin: Origin
    after: Lsn | None
    network: str

    def read(self, operation: Callable[[Session], T]) -> Read[T]:
        """Run a read that everybody may do, on a node that has what they have seen."""
        own = ActorDatabase(self.stores.database, PUBLIC, self.origin)
        return own.read(operation, after=self.after)

    def write(self, operation: Callable[[Session], T]) -> WriteResult[T]:
        """Run the operation on the primary, anonymously, recorded with its origin."""

        def recorded(session: Session) -> T:
            with audit.with_origin(self.origin):
                return operation(session)

        return self.stores.database.write(recorded, identity=ANONYMOUS)

    def count(self, take: Callable[[Throttle], None]) -> None:
        """Take from a limit, or raise LimitReached, recorded once in a while."""
        try:
            take(self.stores.limits.throttle)
        except LimitReached as refusal:
            if refusal.is_first:
                details = {"limit": refusal.limit.name}
                self.write(
                    lambda session: audit.record(
                        session,
                        None,
                        Action.LIMIT_REACH,
                        outcome="refused",
                        details=details,
                    )
                )
            raise


async def visitor(request: Request) -> Visitor:
    """Return the visitor; answer 404 if the clinic does not offer public booking."""
    stores = stores_of(request)
    offer = stores.papers.visits.public
    if offer is None:
        raise HTTPException(
            404, "This clinic does not offer booking without an account."
        )
    known = Visitor(
        offer, stores, origin_of(request), lsn_seen_by(request), network_of(request)
    )
    await run_in_threadpool(
        known.count, lambda throttle: limits.count_lookup(throttle, known.network)
    )
    require_known_parameters(request)
    return known


Anybody = Annotated[Visitor, Depends(visitor)]

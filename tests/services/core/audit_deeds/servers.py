"""Deeds on the database servers: each is recorded when it is let pass."""

from services.cluster import operations
from services.cluster.operations import OperationKind, OperationRequest
from tests.services.core.audit_deeds.world import Deed, Prepare, World, deed

WHY = "Kernel update on db-01"


def _requested(act: OperationKind) -> Prepare:
    def prepare(w: World) -> Deed:
        given, order = (w.session, w.boss.actor), OperationRequest(act, WHY, "db-02")
        return lambda: operations.request(*given, order, **w.boss.fresh)

    return prepare


for one in OperationKind:
    deed(one.action)(_requested(one))

"""Actions on the database servers: each is recorded when it is let pass."""

from services.cluster import operations
from services.cluster.operations import OperationKind, OperationRequest
from tests.services.core.audit_actions.world import ActionCall, Prepare, World, prepares

WHY = "Kernel update on db-01"


def _requested(kind: OperationKind) -> Prepare:
    def prepare(w: World) -> ActionCall:
        given, wanted = (w.session, w.boss.actor), OperationRequest(kind, WHY, "db-02")
        return lambda: operations.request(*given, wanted, **w.boss.fresh)

    return prepare


for kind in OperationKind:
    prepares(kind.action)(_requested(kind))

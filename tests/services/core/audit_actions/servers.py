"""Actions on database servers and sites: each is recorded when it is allowed."""

from services.cluster import operations, sites
from services.cluster.operations import OperationKind, OperationRequest
from services.cluster.sites import SitePromoted
from services.core.audit import Action
from tests.services.core.audit_actions.world import ActionCall, Prepare, World, prepares

WHY = "Kernel update on db-01"


def _requested(kind: OperationKind) -> Prepare:
    def prepare(w: World) -> ActionCall:
        given, wanted = (w.session, w.boss.actor), OperationRequest(kind, WHY, "db-02")
        return lambda: operations.request(*given, wanted, **w.boss.fresh)

    return prepare


for kind in OperationKind:
    prepares(kind.action)(_requested(kind))


@prepares(Action.CLUSTER_INVITE_SITE)
def cluster_invite_site(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: sites.record_invited(w.session, boss, "north")


@prepares(Action.CLUSTER_FORGET_SITE)
def cluster_forget_site(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: sites.record_forgotten(w.session, boss, "north")


@prepares(Action.CLUSTER_PROMOTE_SITE)
def cluster_promote_site(w: World) -> ActionCall:
    boss = w.boss.actor
    promoted = SitePromoted("north", "The site has burnt", "No power", None, None)
    return lambda: sites.record_promoted(w.session, boss, promoted)

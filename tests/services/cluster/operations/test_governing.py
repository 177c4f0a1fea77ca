"""What operations on the cluster as a whole say that they have done."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

from services.cluster.operations import OperationKind, OperationRequest, governing
from services.cluster.operations.progress import Progress
from services.cluster.operations.servers import Servers


def test_until_when_a_replica_shows_nothing_new_is_told_with_its_zone():
    """The launcher names the time in UTC, and a clinic's clock shows another."""
    until = datetime(2026, 7, 1, 11, 5, 7, tzinfo=UTC)
    launcher = SimpleNamespace(pause_replay=lambda _name, _seconds: until)
    request = OperationRequest(
        OperationKind.PAUSE_REPLAY, "To see what lag looks like", "db-02", seconds=30
    )

    cost = governing.pause_replay(
        Servers(SimpleNamespace(), SimpleNamespace(), launcher),
        request,
        uuid4(),
        Progress(),
    )

    assert cost.sentence == (
        "db-02 shows nothing new until 11:05:07 UTC, then goes on by itself."
    )

"""A restart of the primary, which is over once writers are answered again."""

from contextlib import nullcontext
from types import SimpleNamespace
from uuid import UUID

import pytest

from db.postgres import Lsn
from services.cluster.operations import OperationKind, OperationRequest
from services.cluster.operations.mending import restart
from services.cluster.operations.probing import Write
from services.cluster.operations.progress import Progress
from services.cluster.operations.refusals import WentWrong

RESTART = OperationRequest(OperationKind.RESTART, "Kernel update on db-01", "db-01")


def test_a_primary_that_takes_no_writes_afterwards_does_not_count_as_restarted(
    monkeypatch,
):
    before = tuple(Write(n, n, n + 0.01, 1, Lsn(n)) for n in range(3))
    prober = SimpleNamespace(writes=before, lost=lambda: 0)
    monkeypatch.setattr(
        "services.cluster.operations.mending.Prober", lambda *_: nullcontext(prober)
    )
    monkeypatch.setattr("services.cluster.operations.mending._WRITING_SECONDS", 0.1)
    servers = SimpleNamespace(
        database=None,
        require_server=lambda name: SimpleNamespace(name=name, is_leading=True),
        ask=lambda question: question(),
        patroni=SimpleNamespace(restart=lambda _: None),
    )

    with pytest.raises(WentWrong, match="db-01 runs again, but takes no writes"):
        restart(servers, RESTART, UUID(int=7), Progress())

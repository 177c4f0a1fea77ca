"""A start with some of the servers' disks: nobody leads who may lack something."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from db.embedded.data_folder import CannotStart, DataFolder
from db.embedded.processes import child_processes
from db.embedded.servers.server_startup import Servers


def test_it_names_the_servers_without_data_where_those_with_data_cannot_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of the one that is there does not say that disks are not mounted."""
    folder = DataFolder(tmp_path)
    folder.prepare()
    control = folder.node_data("db-03") / "global/pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes(bytes(range(1, 9)))
    folder.mark_complete()

    def node(name: str) -> SimpleNamespace:
        patroni = SimpleNamespace(start=lambda: None, is_running=False)
        return SimpleNamespace(
            name=name,
            data=folder.node_data(name),
            patroni=patroni,
            has_crashed=False,
            forget_original=lambda: None,
        )

    def gave_up(*_: object, **__: object) -> None:
        raise CannotStart("db-03 did not become ready within 120 seconds: see its log.")

    monkeypatch.setattr(child_processes, "wait_for", gave_up)
    servers = Servers.__new__(Servers)
    vars(servers).update(
        _folder=folder,
        _fleet=SimpleNamespace(
            nodes=[node("db-01"), node("db-02"), node("db-03")],
            is_led=lambda: False,
            addresses=SimpleNamespace(followed=None),
        ),
        _etcd=SimpleNamespace(pin=lambda _: True, former_leader=lambda: "db-03"),
        _replacement=SimpleNamespace(is_placed=False),
    )

    with pytest.raises(
        CannotStart, match=r"no data of db-01 and db-02 in .*: mount their disks"
    ):
        servers._begin_postgres()

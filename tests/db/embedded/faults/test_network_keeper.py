"""A network of its own reaches none of ours; where it is forbidden it is refused."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from db.cluster.control_client import ControlRefused
from db.embedded.faults.own_network import NetworkNamespace
from tests.kit import apart


@apart.networks
def test_from_a_network_of_its_own_nothing_of_ours_is_reached():
    with (
        socket.create_server(("127.0.0.1", 0)) as here,
        closing(NetworkNamespace([])) as namespace,
        namespace.fresh() as there,
        pytest.raises(ConnectionRefusedError),
    ):
        there.connect(here.getsockname())


@apart.networks
def test_a_network_ends_with_whoever_made_it():
    namespace = NetworkNamespace([7])

    assert apart.network_of(namespace.process.pid) != apart.OURS
    namespace._parent.close()

    assert namespace.process.wait(10) == 0
    namespace.close()


def test_where_namespaces_are_forbidden_it_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (
        apart.forbidden(tmp_path, monkeypatch),
        pytest.raises(ControlRefused, match="Operation not permitted") as refused,
    ):
        NetworkNamespace([])

    assert "root or unprivileged user namespaces" in str(refused.value)


def test_without_the_programs_for_it_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ControlRefused, match="unshare or nsenter is missing"):
        NetworkNamespace([])

"""A node's configuration, and how little disk space a new MongoDB takes."""

import os
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from db.embedded import DataFolder
from db.embedded.processes.programs import find
from db.embedded.servers import configuration
from db.embedded.servers.membership import FOUNDERS
from tests.kit import lone_mongod

_SECRETS = dict.fromkeys(
    ("patroni_api", "etcd", "postgres", "replicator", "rewind"), ""
)
_PORTS = dict.fromkeys(("db-01", "db-01-api", "etcd"), 5432)
_JOURNAL_BYTES = 64 * 1024**2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("tmpfs", "off"), ("btrfs", "off"), ("zfs", "off"), ("ext4", None), ("", None)],
)
def test_where_nothing_is_reserved_new_wal_is_not_filled_with_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, expected: str | None
):
    mounts = [_mount("/", "ext4"), _mount(str(tmp_path), kind)]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)

    assert _parameters(tmp_path / "data").get("wal_init_zero") == expected


@pytest.mark.parametrize(
    ("cores", "workers"), [(1, 0), (2, 0), (3, 0), (4, 1), (6, 2), (64, 2)]
)
def test_one_statement_takes_half_of_the_cores_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int, workers: int
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))

    parameters = _parameters(tmp_path / "data")

    assert parameters["max_parallel_workers_per_gather"] == workers


def test_a_new_journal_of_mongodb_is_small(tmp_path: Path):
    with lone_mongod.as_embedded(tmp_path):
        journal = [*(tmp_path / "mongo/data/journal").iterdir()]

        assert journal
        assert sum(file.stat().st_size for file in journal) < _JOURNAL_BYTES


def _parameters(path: Path) -> dict[str, object]:
    folder = DataFolder(path)
    folder.prepare()
    programs = find(folder.path)
    settings = configuration.configuration(
        FOUNDERS.staying[0], programs, folder, _PORTS, _SECRETS
    )
    return settings["postgresql"]["parameters"]


def _mount(place: str, kind: str):
    return SimpleNamespace(mountpoint=place, fstype=kind)

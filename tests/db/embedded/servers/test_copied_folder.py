"""A copy of a clinic's data folder is a cluster of its own, beside the original."""

import subprocess
from pathlib import Path

import psutil
import pytest

from db import embedded
from db.embedded import Cluster
from tests.kit.breaking import suspended

pytestmark = pytest.mark.cluster


def copy_as_a_snapshot(cluster: Cluster, target: Path) -> None:
    """Copy the folder as it is at one instant, as a snapshot of its disk would."""
    working = [process for node in cluster.nodes for process in node.family()]
    beside = [psutil.Process(each.process.pid) for each in cluster.others]
    with cluster.unsupervised(), suspended(*beside, *working):
        subprocess.run(["cp", "-a", cluster.folder.path, target], check=True)


def test_a_copy_of_a_running_clinic_starts_and_leaves_the_original_alone(
    breakable: Cluster, tmp_path: Path
):
    servers = {node.postmaster() for node in breakable.nodes}
    copy_as_a_snapshot(breakable, tmp_path / "copy")

    copy = embedded.start(tmp_path / "copy")
    try:
        copy.wait_until_whole()

        assert not servers & {node.postmaster() for node in copy.nodes}
    finally:
        copy.stop()
    assert servers == {node.postmaster() for node in breakable.nodes}

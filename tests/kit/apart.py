"""Whether this machine can run tests that need a disk or network of a server's own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from db.cluster.control_client import ControlRefused
from db.embedded.faults.own_network import NetworkNamespace
from db.embedded.faults.small_disk import require_mounting


def _refusal_of_networks() -> str:
    try:
        NetworkNamespace([]).close()
    except ControlRefused as refusal:
        return str(refusal)
    return ""


def _refusal_of_disks() -> str:
    with TemporaryDirectory() as place:
        try:
            require_mounting(Path(place))
        except ControlRefused as refusal:
            return str(refusal)
    return ""


networks = pytest.mark.skipif(
    bool(reason := _refusal_of_networks()), reason=reason or "it is allowed"
)
disks = pytest.mark.skipif(
    bool(reason := _refusal_of_disks()), reason=reason or "it is allowed"
)


@contextmanager
def forbidden(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forbid namespaces on this machine, as most containers do."""
    unshare = folder / "unshare"
    unshare.write_text(
        "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n"
    )
    unshare.chmod(0o755)
    with patch.context() as patched:
        patched.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield


def network_of(process: psutil.Process | int) -> str:
    """Return the network namespace of a process."""
    pid = process if isinstance(process, int) else process.pid
    return str(Path(f"/proc/{pid}/ns/net").readlink())


OURS = network_of(os.getpid()) if sys.platform == "linux" else ""

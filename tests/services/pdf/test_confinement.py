"""What a PDF that took over its reader would find: nothing to read, nobody to call."""

import ctypes
import json
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

# This only asks for the version.
HAS_LANDLOCK = (
    sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, 0, 1) >= 4
)
HAS_FILTER = sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}
ROOT = Path(__file__).resolve().parents[3]
PROBE = """
import json, os, socket, sys, tempfile, threading
from services.pdf import confinement

def fails(action):
    try:
        action()
    except (OSError, RuntimeError) as error:
        return type(error).__name__
    return None

mine, listening = open(sys.argv[1], "r+b"), int(sys.argv[2])
confinement.confine()
confinement.limit(seconds=5, megabytes=1024, may_thread=sys.argv[3] == "threads")
print(json.dumps({
    "read": fails(lambda: open("/etc/hostname")),
    "write": fails(lambda: open("/tmp/chartroom-probe", "x")),
    "change": fails(lambda: os.pwrite(mine.fileno(), b"x", 0)),
    "call": fails(lambda: socket.socket().connect(("127.0.0.1", listening))),
    "tell": fails(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "start": fails(lambda: os.execv("/bin/true", ["true"])),
    "fork": fails(lambda: os.fork() or os._exit(0)),
    "thread": fails(lambda: threading.Thread(target=int).start()),
    "user": os.geteuid(),
}))
"""


@pytest.fixture(scope="module", params=["alone", "threads"])
def probe(request, tmp_path_factory):
    """The results of attempts from inside the confinement; None is success."""
    file = tmp_path_factory.mktemp("probe") / "own"
    file.write_bytes(b"own")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", PROBE, file, port, request.param],
            capture_output=True,
            cwd=ROOT,
            check=True,
        )
    assert file.read_bytes() == b"own"
    return json.loads(done.stdout) | {"may_thread": request.param == "threads"}


def test_nothing_is_written(probe):
    assert probe["write"]
    assert probe["change"]


def test_no_other_process_is_started(probe):
    assert probe["fork"]


@pytest.mark.skipif(not HAS_FILTER, reason="no filter is made for this processor")
def test_no_program_is_started_and_nothing_is_told(probe):
    assert probe["start"] == "PermissionError"
    assert probe["tell"] == "PermissionError"


@pytest.mark.skipif(not HAS_FILTER, reason="no filter is made for this processor")
def test_threads_are_started_only_by_whom_they_are_meant_for(probe):
    assert (probe["thread"] is None) == probe["may_thread"]


def test_it_is_not_the_superuser(probe):
    assert probe["user"] != 0


@pytest.mark.skipif(not HAS_LANDLOCK, reason="this kernel has no Landlock")
def test_no_file_is_opened_and_nobody_is_called(probe):
    assert probe["read"] == "PermissionError"
    assert probe["call"] == "PermissionError"

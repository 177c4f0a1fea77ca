"""A real ClamAV daemon that knows one virus: EICAR's test file, which is harmless."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.kit.waiting import eventually

PROGRAM: Final = shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
# In two parts: a scanner that reads this source must not raise an alarm.
EICAR: Final = (
    rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
)
_LARGEST: Final = 2 * 1024 * 1024


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start the daemon with a database of its own; yield its URL."""
    database, address = folder / "database", folder / "clamd.socket"
    database.mkdir()
    signature = f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n"
    (database / "one.ndb").write_text(signature)
    settings = folder / "clamd.conf"
    settings.write_text(
        f"DatabaseDirectory {database}\nLocalSocket {address}\nForeground yes\n"
        f"StreamMaxLength {_LARGEST}\nTemporaryDirectory {folder}\n"
    )
    with subprocess.Popen(
        [PROGRAM, "--config-file", settings], stdout=subprocess.DEVNULL
    ) as daemon:
        try:
            _wait_for(address, daemon)
            yield f"unix://{address}"
        finally:
            daemon.terminate()


def _wait_for(address: Path, daemon: "subprocess.Popen[bytes]") -> None:
    def is_listening() -> bool:
        assert daemon.poll() is None, "clamd did not start."
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(address)) == 0

    eventually(is_listening)

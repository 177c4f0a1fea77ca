"""Small disks in memory, which tests fill while people work."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.kit.waiting import eventually

_PIECE: Final = bytes(1_000_000)
_LOOK_SECONDS: Final = 0.2
_MOUNT: Final = ("mount", "-t", "tmpfs")


def may_mount() -> bool:
    """Return whether this machine can mount a disk so that other processes see it."""
    if os.geteuid() != 0:
        return False
    command = ["unshare", "--mount", *_MOUNT, "tmpfs", "/mnt"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A disk that can be filled to its last byte, and emptied again."""

    place: Path

    @classmethod
    @contextmanager
    def mounted(cls, place: Path, megabytes: int) -> Iterator["SmallDisk"]:
        """Mount a disk of this size on a folder with its content, for the block."""
        owner = place.stat()
        options = (
            f"size={megabytes}m,mode={owner.st_mode & 0o777:o},"
            f"uid={owner.st_uid},gid={owner.st_gid}"
        )
        aside = place.with_name(f"{place.name}.aside")
        place.rename(aside)
        place.mkdir()
        subprocess.run([*_MOUNT, "-o", options, "tmpfs", str(place)], check=True)
        try:
            subprocess.run(["cp", "-a", f"{aside}/.", str(place)], check=True)
            shutil.rmtree(aside)
            yield cls(place)
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no space while the block runs, whatever is deleted meanwhile."""
        ballast, over = self.place / "ballast", threading.Event()
        filler = threading.Thread(target=_fill, args=(ballast, over))
        filler.start()
        try:
            eventually(lambda: self.free_bytes == 0)
            yield
        finally:
            over.set()
            filler.join()
            ballast.unlink()

    @property
    def free_bytes(self) -> int:
        """The free space."""
        usage = os.statvfs(self.place)
        return usage.f_bavail * usage.f_frsize


def _fill(ballast: Path, over: threading.Event) -> None:
    with ballast.open("ab", buffering=0) as file:
        while not over.is_set():
            with suppress(OSError):
                while file.write(_PIECE):
                    pass
            over.wait(_LOOK_SECONDS)

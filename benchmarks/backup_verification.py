"""How fast a backup is verified per core, compared with programs on plain bytes.

    python -m benchmarks.backup_verification [--megabytes N] [--file-megabytes N]
        [--times N]

Starts a clinic of its own with rows and files of that size and backs it up. A set is
verified as a look verifies it: its objects are read and checked by SHA-256, unsealed
and unpacked, and the pages verified by PostgreSQL's pg_verifybackup. The peer is that
program alone, on the same unpacked pages. Files are checked by their SHA-256, decrypted
and compared with their rows; the peer is hashlib's SHA-256 of the same stored bytes. MB
are of plain pages and files, and seconds are processor time, including programs'.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.clinic import Clinic
from benchmarks.measure import compare
from db.backups.file_copies import (
    CopiedFile,
    list_set_copies,
    prove_copy,
    require_copy,
)
from db.backups.manifest import Manifest
from db.backups.sandbox import SandboxName, unpacked
from db.backups.sealing import digest_of, require_objects, seal_of_chain
from db.embedded.processes import programs
from jobs.backups.taking import take

_BAR: Final = 150.0


@dataclass
class _Metered:
    """Something that is done many times, with the processor seconds of each."""

    do: Callable[[], object]
    seconds: list[float]

    def __call__(self) -> None:
        before = _processor_seconds()
        self.do()
        self.seconds.append(_processor_seconds() - before)


def _processor_seconds() -> float:
    """Return the processor time of this process and of programs that have ended."""
    times = os.times()
    return sum(times[:4])


@dataclass(frozen=True, slots=True)
class _Verifying:
    """A backup set of a clinic, and the copies of its files."""

    clinic: Clinic
    manifest: Manifest
    copies: Sequence[CopiedFile]

    @property
    def file_bytes(self) -> int:
        """The size of the files' plain bytes."""
        return sum(copy.entry.extent.length for copy in self.copies)

    def verify_set(self) -> None:
        """Verify the set as a look does."""
        clinic, manifest = self.clinic, self.manifest
        objects = clinic.repository.set_folder(manifest.set_id)
        require_objects(objects, manifest)
        seal = seal_of_chain([manifest], clinic.keys)
        folder = clinic.cluster.folder
        binaries = programs.find(folder.path)
        name = SandboxName.CHECK
        with unpacked(folder, binaries, seal, objects, name=name) as sandbox:
            sandbox.verify()

    def verify_files(self) -> int:
        """Verify every file's copy as a look does; return their size."""
        repository, keys = self.clinic.repository, self.clinic.keys
        size = 0
        for copy in self.copies:
            require_copy(copy, repository)
            size += prove_copy(copy, repository, keys, None)
        return size

    def hash_files(self) -> None:
        """Read the stored bytes by their SHA-256, and nothing else."""
        for copy in self.copies:
            digest_of(self.clinic.repository.file(copy.sha256))


def _compare(
    name: str,
    size: int,
    ours: Callable[[], object],
    peer: Callable[[], object],
    times: int,
) -> bool:
    """Print both results, and return whether ours is as fast as it has to be."""
    ways = _Metered(ours, []), _Metered(peer, [])
    compare(name, *ways, rounds=times, unit="s")
    rates = [size / 1e6 / median(way.seconds[-times:]) for way in ways]
    print(
        f"{name}: ours {rates[0]:,.0f} MB/s a core, peer {rates[1]:,.0f} MB/s a core, "
        f"ratio {rates[0] / rates[1]:.2f}, bar {_BAR:.0f} MB/s",
        flush=True,
    )
    return rates[0] >= _BAR


def main() -> bool:
    """Print the lines, and return whether the bars were kept."""
    parser = argparse.ArgumentParser(description="Verify a backup, and time that.")
    parser.add_argument("--megabytes", type=int, default=500, help="of rows")
    parser.add_argument("--file-megabytes", type=int, default=200, help="of files")
    parser.add_argument("--times", type=int, default=5)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chartroom-verification-") as name:
        clinic = Clinic.below(Path(name))
        with clinic.held:
            clinic.start()
            clinic.fill(
                megabytes=wanted.megabytes, file_megabytes=wanted.file_megabytes
            )
            manifest = take(clinic.source(), clinic.repository).manifest
            copies = list(list_set_copies(clinic.repository, manifest, clinic.keys))
            folder = clinic.cluster.folder
            binaries = programs.find(folder.path)
            # What is timed shares the machine with nothing else.
            clinic.stop()
            verifying = _Verifying(clinic, manifest, copies)
            with unpacked(
                folder,
                binaries,
                seal_of_chain([manifest], clinic.keys),
                clinic.repository.set_folder(manifest.set_id),
            ) as plain:
                is_fast = _compare(
                    "set, and pg_verifybackup of plain pages",
                    sum(each.stat().st_size for each in plain.data.rglob("*")),
                    verifying.verify_set,
                    plain.verify,
                    wanted.times,
                )
            is_fast &= _compare(
                "files, and SHA-256 of stored bytes",
                verifying.file_bytes,
                verifying.verify_files,
                verifying.hash_files,
                wanted.times,
            )
    return is_fast


if __name__ == "__main__":
    sys.exit(not main())

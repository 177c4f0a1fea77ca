"""The list of lines that an import rejected."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.demo.importing.csv_lines import CannotImport

OF_LINES: Final = ("file", "line", "reason")
OF_RESOURCES: Final = ("file", "type", "id", "reason")


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was rejected, and why, without anything of its content."""

    file: str
    line: int
    reason: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the list."""
        return self.file, str(self.line), self.reason


@dataclass(frozen=True, slots=True)
class RejectedResource:
    """A resource that was rejected, and why, without anything of its content."""

    file: str
    type: str
    id: str
    reason: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the list."""
        return self.file, self.type, self.id, self.reason


class RejectsFile:
    """The file that lists rejects, readable only by its owner.

    It is replaced as a whole once the import is committed, so it is always about one
    complete run; a run without rejects leaves no file.
    """

    def __init__(self, path: Path, heading: tuple[str, ...] = OF_LINES) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}")
        self._heading = heading
        self._count = 0

    @contextmanager
    def replacing(self) -> Iterator["RejectsFile"]:
        """Put the file in place at a clean exit. Raises CannotImport."""
        self._refuse_to_overwrite_anything_else()
        try:
            self.restart()
            yield self
            if self._count:
                self._draft.replace(self._path)
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            with suppress(OSError):
                self._draft.unlink(missing_ok=True)

    def restart(self) -> None:
        """Begin an empty list, because the import starts (again) from its beginning."""
        self._count = 0
        descriptor = os.open(
            self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600
        )
        with os.fdopen(descriptor, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(self._heading)

    def extend(self, rejects: Iterator[Reject | RejectedResource]) -> None:
        """Add to the list."""
        with self._draft.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for reject in rejects:
                writer.writerow(reject.cells)
                self._count += 1

    def _refuse_to_overwrite_anything_else(self) -> None:
        try:
            with self._path.open(
                newline="", encoding="utf-8", errors="replace"
            ) as file:
                first = next(csv.reader([file.readline(1_000)]), [])
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error
        if tuple(first) not in {OF_LINES, OF_RESOURCES}:
            raise CannotImport(
                "rejects",
                f"{self._path} is there already and is no list of rejects; "
                "name another file with --rejects.",
            )

    def _unwritable(self, error: OSError) -> CannotImport:
        return CannotImport(
            "rejects",
            f"{self._path} cannot be written: {error.strerror}; "
            "name another file with --rejects.",
        )

"""Turns Word, Excel, PowerPoint and OpenDocument files into PDFs, with LibreOffice.

Each file has a process of its own, a folder of its own that is removed afterwards, and
settings of its own: see docs/decisions/0046-office-files.md.
"""

import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import services
from services.pdf import confinement
from services.pdf.report import Unreadable
from services.pdf.sources import OFFICE_TYPES, Readable, handed_over, pieces_of
from services.pdf.turns import Turns

_ROOT: Final = Path(services.__path__[0]).resolve().parent
_PROCESS: Final = f"{__package__}.process"
_VARIABLES: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")
# Each takes a processor, and much memory, for some seconds.
_AT_ONCE: Final = 1
# With a new profile LibreOffice may need to be started a second time.
_STARTS: Final = 2
_RESTART: Final = (79, 81)
_MAX_MB: Final = 4096
_MAX_PDF_BYTES: Final = 256 * 1024 * 1024
_NO_PDF: Final = (
    "This file cannot be made into a PDF here: it is damaged, needs a password, or "
    "takes too long. Save it as PDF in the program it is from, and choose that file."
)
# No macro runs, whoever signed it; nothing that a file names is fetched or updated.
_SETTINGS: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
    xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>0</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>2</value></prop>
</item>
</oor:items>
"""
_log = logging.getLogger(__name__)


class OfficeConverter:
    """LibreOffice, started anew for each file; for use by any number of threads.

    A start may take this many `seconds`, and there may be two for one file.
    """

    def __init__(self, program: str, *, seconds: float = 60) -> None:
        self.program = program
        self._seconds = seconds
        self._turns = Turns(_AT_ONCE)

    @classmethod
    def installed(cls, program: str) -> Self | None:
        """Return the converter for a program's name or path, or None."""
        path = shutil.which(program) if program else None
        if path is None:
            return None
        # The program itself: the one on the path is a script that looks for it.
        binary = Path(path).resolve().with_name("soffice.bin")
        return cls(str(binary) if binary.is_file() else str(Path(path).resolve()))

    def convert(
        self, source: Readable | int, media_type: str, *, person: Hashable = None
    ) -> bytes:
        """Return a PDF of a file of one of OFFICE_TYPES. Raises Unreadable or Busy."""
        with handed_over(source) as file:
            size = os.fstat(file).st_size
            with (
                self._turns.taken(person, size, self._seconds),
                _own_folder() as folder,
            ):
                name = f"file{OFFICE_TYPES[media_type][0]}"
                with (folder / name).open("wb") as copy:
                    for piece in pieces_of(file):
                        copy.write(piece)
                _give_away(folder)
                return self._printed(folder, name)

    def _printed(self, folder: Path, name: str) -> bytes:
        for _ in range(_STARTS):
            status = self._run(folder, name)
            _remove_socket(folder)
            if status not in _RESTART:
                break
        made = folder / "made" / "file.pdf"
        # Whatever a file may have made of LibreOffice: no link out of the folder.
        with suppress(OSError):
            opened = os.open(made, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(opened, "rb") as file:
                pdf = file.read(_MAX_PDF_BYTES)
            if pdf.startswith(b"%PDF-"):
                return pdf
        _log.warning("LibreOffice could not convert a file to PDF.")
        raise Unreadable(_NO_PDF)

    def _run(self, folder: Path, name: str) -> int | None:
        """Return the exit status of LibreOffice; None if it took too long."""
        process = subprocess.Popen(  # noqa: S603 (no words of a file or a person)
            [
                sys.executable,
                "-m",
                _PROCESS,
                self.program,
                str(folder),
                name,
                str(self._seconds),
                str(_MAX_MB),
            ],
            cwd=_ROOT,
            env={k: os.environ[k] for k in _VARIABLES if k in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Its complaints may quote the file.
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            # The process, and whatever it has started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Yield a new folder with the settings, which is removed with all its contents."""
    with tempfile.TemporaryDirectory(prefix="office-") as made:
        # The path that LibreOffice is given, so that the name of its socket is known.
        folder = Path(made).resolve()
        settings = folder / "profile" / "user"
        settings.mkdir(parents=True)
        (settings / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        yield folder


def _give_away(folder: Path) -> None:
    """Let the user that root turns into for this write to the folder."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, confinement.NOBODY, confinement.NOBODY)


def _remove_socket(folder: Path) -> None:
    """Remove the socket that LibreOffice may leave behind outside its folder."""
    profile = f"{folder.as_uri()}/profile".encode("utf-16-le")
    digest = hashlib.md5(profile, usedforsecurity=False).digest()
    name = "".join(f"{byte:x}" for byte in digest)
    for left in Path("/tmp").glob(f"OSL_PIPE_*SingleOfficeIPC_{name}"):  # noqa: S108
        with suppress(OSError):
            left.unlink()

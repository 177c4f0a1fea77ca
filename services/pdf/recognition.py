"""Recognises the words on pages that are pictures, where tesseract is installed."""

import logging
import os
import shutil
import subprocess
from typing import Final, Self

from services.pdf.inspecting import NoSuchPage, PdfInspector, Unreadable

_PAGE_SECONDS: Final = 120
# 300 dots per inch on A4, which tesseract was trained for.
_WIDTH: Final = 2480
_VARIABLES: Final = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")
_log = logging.getLogger(__name__)


class Recogniser:
    """Tesseract, which gets pictures and gives words through pipes.

    ocrmypdf would do more, but leaves plain files behind in a folder while it works.
    """

    def __init__(self, program: str, inspector: PdfInspector, languages: str) -> None:
        self._program = program
        self._inspector = inspector
        self._languages = languages

    @classmethod
    def installed(cls, inspector: PdfInspector, languages: str) -> Self | None:
        """Return the one of this machine, for tesseract's names of the languages."""
        program = shutil.which("tesseract")
        return None if program is None else cls(program, inspector, languages)

    def words_on(self, file: int, page: int) -> str:
        """Return what is written on a page of an open file; nothing if that fails.

        Raises Busy.
        """
        try:
            picture = self._inspector.render(file, page, width=_WIDTH)
            return self._words_in(picture)
        except (NoSuchPage, Unreadable, OSError, subprocess.SubprocessError) as error:
            _log.warning("A page was not recognised: %s.", type(error).__name__)
            return ""

    def _words_in(self, picture: bytes) -> str:
        done = subprocess.run(  # noqa: S603 (no words of a file or a person)
            [self._program, "stdin", "stdout", "-l", self._languages],
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            timeout=_PAGE_SECONDS,
            check=True,
        )
        return done.stdout.decode(errors="replace").strip("\f\n ")


def _environment() -> dict[str, str]:
    """Return what tesseract needs, and nothing that is secret."""
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    # One processor: people's pages come first.
    return kept | {"OMP_THREAD_LIMIT": "1"}

"""Confines itself, and then becomes LibreOffice, which makes a PDF of one office file.

Started as `python -m services.pdf.office.process <program> <folder> <name> <seconds>
<megabytes>`. The folder contains the file, and is the only one that can be written to.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Final

from services.pdf import confinement

# Options of the program itself; macros are never run, whoever signed them, and nothing
# that a file names is fetched.
_ARGUMENTS: Final = (
    "--headless",
    "--invisible",
    "--nologo",
    "--nodefault",
    "--norestore",
    "--nolockcheck",
    "--convert-to",
    "pdf",
)


def main() -> None:
    """Become LibreOffice, which may write to nothing but the folder."""
    program, folder, name, seconds, megabytes = sys.argv[1:]
    confinement.confine_program(
        program,
        folder,
        seconds=float(seconds),
        megabytes=int(megabytes),
    )
    home = Path(folder).as_uri()
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.execve(  # noqa: S606 (a shell would be one more program)
        program,
        [
            program,
            f"-env:UserInstallation={home}/profile",
            *_ARGUMENTS,
            "--outdir",
            f"{folder}/made",
            f"{folder}/{name}",
        ],
        {
            "HOME": folder,
            "TMPDIR": folder,
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            # Without a screen.
            "SAL_USE_VCLPLUGIN": "svp",
        },
    )


if __name__ == "__main__":
    main()

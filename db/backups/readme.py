"""The README of a repository: how to restore the clinic from it on another machine."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from db.files import private_files

NAME: Final = "README.txt"
TEXT: Final = """\
The backups of a clinic, made by Chartroom
==========================================

This folder has everything of one clinic, sealed: rows (sets), every change between two
backups (log), and files (files). Only the clinic's recovery kit and its passphrase open
it. repository.json says which clinic it is.

To restore the clinic on a machine that has nothing of it
---------------------------------------------------------

1. Get Chartroom: the version that made these backups, or a newer one. It needs Linux
   and Python 3.11 or newer. In its folder, make its environment:

       script/setup

2. Put the clinic's settings there, if you have them: the file .env of the lost
   machine. Without CHARTROOM_DEMO=false in it the clinic opens as a demo, and the
   demo's invented people can sign in.

3. Have the recovery kit as a file: its PDF; or a text file with its codes, scanned with
   a telephone, one below the other in any order; or the text of its last pages.

4. Restore the clinic. KIT is the kit's file, FOLDER this folder, and DATA a folder that
   is empty or not there yet. You are asked for the passphrase of the kit:

       .venv/bin/python -m dashboard restore --from FOLDER --kit KIT --data DATA

   It restores the newest second that the backups reach, proves every row and file, and
   reports what it found. With --to 2026-11-25T14:03:07Z it restores another second.
   What has been purged or revoked since then stays so.

   If the backups are in a store that speaks S3 instead, write s3://BUCKET/PREFIX for
   FOLDER. First put CHARTROOM_BACKUP_S3_KEY_ID and CHARTROOM_BACKUP_S3_SECRET into
   .env, and CHARTROOM_BACKUP_S3_ENDPOINT if it is not Amazon's. What is needed is
   fetched first; if that is cut off, the same command continues from there.

5. Start it:

       script/server --data DATA

   Everybody signs in again. A new backup is made within minutes, into the folder that
   CHARTROOM_BACKUP_DIR names: keep this one until then, and for ever if you can.

This folder may be read-only. If it is not, restoring records in it which times the
clinic went back over, and changes no backup. If a file is damaged or missing, the
command names it; if the passphrase is wrong, it says so.
"""


def write_readme(folder: Path) -> None:
    """Write the README into a repository. Raises OSError."""
    path = folder / NAME
    with suppress(FileNotFoundError):
        if path.read_text() == TEXT:
            return
    private_files.replace(path, TEXT.encode())

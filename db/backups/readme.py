"""The README of a repository: how to restore the clinic from it on another machine."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from db.files import private_files

NAME: Final = "README.txt"
TEXT: Final = """\
The backups of a clinic, made by Chartroom
==========================================

This folder has all of one clinic, sealed: rows (sets), every change between two
backups (log), and files (files). It is opened by the clinic's recovery kit and its
passphrase, and by nothing else. repository.json says which clinic it is.

To restore the clinic on a machine that has nothing of it
---------------------------------------------------------

1. Get Chartroom: the version that made these backups, or a newer one. It needs Linux
   and Python 3.11 or newer. In its folder, make its environment:

       script/setup

2. Put the clinic's settings there, if you have them: the file .env of the lost
   machine. Without CHARTROOM_DEMO=false in it the clinic opens as a demo does, and
   its invented people may sign in.

3. Have the recovery kit as a file: its PDF; or a text file with its codes, scanned by
   a telephone, one below the other in any order; or the text of its last pages.

4. Restore the clinic. KIT is the kit's file, FOLDER this folder, and DATA a folder
   that is empty or not there yet. You are asked for the passphrase of the kit:

       .venv/bin/python -m dashboard restore --from FOLDER --kit KIT --data DATA

   It restores as late as the backups reach, proves every row and file, and says what
   it found. With --to 2026-11-25T14:03:07Z it goes to another second. What was purged,
   and what was taken from somebody since, stays so.

   If the backups are in a store that speaks S3 instead, write s3://BUCKET/PREFIX for
   FOLDER. Put CHARTROOM_BACKUP_S3_KEY_ID and CHARTROOM_BACKUP_S3_SECRET into .env
   before, and CHARTROOM_BACKUP_S3_ENDPOINT if it is not Amazon's: what is needed is
   fetched first, and a fetch that was cut off is gone on with by the same command.

5. Start it:

       script/server --data DATA

   Everybody signs in anew. A new backup is made within minutes, into the folder that
   CHARTROOM_BACKUP_DIR names: keep this one until then, and where you can for ever.

This folder may be read-only. Where it is not, restoring notes in it which times the
clinic went back over, and changes no backup. If a file is damaged or missing, the
command names it; if the passphrase is wrong, it says so.
"""


def write_readme(folder: Path) -> None:
    """Write into a repository how to restore a clinic from it. Raises OSError."""
    path = folder / NAME
    with suppress(FileNotFoundError):
        if path.read_text() == TEXT:
            return
    private_files.replace(path, TEXT.encode())

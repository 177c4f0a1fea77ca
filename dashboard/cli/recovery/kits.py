"""The command that makes a recovery kit, and the prompt for a passphrase."""

import contextlib
import getpass
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose, require_new, write_new
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from db.settings import Settings

group = typer.Typer()


@group.command()
def recovery_kit(
    out: Annotated[
        Path | None,
        typer.Option(help="The PDF to write, or a text if its name ends in .txt."),
    ] = None,
    prove: Annotated[
        Path | None,
        typer.Option(help="Instead, prove that this existing kit opens: PDF or text."),
    ] = None,
    data: Data = None,
) -> None:
    """Print the keys that open the backups, sealed with a passphrase, as QR codes.

    With --prove, an existing kit is opened with its passphrase, and the newest backup
    with the kit: once a quarter, somebody should have both in their hands.
    """
    with explain_errors():
        settings = choose(data=data)
        if prove is not None:
            _require_embedded(settings)
            _require_alone(out)
            typer.echo(prove_kit_file(settings, prove))
            return
        path = out or Path(f"recovery-kit-{datetime.now(UTC):%Y-%m-%d}.pdf")
        _require_embedded(settings)
        require_new(path)
        passphrase = ask_passphrase("Passphrase of the recovery kit")
        repeated = ask_passphrase("Once more")
        sentence = write_kit(settings, path, passphrase, repeated)
    typer.echo(sentence)


def ask_passphrase(question: str) -> str:
    """Ask on the terminal without echo, or read a line from a pipe.

    Never from an argument or a variable: others on the machine can read those.
    """
    if sys.stdin.isatty():
        return getpass.getpass(f"{question}: ")
    return sys.stdin.readline().rstrip("\n")


def write_kit(settings: "Settings", path: Path, passphrase: str, repeated: str) -> str:
    """Make a kit of the clinic's keys; return what to do with it.

    Raises CannotBackUp, what `make_kit` raises, and NotRunning: who made a kit is
    recorded in the clinic.
    """
    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.backups import kits

    with contextlib.closing(wiring.connect(settings)) as wired:
        wiring.make_missing_keys(settings)
        make = partial(
            kits.make_kit,
            actor=CONSOLE,
            repository=wired.backups,
            key_files=wiring.key_files(settings),
            passphrase=passphrase,
            repeated=repeated,
            now=datetime.now(UTC),
            session_id=None,
        )
        kit = wired.database.write(make, identity=SYSTEM).value
        sealed, is_text = kit.sealed(passphrase), path.suffix == ".txt"
        clinic = wiring.letterhead(settings)
        content = (
            sealed.encode() if is_text else kits.print_kit(kit, sealed, clinic=clinic)
        )
        write_new(path, content, of="The recovery kit")
        kits.note_kit(wired.backups, kit)
    act = "Keep it" if is_text else "Print it"
    return (
        f"{path} contains the keys of clinic {kit.system_id}, sealed with the "
        f"passphrase. {act} apart from the backups and from the passphrase, then "
        "delete the file."
    )


def prove_kit_file(settings: "Settings", file: Path) -> str:
    """Ask for a kit's passphrase and prove that it opens; return when it is due again.

    Raises what `prove_kit` raises, CannotRestore for a file that cannot be read, and
    NotRunning: who proved it, or tried to, is recorded in the clinic.
    """
    from dashboard import wiring
    from services.backups import kits
    from services.core.actor_database import ActorDatabase

    text = text_of_kit(file)
    passphrase = ask_passphrase("Passphrase of the recovery kit")
    with contextlib.closing(wiring.connect(settings)) as wired:
        prove = partial(
            kits.prove_kit,
            actor=CONSOLE,
            repository=wired.backups,
            key_files=wiring.key_files(settings),
            kit_text=text,
            passphrase=passphrase,
            now=datetime.now(UTC),
            session_id=None,
        )
        note = ActorDatabase(wired.database, CONSOLE).write(prove).value
        kits.note_proven(wired.backups, note)
    due = note.held_at + kits.PROVEN_EVERY
    return (
        f"The recovery kit of {note.made_at:%Y-%m-%d} opens, and so does the newest "
        f"backup with it. Prove it again by {due:%Y-%m-%d}."
    )


def text_of_kit(file: Path) -> str:
    """Return the text of a kit's file; raises CannotRestore."""
    from db.backups.backup_errors import CannotRestore
    from services.backups.kits import read_paper

    try:
        return read_paper(file.read_bytes())
    except OSError as error:
        raise CannotRestore(
            f"The recovery kit {file} cannot be read "
            f"({(error.strerror or str(error)).lower()}): name its file."
        ) from error


def _require_alone(out: Path | None) -> None:
    from db.backups.backup_errors import CannotBackUp

    if out is not None:
        raise CannotBackUp(
            "--prove makes no recovery kit: leave --out out. Nothing was done."
        )


def _require_embedded(settings: "Settings") -> None:
    from db.backups.backup_errors import CannotBackUp

    if not settings.is_embedded:
        raise CannotBackUp(
            "Chartroom only backs up servers that it starts itself, and a recovery "
            "kit opens those backups. With your own servers, keep copies of the key "
            "files apart."
        )

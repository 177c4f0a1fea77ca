"""Has the running clinic's worker keep an earlier time open to look around in."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dashboard.cli.clinic_clock import in_utc
from dashboard.cli.explaining import explain_interruption
from services.core.actors import CONSOLE

if TYPE_CHECKING:
    from db.settings import Settings
    from services.backups.looks import RestoreLook

_WATCH_SECONDS: Final = 1.0
_STILL_OPENED: Final = (
    "the worker opens it nevertheless, until an hour after somebody last looked. Close "
    "it on the page Backups."
)


def keep_open(settings: "Settings", to: datetime | None) -> Iterator[str]:
    """Open a time as the page does; yield its progress in sentences.

    Raises NotRunning, CannotRestore and the services' refusals.
    """
    from dashboard import wiring
    from db.backups.backup_errors import CannotRestore, NoBackup
    from db.postgres import SYSTEM
    from jobs.backups.routes import outside
    from services.backups import looks

    if to is None or not settings.is_embedded:
        raise CannotRestore(
            "--keep opens an earlier time of a running clinic whose servers Chartroom "
            "starts: name the time with --to. Nothing was touched."
        )
    with contextlib.closing(wiring.connect(settings)) as wired:
        log = wired.backup_reader.state(CONSOLE).log
        if not log.windows:
            raise NoBackup(settings.backups)
        if not any(to in window for window in log.windows):
            # The service's refusal is for the page, which shows the times.
            raise outside(to, log.windows)
        wired.database.write(
            lambda session: looks.request_look(session, CONSOLE, to, log),
            identity=SYSTEM,
        )
        yield "The worker is opening it: this takes as long as restoring the rows."

        def newest() -> "RestoreLook | None":
            return wired.database.read_latest(
                lambda session: looks.newest_look(session, CONSOLE), identity=SYSTEM
            ).value

        with explain_interruption(lambda: _STILL_OPENED):
            while (look := newest()) is not None and look.is_awaited:
                time.sleep(_WATCH_SECONDS)
    if look is None or look.closes_at is None:
        raise CannotRestore((look and look.failure) or "Somebody cancelled it.")
    until = look.closes_at.astimezone(UTC)
    yield (
        f"The clinic as of {in_utc(to)} is open until "
        f"{until:%H:%M} UTC, and longer while somebody uses it. Staff and clinicians "
        "find it as As it was, under More on a patient's page; patients who are no "
        "longer there are found at /past. Nothing live was touched."
    )

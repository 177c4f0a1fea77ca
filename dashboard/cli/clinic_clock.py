"""Times on the command line, by the clinic's clock."""

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from db.settings import Settings


def read_time(settings: "Settings", typed: str) -> datetime:
    """Return a typed time, in UTC; without a zone it is by the clinic's clock.

    Then the time in UTC is printed, as every later sentence has it. Raises
    CannotRestore for what is no time, or not one time only.
    """
    from db.backups.backup_errors import CannotRestore

    try:
        named = datetime.fromisoformat(typed)
        if named.tzinfo is not None:
            return named.astimezone(UTC)
        to = _only_time(typed, named.replace(tzinfo=ZoneInfo(settings.timezone)))
    except (ValueError, OverflowError) as error:
        raise CannotRestore(
            f"{typed} is not a time: write it like 2026-11-25T14:03:07."
        ) from error
    typer.echo(f"{typed} by the clinic's clock ({settings.timezone}) is {in_utc(to)}.")
    return to


def write_time(to: datetime, zone: tzinfo) -> str:
    """Return a time by the clinic's clock, and in UTC if that is another."""
    local, then = to.astimezone(zone), in_utc(to)
    if not local.utcoffset():
        return then
    return f"{local:%Y-%m-%d %H:%M:%S} {zone} ({then})"


def _only_time(typed: str, local: datetime) -> datetime:
    """Return the time in UTC that a clock showed once. Raises CannotRestore."""
    from db.backups.backup_errors import CannotRestore
    from services.backups.previews import hours_between

    hours = hours_between(local)
    if hours > 0:
        once, again = (local.replace(fold=fold) for fold in (0, 1))
        raise CannotRestore(
            f"{typed} occurred twice by the clinic's clock ({local.tzinfo}), because "
            f"clocks were set back: write {once.isoformat()} or {again.isoformat()}."
        )
    if hours < 0:
        raise CannotRestore(
            f"{typed} did not exist by the clinic's clock ({local.tzinfo}), because "
            "clocks were set forward."
        )
    return local.astimezone(UTC)


def in_utc(to: datetime) -> str:
    """Return a time by the clock of UTC."""
    return f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

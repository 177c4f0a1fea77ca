"""Times on the command line, by the clinic's clock."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import typer

from db.backups.backup_errors import CannotRestore
from db.settings import Settings


def read_time(settings: Settings, typed: str) -> datetime:
    """Return a typed time, in UTC; without a zone it is by the clinic's clock.

    Then the time in UTC is printed, as every later sentence has it. Raises
    CannotRestore for what is no time, or not one time only.
    """
    try:
        named = datetime.fromisoformat(typed)
    except ValueError as error:
        raise CannotRestore(
            f"{typed} is not a time: write it like 2026-11-25T14:03:07."
        ) from error
    if named.tzinfo is not None:
        return named.astimezone(UTC)
    to = _only_time(typed, named.replace(tzinfo=ZoneInfo(settings.timezone)))
    typer.echo(f"{typed} by the clinic's clock ({settings.timezone}) is {_in_utc(to)}.")
    return to


def write_time(to: datetime, zone: tzinfo) -> str:
    """Return a time by the clinic's clock, and in UTC if that is another."""
    local, in_utc = to.astimezone(zone), _in_utc(to)
    if not local.utcoffset():
        return in_utc
    return f"{local:%Y-%m-%d %H:%M:%S} {zone} ({in_utc})"


def _only_time(typed: str, local: datetime) -> datetime:
    """Return the time in UTC that a clock showed once. Raises CannotRestore."""
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first < second:
        once, again = (each.astimezone(local.tzinfo) for each in (first, second))
        raise CannotRestore(
            f"{typed} occurred twice by the clinic's clock ({local.tzinfo}), because "
            f"clocks were set back: write {once.isoformat()} or {again.isoformat()}."
        )
    if first > second:
        raise CannotRestore(
            f"{typed} did not exist by the clinic's clock ({local.tzinfo}), because "
            "clocks were set forward."
        )
    return first


def _in_utc(to: datetime) -> str:
    return f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

"""The command that lets this machine write into the copy of the backups."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose

if TYPE_CHECKING:
    from db.settings import Settings

group = typer.Typer()


@group.command()
def take_over_copy(data: Data = None) -> None:
    """Make this machine the only one that may write to the copy of the backups.

    For a clinic that was restored on another machine after the first one was lost.
    """
    with explain_errors():
        sentence = take_over(choose(data=data))
    typer.echo(sentence)


def take_over(settings: "Settings") -> str:
    """Take the copy over; raises CannotBackUp and StoreFailed."""
    from dashboard.wiring import copy_store_of
    from db.backups.backup_errors import CannotBackUp
    from db.backups.copies.object_store import StoreFailed
    from jobs.backups.copying import ownership

    store = copy_store_of(settings)
    if store is None:
        raise CannotBackUp(
            "There is no copy to take over: CHARTROOM_BACKUP_S3_URL is not set."
        )
    token = ownership.token_of(settings.data)
    try:
        before = ownership.take_over(store, token, datetime.now(UTC))
    except StoreFailed as error:
        raise CannotBackUp(str(error)) from error
    place = store.address.shown
    if before is None or ownership.is_of(before, token):
        return f"This machine already writes to {place}."
    return (
        f"From now on, this machine writes to {place}. The other one, which has done "
        f"so since {before.since:%Y-%m-%d %H:%M} UTC, is refused at its next round: "
        "make sure that it is off."
    )

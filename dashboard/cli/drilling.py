"""The command that practises disasters, on servers that may be broken."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose
from services.cluster.drill_kinds import DrillKind

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.settings import Settings

group = typer.Typer()


@group.command()
def drill(
    kind: Annotated[DrillKind, typer.Argument(help="The drill to run.")],
    record: Annotated[
        UUID | None,
        typer.Option(help="The id of this drill in the history; reports in JSON."),
    ] = None,
    data: Data = None,
) -> None:
    """Break something on purpose while programs work, and report what it cost."""
    with explain_errors():
        is_kept = practise(choose(data=data), kind, record, typer.echo)
    if not is_kept:
        raise typer.Exit(1)


def practise(
    settings: "Settings",
    kind: DrillKind,
    record: UUID | None,
    say: Callable[[str], None],
) -> bool:
    """Run a drill, reporting its course; return whether its promise was kept.

    With a `record`, the id of a drill that the history has as running, the lines are
    JSON. Raises NotRunning, CannotDrill and DrillRunning.
    """
    from dashboard import wiring
    from db.postgres import SYSTEM
    from jobs.cluster.practice import DrillTimeline, Practice
    from services.cluster import drills
    from services.core.actors import CONSOLE

    # Servers that do not answer are intended here: nobody needs to be warned of them.
    logging.getLogger().addHandler(logging.NullHandler())
    wired = wiring.connect(settings)
    try:
        require_breakable(wired)
        drill_id = (
            record
            or wired.database.write(
                lambda session: drills.begin(session, CONSOLE, kind, session_id=None),
                identity=SYSTEM,
            ).value
        )
        timeline = DrillTimeline(say, as_json=record is not None)
        practice = Practice(
            wired.database, wired.files, timeline, ZoneInfo(settings.timezone)
        )
        verdict = practice.run(kind, drill_id)
    finally:
        wired.close()
    return verdict is not None and verdict.state == "kept"


def require_breakable(wired: "Wiring") -> None:
    """Raise CannotDrill unless the servers are embedded, or named as a test's."""
    from sqlalchemy import text

    from jobs.cluster.practice import CannotDrill

    if wired.endpoints.control_url is not None:
        return
    allowed = wired.settings.test_cluster_name
    with wired.database.reading() as session:
        name = session.execute(text("SHOW cluster_name")).scalar_one()
    if not allowed or name != allowed:
        raise CannotDrill(
            "Drills break servers on purpose, so they only run on the embedded "
            "servers and on a test cluster: set CHARTROOM_TEST_CLUSTER_NAME to what "
            f'"SHOW cluster_name" says there (it says {name!r} here).'
        )

"""The worker: runs the tasks, and follows the primary wherever it goes."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from typing import Final

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException

from db.cluster.observing import Observer
from jobs.audit.shipping import shipping
from jobs.audit.spooled_events import draining_spool
from jobs.backups.ageing import BackupWatch
from jobs.backups.scheduling import backing_up
from jobs.backups.tools.tool_asking import asking
from jobs.backups.tools.tool_watch import ToolWatch
from jobs.cluster.availability import AvailabilityCounter, WebProbe
from jobs.cluster.sampling import sampling
from jobs.fhir.exporting import exporting
from jobs.worker.tasks import Stores, queue
from services.cluster.alerts import Post
from services.core.audit_without_primary import AuditSpool

_HEARTBEAT_SECONDS: Final = 5.0
_STALLED_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 8.0
_RETRY_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[App]:
    """Connect the queue; `database_url` always leads to the primary.

    It is always the same queue: its tasks know one app only, through which they are
    deferred again.
    """
    connector = PsycopgConnector(
        conninfo=database_url, min_size=1, max_size=5, timeout=10
    )
    with queue.replace_connector(connector) as app:
        async with app.open_async():
            yield app


def run(stores: Stores, observer: Observer, spool: AuditSpool) -> None:
    """Work until SIGTERM or SIGINT, which let a running task finish first."""
    sender = stores.sender
    post = Post(
        stores.mailer,
        sender.clinic,
        stores.address,
        stores.webhook_form,
        stores.translate,
    )
    with (
        shipping(stores.database, stores.audit),
        draining_spool(stores.database, spool),
        sampling(
            stores.database,
            observer,
            post,
            AvailabilityCounter(stores.availability_objective),
            WebProbe(stores.health_addresses),
            backups=_watch_of(stores),
        ),
        backing_up(stores.backups) if stores.backups else nullcontext(),
        _asking(stores),
        exporting(stores.exporter) if stores.exporter else nullcontext(),
    ):
        asyncio.run(_run(stores))


def _watch_of(stores: Stores) -> BackupWatch | ToolWatch | None:
    """Return the watch on the backups, whoever makes them."""
    if stores.backups is not None:
        return BackupWatch(stores.backups, stores.key_files)
    if stores.backup_tool is None:
        return None
    return ToolWatch(stores.backup_tool, is_practised=stores.tool_drills is not None)


def _asking(stores: Stores) -> AbstractContextManager[None]:
    if stores.backup_tool is None:
        return nullcontext()
    drills = stores.tool_drills
    return asking(stores.backup_tool, drills.run if drills else None)


async def _run(stores: Stores) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await work(stores, stopping)


async def work(stores: Stores, stopping: asyncio.Event) -> None:
    """Work until `stopping` is set, starting again whenever the primary changes.

    Procrastinate's worker ends when its connection dies; the next one connects to the
    new primary, and `retry_stalled` picks up what was left half done.
    """
    waiting = asyncio.create_task(stopping.wait())
    while not stopping.is_set():
        working = asyncio.create_task(_work_once(stores))
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            await _finish(working)
            return
        _log.warning("The worker lost the database; connecting again.")
        await asyncio.wait({waiting}, timeout=_RETRY_SECONDS)


async def _work_once(stores: Stores) -> None:
    # Nodes may have been added or removed since the last time.
    database_url = stores.database.endpoints.database_url
    try:
        async with connected(database_url) as app:
            await app.run_worker_async(
                install_signal_handlers=False,
                update_heartbeat_interval=_HEARTBEAT_SECONDS,
                stalled_worker_timeout=_STALLED_SECONDS,
                shutdown_graceful_timeout=_STOP_SECONDS,
                additional_context={"stores": stores},
            )
    except (ProcrastinateException, psycopg.Error, OSError) as error:
        # Only the kind of error: its message may quote a statement's values.
        _log.warning("The worker stopped: %s.", type(error).__name__)


async def _finish(working: "asyncio.Task[None]") -> None:
    """Ask the worker to stop; cancelling is procrastinate's way to stop gracefully."""
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working

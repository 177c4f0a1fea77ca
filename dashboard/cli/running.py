"""Commands that start parts of Chartroom, and what they need."""

import dataclasses
import json
import logging
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, Host, Https, Port, Servers, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from dashboard.wiring import Wiring
    from db.backups.notes import Proof
    from db.settings import Settings
    from jobs.analytics.mailing import AnalystMailing
    from jobs.backups.copying.copy_keeping import CopyKeeper
    from jobs.backups.drills.scheduling import RestoreDriller
    from jobs.backups.scheduling import BackupScheduler
    from jobs.backups.tools.tool_asking import ToolAsker
    from jobs.fhir.exporting import BulkExporter
    from jobs.worker.tasks import Stores
    from services.core.sentences import Translate
    from services.fhir.bulk_exports.model import BulkSource
    from services.lists.criteria import Criteria

group = typer.Typer()


@group.command()
def serve(  # noqa: PLR0917 - each is an option, and none is positional
    host: Host = None,
    port: Port = None,
    data: Data = None,
    servers: Servers = None,
    https: Https = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Leave an empty database empty.")
    ] = False,
) -> None:
    """Start databases, web server and worker; run until Ctrl-C."""
    with explain_errors():
        settings = choose(host=host, port=port, data=data, servers=servers, https=https)
        from dashboard.cli.launching import launcher
        from dashboard.cli.launching.stages import outliving

        launcher.serve(settings, empty=empty, say=outliving(typer.echo))


@group.command()
def reload(data: Data = None) -> None:
    """Replace the web processes one by one, without interrupting anybody."""
    with explain_errors():
        settings = choose(data=data)
        from dashboard.cli import reloading

        reloading.ask(settings, say=typer.echo)


@group.command(hidden=True)
def front(servers: Servers = None, data: Data = None) -> None:
    """Run the front before the web processes; started by the launcher."""
    with explain_errors():
        settings = choose(data=data)
        from dashboard.cli.launching import children
        from dashboard.cli.launching.web_processes import names_of
        from dashboard.web.front import caddy

        children.end_with_parent()
        children.attend()
        caddy.exec_caddy(settings, names_of(servers or 1))


@group.command()
def web(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    socket: Annotated[
        Path | None,
        typer.Option(
            help="Listen on this socket, for the front, and not on a port.",
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Serve pages and API for databases that are already running."""
    with explain_errors():
        settings = choose(host=host, port=port, data=data)
        from dashboard.cli.launching import children

        if not children.is_attended():
            _require_servers(settings, socket)
        # The server is imported before the launcher's signal is awaited: that takes
        # seconds in which the databases start.
        from dashboard.web import server  # noqa: F401

        children.attend()
        serve_pages(settings, socket)


def _require_servers(settings: "Settings", socket: Path | None) -> None:
    """Raise NotRunning or CannotServe at once, not after the server is imported."""
    from dashboard import wiring
    from dashboard.web.startup_checks import require_address, require_folder

    wiring.endpoints_of(settings)
    if socket is None:
        require_address(settings.host, settings.port)
    else:
        require_folder(socket.parent)


def serve_pages(settings: "Settings", socket: Path | None = None) -> None:
    """Serve pages and API until SIGTERM; raises CannotServe."""
    from dashboard.web import server
    from dashboard.web.log import json_log

    json_log.configure()
    server.run(settings, socket=socket)


@group.command()
def worker(data: Data = None) -> None:
    """Run the background jobs."""
    with explain_errors():
        settings = choose(data=data)
        from dashboard.cli.launching import children

        children.attend()
        work(settings)


def work(settings: "Settings") -> None:
    """Do the background work until SIGTERM."""
    from dashboard import wiring
    from dashboard.web.log import json_log
    from dashboard.web.startup_checks import require_file_keys, require_safe_mongo
    from db.postgres import DatabaseUnavailable, clock_rules
    from jobs.cluster import planned_operations
    from jobs.worker import worker as working

    json_log.configure()
    require_file_keys(settings)
    require_safe_mongo(settings)
    wired = wiring.connect(settings)
    stores = _stores_of(settings, wired)
    with suppress(DatabaseUnavailable):
        if warning := clock_rules.warning(wired.database, settings.timezone):
            logging.getLogger(__name__).warning(warning)
    try:
        with (
            planned_operations.making_planned(wired.runner),
            _demo_papers(wired) if settings.is_demo else nullcontext(),
        ):
            working.run(stores, wired.monitor.observer, wired.audit_spool)
    finally:
        wired.close()


def _stores_of(settings: "Settings", wired: "Wiring") -> "Stores":
    """Return what the worker's tasks work with."""
    from dashboard import wiring
    from dashboard.cli.reports import report_mailing_of
    from dashboard.web.installation_key import signing_key
    from dashboard.web.link_signing import visit_links_of
    from dashboard.web.mail_sender import sender_of
    from dashboard.web.public_address import public_address
    from jobs.backups.erasing.purged_bytes import BackupErasure
    from jobs.worker.tasks import Stores
    from services.messaging import mail
    from services.people import sessions

    asker = _tool_asker(wired)
    return Stores(
        wired.database,
        wired.files,
        wired.audit,
        wired.seal_keys,
        sessions.limits_of(settings),
        mail.mailer_of(settings),
        public_address(settings),
        wired.inspector,
        wired.scanner,
        dataclasses.replace(
            sender_of(settings), links=visit_links_of(signing_key(settings))
        ),
        settings.mail_about_documents,
        wiring.calendar(settings),
        settings.alert_webhook_form,
        settings.health_addresses,
        settings.availability_objective / 100,
        _backups(wired) if settings.is_embedded else None,
        wiring.key_files(settings),
        BackupErasure(wired.backups, wired.file_keys, settings.data)
        if settings.is_embedded
        else None,
        _exporter(wired),
        _analyst_mailing(settings),
        report_mailing_of(wired),
        backup_tool=asker,
        tool_drills=_tool_drills(wired, asker),
        translate=_translate_to(settings.language),
    )


def _exporter(wired: "Wiring") -> "BulkExporter":
    """Return the maker of bulk exports; their resources are those of FHIR searches."""
    from jobs.fhir.exporting import BulkExporter

    def sources() -> "Mapping[str, BulkSource]":
        # It brings FastAPI, for which a worker has no other use.
        from api.fhir.table import BULK_SOURCES

        return BULK_SOURCES

    return BulkExporter(
        wired.database,
        wired.files,
        sources,
        lambda: datetime.now(ZoneInfo(wired.settings.timezone)),
    )


def _translate_to(usual: str) -> "Translate":
    """Return what writes about servers in a language, or the clinic's usual one."""

    def translate(language: str | None, sentence: str) -> str:
        # The catalogues come with all the code that draws pages, for which a worker
        # that writes English has no use.
        if (language or usual) == "en":
            return sentence
        from dashboard.ui.language.recorded_sentences import recorded_in

        return recorded_in(language, sentence, usual=usual)

    return translate


def _analyst_mailing(settings: "Settings") -> "AnalystMailing":
    """Return what mails dashboards, and watches counts."""
    from dashboard import wiring
    from dashboard.web.public_address import public_address
    from jobs.analytics.mailing import AnalystMailing
    from services.analytics.subscriptions import MailSender
    from services.documents.forms import Wording

    def wording(language: str | None) -> Wording:
        # The catalogues come with all the code that draws pages, for which a worker
        # that makes no PDF has no use.
        from dashboard.ui.language.papers import wording_in

        return wording_in(language, settings.language)

    def criteria(language: str, of_list: "Criteria") -> str:
        from dashboard.web.languages import list_in_words

        return list_in_words(language, of_list)

    return AnalystMailing(
        wiring.letterhead(settings),
        MailSender(settings.clinic_name, public_address(settings)),
        settings.smallest_group,
        lambda: datetime.now(ZoneInfo(settings.timezone)),
        sends_dashboards=bool(settings.dashboards_by_mail),
        watches_counts=bool(settings.count_alerts),
        wording=wording,
        criteria=criteria,
    )


def _tool_asker(wired: "Wiring") -> "ToolAsker | None":
    """Return what asks the clinic's backup tool; None if the settings name none."""
    tool = wired.settings.own_backup_tool
    if tool is None:
        return None
    from jobs.backups.tools.tool_asking import ToolAsker

    return ToolAsker(wired.database, tool)


def _tool_drills(wired: "Wiring", asker: "ToolAsker | None") -> "RestoreDriller | None":
    """Return the driller of that tool's restores; None if it has no sandbox to use."""
    settings = wired.settings
    if asker is None or settings.backup_tool_sandbox is None:
        return None
    from jobs.backups.drills.scheduling import DrillPlan, RestoreDriller
    from jobs.backups.tools.tool_drills import ToolBackups
    from jobs.backups.tools.tool_practice import ToolPractice
    from services.documents.point_in_time import EarlierFiles

    folder = settings.backup_tool_sandbox.expanduser().resolve()
    practice = ToolPractice(
        asker.tool,
        folder,
        wired.database,
        settings.external_endpoints(),
        EarlierFiles(wired.files, wired.backups, wired.file_keys),
        wired.audit,
        wired.seal_keys.read_or_make,
    )
    return RestoreDriller(
        wired.database,
        ToolBackups(asker, folder),
        practice.practise,
        DrillPlan(settings.backup_drill_interval),
    )


def _backups(wired: "Wiring") -> "BackupScheduler":
    """Return the scheduler of backups of the data folder, as the settings have it."""
    from dashboard.cli.backups import back_up
    from db.backups.sandbox import discard_abandoned
    from db.embedded import DataFolder
    from jobs.backups.log_keeping import LogKeeper
    from jobs.backups.open_looks.look_keeper import LookKeeper
    from jobs.backups.open_looks.opening_looks import LookSource
    from jobs.backups.previewing import RestorePreviewer, preview
    from jobs.backups.scheduling import BackupPlan, BackupScheduler
    from jobs.backups.taking import pace_beside_people

    settings, repository = wired.settings, wired.backups
    plan = BackupPlan(
        settings.backup_interval, timedelta(days=settings.backup_kept_days)
    )
    return BackupScheduler(
        wired.database,
        repository,
        wired.file_keys,
        lambda: back_up(
            wired,
            repository,
            pace=pace_beside_people(settings.backup_work_percent, plan.every),
        ),
        plan,
        log=LogKeeper(
            settings.data,
            wired.files,
            repository,
            wired.file_keys,
            audit=wired.audit,
            is_wanted=plan.every is not None,
        ),
        previewer=RestorePreviewer(
            wired.database,
            lambda to: preview(
                settings.data, wired.database, repository, wired.file_keys, to
            ),
        ),
        looks=LookKeeper(
            wired.database,
            LookSource(
                DataFolder(settings.data),
                repository,
                wired.file_keys,
                wired.seal_keys.read_or_make,
                wired.database,
                wired.audit,
            ).opened,
        ),
        driller=_restore_drills(wired, is_wanted=bool(plan.every)),
        copy=_copy(wired),
        tidy=lambda: discard_abandoned(DataFolder(settings.data)),
    )


def _restore_drills(wired: "Wiring", *, is_wanted: bool) -> "RestoreDriller":
    """Return the driller of restores of the data folder and of its copy elsewhere."""
    from dashboard.cli.backups import source_of
    from jobs.backups.drills.practising import practise
    from jobs.backups.drills.scheduling import (
        COPY_AGAIN_AFTER,
        DrillPlan,
        RestoreDriller,
    )

    settings = wired.settings
    return RestoreDriller(
        wired.database,
        wired.backups,
        lambda stopping: practise(
            source_of(wired),
            wired.backups,
            wired.seal_keys.read_or_make(),
            stopping=stopping,
        ),
        DrillPlan(settings.backup_drill_interval if is_wanted else None),
        practise_copy=_copy_practice(wired),
        copy_plan=DrillPlan(
            settings.backup_copy_drill_interval if is_wanted else None,
            again_after=COPY_AGAIN_AFTER,
        ),
    )


def _copy_practice(wired: "Wiring") -> "Callable[[Event], Proof] | None":
    """Return the drill of restores from the copy; None if there is no copy."""
    from dashboard.cli.backups import source_of
    from dashboard.wiring import copy_store_of

    store = copy_store_of(wired.settings)
    if store is None:
        return None

    def practise(stopping: "Event") -> "Proof":
        from jobs.backups.drills.practising_copy import CopyPractice

        keys = wired.seal_keys.read_or_make()
        practice = CopyPractice(source_of(wired), wired.backups, store, keys)
        return practice.practise(stopping)

    return practise


def _copy(wired: "Wiring") -> "CopyKeeper | None":
    """Return what copies the backups elsewhere; None if the settings name no place."""
    from dashboard.wiring import copy_store_of

    store = copy_store_of(wired.settings)
    if store is None:
        return None
    from jobs.backups.copying.copy_keeping import CopyKeeper
    from jobs.backups.copying.uploading import RepositoryCopy

    kept = timedelta(days=wired.settings.backup_kept_days)
    return CopyKeeper(
        RepositoryCopy(
            wired.backups,
            wired.file_keys,
            store,
            kept,
            full_every=wired.settings.backup_full_interval or timedelta(),
            data=wired.settings.data,
        )
    )


def _demo_papers(wired: "Wiring") -> AbstractContextManager[None]:
    """File the demo's papers in the background, if its past was invented."""
    from jobs.documents import demo_papers
    from services.demo.history.papers import Papers

    zone = ZoneInfo(wired.settings.timezone)
    return demo_papers.filing(Papers(wired.database, wired.ingest, wired.issuer, zone))


@group.command()
def migrate(data: Data = None) -> None:
    """Migrate the database to the newest schema."""
    with explain_errors():
        settings = choose(data=data)
        from dashboard import wiring
        from db import schema

        with wiring.attached(settings, may_create=True) as wired:
            schema.bring_up_to_date(wired.endpoints)
        typer.echo("The database has the newest schema.")


@group.command()
def endpoints(data: Data = None) -> None:
    """Print the addresses of the running databases, passwords included, as JSON."""
    with explain_errors():
        settings = choose(data=data)
        from dashboard import wiring

        where = wiring.connect(settings)
        where.close()
        typer.echo(json.dumps(dataclasses.asdict(where.endpoints), indent=2))

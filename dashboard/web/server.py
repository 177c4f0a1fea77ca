"""The web server: pages, API and sign-in behind one gate, in one process."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import uvicorn
from anyio import to_thread
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.starlette import App
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.application import create_api, serves
from api.core.dependencies import DocumentServices, Stores, VisitServices
from dashboard import wiring
from dashboard.navigation import places_for
from dashboard.sign_in import routing
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language.papers import wording_in
from dashboard.web import forged_values, uploaded_files, warming
from dashboard.web.front import sockets as front_sockets
from dashboard.web.gate.middleware import (
    SESSION_HEADER,
    USER_HEADER,
    Gate,
    allowed_hosts,
)
from dashboard.web.gate.open_pages import PageLimits
from dashboard.web.gate.unknown_pages import UnknownPages
from dashboard.web.gate.unread_bodies import UnreadBodies
from dashboard.web.installation_key import derive, signing_key
from dashboard.web.link_signing import signer_of
from dashboard.web.log import json_log
from dashboard.web.log.request_log import RequestLog
from dashboard.web.public_address import public_address
from dashboard.web.security_headers import SecurityHeaders
from dashboard.web.sessions import (
    message_batches,
    resuming,
    session_watch,
    superseded_runs,
)
from dashboard.web.sessions.identity import Identity
from dashboard.web.sessions.live_sessions import LiveSessions
from dashboard.web.sessions.session_watch import Places, WatchedPages, create_watch
from dashboard.web.startup_checks import (
    require_file_keys,
    require_safe_mongo,
    require_sign_in,
)
from dashboard.web.static_assets import StaticAssets
from dashboard.web.uploads.upload_gate import UploadGate
from dashboard.web.uploads.upload_quota import UploadLimits
from dashboard.wiring import Wiring
from db.open_files import allow_open_files
from db.settings import Settings
from jobs.audit.spooled_events import draining_spool
from services.core.throttling import CallLimits
from services.people import sessions
from services.people.connected_systems import SystemKeys

SCRIPT: Final = Path(__file__).parents[1] / "app.py"

# Handlers of the API wait for the database in threads; the pools limit its load.
_THREADS: Final = 64
_WEBSOCKET_PING_SECONDS: Final = 20
# Longer than programs and proxies keep a connection (nginx 60 s, HTTPX 5 s): if both
# sides close at the same time, a request is lost that nobody may resend unasked.
_KEEP_ALIVE_SECONDS: Final = 75
_GRACE_SECONDS: Final = 5
# When the front itself is stopped, it ends the requests; when only this process is
# replaced, running uploads and downloads may finish.
_DRAIN_SECONDS: Final = 60
_MEGABYTE: Final = 1_000_000


def create_app(
    settings: Settings,
    *,
    script: Path = SCRIPT,
    is_behind_front: bool = False,
) -> ASGIApp:
    """Return the whole server as one ASGI application; raises CannotServe.

    Behind our front nobody else can connect, and the front says who asks.
    """
    require_sign_in(settings)
    require_file_keys(settings)
    require_safe_mongo(settings)
    json_log.omit_exception_messages()
    key = signing_key(settings)
    _configure_streamlit(key, settings.reconnect_seconds)
    _adapt_streamlit()
    wired = wiring.connect(settings)
    wiring.use(wired)
    live = LiveSessions(wired.database, sessions.limits_of(settings))
    identity = Identity(wired.database, live)
    context = SignInContext.of(
        settings, wired.database, identity, wired.throttle, key, files=wired.files
    )
    app = App(script, lifespan=_lifespan(wired, live, (context.close, wired.close)))
    places = partial(places_for, usual_order=settings.name_order)
    dispatch = Dispatch(
        pages=_pages(settings, app, places),
        api=create_api(
            _stores(wired, context, key),
            metrics_token=_secret(settings.metrics_token),
            cors_origins=settings.cors_origins,
        ),
        watch=create_watch(
            wired.database,
            live,
            site=wired.site,
            key=derive(key, "typed"),
            places=places,
            language=settings.language,
        ),
        sign_in=routing.create_sign_in(context),
    )
    gate = Gate(
        dispatch,
        live,
        hosts=allowed_hosts(
            settings.host, settings.allowed_hosts, public_url=settings.public_url
        ),
        is_api_path=serves,
        page_limits=PageLimits(settings.pages_per_sign_in, settings.pages_per_network),
        disks=wired.disks,
        cors_origins=settings.cors_origins,
        language=settings.language,
    )
    logged = SecurityHeaders(RequestLog(gate))
    whole = UnreadBodies(logged, answers_first=not is_behind_front)
    return _behind(("*",) if is_behind_front else settings.trusted_proxies, whole)


def _pages(settings: Settings, app: App, places: Places) -> ASGIApp:
    """Return Streamlit's pages, their files and uploads, and the page for others."""
    uploads = UploadGate(
        app,
        UploadLimits.of_megabytes(
            settings.upload_megabytes_per_sign_in, settings.upload_megabytes
        ),
        settings.language,
    )
    pages = StaticAssets(WatchedPages(uploads, places, settings.language))
    pages.warm_up()
    return UnknownPages(pages, settings.language)


def _stores(wired: Wiring, context: SignInContext, key: str) -> Stores:
    """Return the servers that the pages use, as the API knows them."""
    settings = wired.settings
    copies = wiring.copy_store_of(settings)
    return Stores(
        wired.database,
        wired.files,
        wired.audit,
        CallLimits(wired.throttle, settings.api_calls_per_minute),
        DocumentServices(
            wired.ingest,
            wired.inspector,
            wired.document_lists,
            signer_of(key),
            wiring.letterhead(settings),
            public_address(settings),
            VisitServices(
                wired.visit_caches,
                settings.cancellation_hours,
                wiring.calendar(settings),
                context.public_booking,
            ),
            wording=partial(wording_in, usual=settings.language),
        ),
        wired.monitor,
        wired.runner,
        _clock(settings),
        spool=wired.audit_spool,
        disks=wired.disks,
        site=wired.site,
        statements=wired.statements,
        backups=wired.backup_reader if settings.is_embedded else None,
        copy_place=copies.address.shown if copies else None,
        backup_tool=settings.backup_tool,
        smallest_group=settings.smallest_group,
        system_keys=SystemKeys(settings.jwks_hosts),
    )


def run(
    settings: Settings, *, script: Path = SCRIPT, socket: Path | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, at a socket for the front if one is given."""
    allow_open_files()
    app = create_app(settings, script=script, is_behind_front=socket is not None)
    json_log.adopt()
    config = _config(app, settings)
    server = uvicorn.Server(config) if socket is None else SocketServer(config, socket)
    server.run()
    if not server.started:
        raise SystemExit(1)


class SocketServer(uvicorn.Server):
    """A server that takes over a path from its predecessor as soon as it answers."""

    def __init__(self, config: uvicorn.Config, path: Path) -> None:
        config.timeout_graceful_shutdown = _DRAIN_SECONDS
        super().__init__(config)
        self._path = path

    async def startup(self, sockets: Any = None) -> None:
        """Begin to answer, then have new connections come here."""
        del sockets
        await super().startup([front_sockets.bind(self._path)])
        front_sockets.publish(self._path)


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        # Uvicorn describes the same messages in types of its own.
        cast("Any", app),
        host=settings.host,
        port=settings.port,
        # Uvicorn's own log would contain query strings; ours does not.
        access_log=False,
        log_config=None,
        server_header=False,
        # Only the proxies in CHARTROOM_TRUSTED_PROXIES are believed: see create_app.
        proxy_headers=False,
        ws="websockets-sansio",
        ws_ping_interval=_WEBSOCKET_PING_SECONDS,
        ws_ping_timeout=_WEBSOCKET_PING_SECONDS,
        ws_max_size=config.get_option("server.maxMessageSize") * _MEGABYTE,
        # Pages are small and mostly local; compressing each message costs more.
        ws_per_message_deflate=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


class Dispatch:
    """Hands each request to the part that answers it.

    Not routes of Streamlit's app: its page for unknown paths would answer for a wrong
    method or a misspelt path of the API.
    """

    def __init__(
        self, *, pages: ASGIApp, api: ASGIApp, watch: ASGIApp, sign_in: ASGIApp
    ) -> None:
        self._pages = pages
        self._api = api
        self._watch = watch
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the API, the sign-in or the pages."""
        await self._part(scope)(scope, receive, send)

    def _part(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "lifespan":
            return self._pages
        if session_watch.serves(scope["path"]):
            return self._watch
        if scope["type"] == "websocket":
            return self._pages
        if serves(scope["path"]):
            return self._api
        return self._sign_in if routing.serves(scope["path"]) else self._pages


def _configure_streamlit(key: str, reconnect_seconds: int) -> None:
    """Set the options that safety depends on, whatever config.toml or variables say."""
    for name, value in {
        "server.trustedUserHeaders": {USER_HEADER: "uid", SESSION_HEADER: "sid"},
        # Other web processes must accept the uploads of pages that this one sent.
        "server.cookieSecret": derive(key, "streamlit"),
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        # The gate, the front and links know the pages below / only.
        "server.baseUrlPath": "",
        "server.disconnectedSessionTTL": reconnect_seconds,
        "client.showErrorDetails": "none",
        # Rich prints tracebacks with values, past every log's format.
        "logger.enableRich": False,
        "browser.gatherUsageStats": False,
        "server.fileWatcherType": "none",
        "global.developmentMode": False,
    }.items():
        config.set_option(name, value)


def _adapt_streamlit() -> None:
    """Change what Streamlit does for each page, file, click and message."""
    uploaded_files.share_bytes()
    forged_values.drop_forged_values()
    resuming.draw_before_clicks()
    superseded_runs.keep_next_click()
    message_batches.send_at_once()
    warming.read_theme_once()
    warming.read_config_once()
    warming.send_page_list_once()
    warming.skip_component_search()


def _lifespan(
    wired: Wiring, live: LiveSessions, closing: Sequence[Callable[[], None]]
) -> Callable[[App], Any]:
    @asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        del app
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        warming.freeze_loaded()
        with ExitStack() as held:
            held.enter_context(draining_spool(wired.database, wired.audit_spool))
            if (main := wired.main_database) is not None:
                # Reads here are recorded without waiting until this site leads.
                may = partial(getattr, wired, "may_write_elsewhere")
                held.enter_context(draining_spool(main, wired.audit_spool, may=may))
            async with live.watching(), warming.collecting():
                yield
        for close in closing:
            close()

    return lifespan


def _behind(proxies: Collection[str], app: ASGIApp) -> ASGIApp:
    """Take the client's address and scheme from the proxies, if there are any."""
    if not proxies:
        return app
    # Uvicorn describes the same messages in types of its own.
    behind: Any = ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=list(proxies))
    return cast("ASGIApp", behind)


def _secret(setting: SecretStr | None) -> str | None:
    return setting.get_secret_value() if setting else None


def _clock(settings: Settings) -> Callable[[], datetime]:
    zone = ZoneInfo(settings.timezone)
    return lambda: datetime.now(zone)

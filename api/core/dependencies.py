"""What every route may depend on: the caller, and the databases in their name."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated, Final, NoReturn, TypeVar, get_args, get_origin
from uuid import UUID

from fastapi import BackgroundTasks, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy.orm import Session

from api.core.answers import BYTE_ORDER_MARK, LSN_HEADER
from api.core.bearers import (
    Bearers,
    require_export_of,
    require_in_scope,
    require_type,
)
from api.core.exports import ListExport, ListExports
from api.core.origins import SAFE_METHODS, is_same_origin, network_of, origin_of
from api.core.outcomes import is_fhir
from db.cluster.observing import ClusterMonitor
from db.cluster.site_position import SiteReader
from db.cluster.statements import StatementReader
from db.disk_space import DiskSpace
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from db.postgres import ANONYMOUS, Database, DatabaseUnavailable, Lsn, Read, WriteResult
from services.backups import BackupReader
from services.cluster.operations import (
    OperationRequest,
    OperationRunner,
    RunningOperation,
)
from services.core import audit
from services.core.actor_database import ActorDatabase, Begun, record_or_spool
from services.core.actors import Actor, Permission
from services.core.audit import Action, Origin
from services.core.audit_without_primary import EventSpool
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.core.throttling import CallLimits, LimitReached
from services.documents.forms import ENGLISH, Clinic, Wording
from services.documents.records.ingest import DocumentIngest
from services.documents.search.cache import CachedPage, DocumentListCache
from services.documents.sharing.links import LinkSigner
from services.lists.criteria import Criteria
from services.lists.pages import PagePosition
from services.pdf.inspecting import PdfInspector
from services.pdf.kept_files import KeptFiles, KeptPictures, PagesSeen
from services.people import accounts, tokens
from services.people.connected_systems import SystemKeys
from services.people.tokens import Bearer, ResourceScopes
from services.visits.figures.caches import VisitCaches
from services.visits.schedule.plans import HORIZON, Calendar

T = TypeVar("T")

# Only documents the scheme for OpenAPI: it answers 403 where 401 is due.
_bearer: Final = HTTPBearer(
    auto_error=False,
    description="From the page Tokens, or from python -m dashboard token.",
)
CHALLENGE: Final = 'Bearer realm="Chartroom"'
# The middleware puts the signed-in person here; a client cannot set it.
SIGNED_IN: Final = "chartroom.user"
# Next to it, the whole sign-in: a services.people.sessions.Live.
SESSION: Final = "chartroom.session"
# True for a request that a proxy has forwarded, whichever proxy.
FORWARDED: Final = "chartroom.forwarded"
LSN_PARAMETER: Final = "after_lsn"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
# The statuses of calls that create something, or begin it.
_CREATING: Final = frozenset({201, 202})
# The types of parameters that may be repeated.
_SEVERAL: Final = frozenset({list, tuple})
_UNKNOWN_TOKEN: Final = "The bearer token is unknown, expired or revoked."  # noqa: S105


@dataclass(frozen=True, slots=True)
class PublicBooking:
    """What a server needs where everybody may book without signing in.

    `key` is what codes are hashed with; `send_code` sends a code to an address.
    """

    key: str
    send_code: Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class VisitServices:
    """What routes need of doctors and slots, and how late patients may still cancel.

    `calendar` has the clock by which doctors work, and the number of days for which
    slots are made. `public` is None unless the clinic lets people book who are not yet
    patients.
    """

    caches: VisitCaches
    notice_hours: float
    calendar: Calendar = HORIZON
    public: PublicBooking | None = None


def _english(_: str | None) -> Wording:
    return ENGLISH


@dataclass(frozen=True, slots=True)
class DocumentServices:
    """What routes need of documents: to take them in, list, show and share them.

    `clinic` is named at the head of papers made here, and `address` is where people
    sign in. `visits` is for the routes of visits. `wording` returns the texts of papers
    in a language, or for None in the clinic's own, in which its work is.
    """

    ingest: DocumentIngest
    inspector: PdfInspector
    lists: DocumentListCache
    links: LinkSigner
    clinic: Clinic
    address: str
    visits: VisitServices
    kept: KeptFiles = field(default_factory=KeptFiles)
    thumbnails: KeptPictures = field(default_factory=KeptPictures)
    seen: PagesSeen = field(default_factory=PagesSeen)
    wording: Callable[[str | None], Wording] = _english


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one server, with its monitor, its runner and the clinic's clock.

    While there is no primary, records of what is read are kept in the spool; without a
    spool, nothing is shown then. Where one of the disks is full, callers that have to
    wait for it are told so.
    """

    database: Database
    files: FileStore
    audit: AuditStore
    limits: CallLimits
    papers: DocumentServices
    monitor: ClusterMonitor
    runner: OperationRunner
    now: Callable[[], datetime]
    spool: EventSpool | None = None
    disks: DiskSpace | None = None
    # Knows how far a standby site's data reaches.
    site: SiteReader | None = None
    statements: StatementReader | None = None
    backups: BackupReader | None = None
    # Where the copy of the backups is, if one is kept elsewhere.
    copy_place: str | None = None
    # The name of the clinic's own backup tool in the database, if it has one.
    backup_tool: str | None = None
    # The smallest number of patients that a count of a cohort shows.
    smallest_group: int = 5
    exports: ListExports = field(default_factory=ListExports)
    bearers: Bearers = field(default_factory=Bearers)
    system_keys: SystemKeys = field(default_factory=SystemKeys)

    def today(self) -> date:
        """Return today by the clinic's clock."""
        return self.now().date()


@dataclass(frozen=True, slots=True)
class Caller:
    """A known caller, whose reads are at least as new as the position `after`.

    A program's has its token. For a connected system it also has what its token opens,
    the purpose of its exports, and whether it may export its own groups only.
    """

    actor: Actor
    stores: Stores
    after: Lsn | None
    origin: Origin
    uses_browser: bool = False
    resource_scopes: ResourceScopes | None = None
    export_purpose: str | None = None
    is_limited_to_groups: bool = False
    token_id: UUID | None = None

    @property
    def csv_mark(self) -> str:
        """What CSV begins with, so that a person's spreadsheet reads its umlauts."""
        return BYTE_ORDER_MARK if self.uses_browser else ""

    def read(self, operation: Callable[[Session], T]) -> Read[T]:
        """Run the operation on a node that has the caller's own writes."""
        return self._on_behalf().read(operation, after=self.after)

    def read_ahead(
        self, operation: Callable[[Session], T], begin: Callable[[T], Begun]
    ) -> tuple[Read[T], Begun]:
        """Read, and begin to use the result while the read is being recorded."""
        return self._on_behalf().read_ahead(operation, begin, after=self.after)

    def look(self, criteria: Criteria, at: PagePosition) -> Read[CachedPage]:
        """Return a page of a list of documents, possibly from this process's cache."""
        return self.stores.papers.lists.look(
            self._on_behalf(),
            criteria,
            at,
            now=self.stores.now(),
            is_counted=False,
            after=self.after,
        )

    def read_cached(
        self, look: Callable[[ActorDatabase, Lsn | None], Read[T]]
    ) -> Read[T]:
        """Return what may be cached for all who see the same, in the caller's name."""
        return look(self._on_behalf(), self.after)

    def write(
        self, operation: Callable[[Session], T], *, key: UUID | None = None
    ) -> WriteResult[T]:
        """Run the operation on the primary; with a key, exactly once."""
        return self._on_behalf().write(operation, key=key)

    def export(
        self,
        operation: Callable[[Session], Iterator[str | bytes]],
    ) -> ListExport:
        """Begin to read a list in one transaction; raises TooOften, Unavailable."""
        return self.stores.exports.begin(
            self.actor.id,
            lambda: self._on_behalf().stream(operation, after=self.after),
            mark=self.csv_mark,
        )

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless the caller has the permission."""
        self._on_behalf().require(permission)

    def require_type(self, name: str) -> None:
        """Raise NotAllowed unless the caller may read FHIR resources of the type."""
        require_type(self.resource_scopes, name)

    def require_export_of(self, name: str) -> None:
        """Raise NotAllowed unless the caller may export resources of the type."""
        require_export_of(self.resource_scopes, name)

    def may_read_type(self, name: str) -> bool:
        """Return whether the token allows reading FHIR resources of the type."""
        scopes = self.resource_scopes
        return scopes is None or scopes.allows(name, "r")

    def refuse(self, refusal: NotAllowed) -> NoReturn:
        """Raise a refusal, and record it."""
        with self._on_behalf().recording_refusals():
            raise refusal

    def rehearse_on_servers(self, order: OperationRequest) -> None:
        """Refuse what `act_on_servers` would refuse; nothing is started."""
        self.stores.runner.rehearse_for(self._on_behalf(), order)

    def act_on_servers(
        self, order: OperationRequest
    ) -> RunningOperation | WriteResult[UUID]:
        """Start an operation on the servers; return only its id if it is scheduled."""
        runner, who = self.stores.runner, self._on_behalf()
        order = replace(order, token_id=self.token_id)
        if order.scheduled_at:
            return runner.plan(who, order, session_id=None)
        run = runner.start(who, order, session_id=None)
        assert run is not None  # noqa: S101 (it is not planned)
        return run

    def count_begun_upload(self) -> None:
        """Count an upload in parts that the caller begins; raises LimitReached."""
        throttle = self.stores.limits.throttle
        self._on_behalf().count_upload(throttle, is_begun=True)

    def counting_upload(self) -> AbstractContextManager[None]:
        """Count a file that the caller files inside; raises LimitReached.

        One that is refused counts as sent, and not as filed.
        """
        return self._on_behalf().counting_upload(self.stores.limits.throttle)

    def _on_behalf(self) -> ActorDatabase:
        stores = self.stores
        return ActorDatabase(stores.database, self.actor, self.origin, stores.spool)


def stores_of(request: Request) -> Stores:
    """Return the stores of the server that answers."""
    stores: Stores = request.app.state.stores
    return stores


async def program(
    request: Request, later: BackgroundTasks, _: Annotated[object, Depends(_bearer)]
) -> Caller:
    """Return the program that the bearer token belongs to, or answer 401 or 429.

    Answers 400 to a parameter that the route does not read.
    """
    caller = await _find_program(request, later)
    require_known_parameters(request)
    return caller


async def _find_program(request: Request, later: BackgroundTasks) -> Caller:
    stores, after = stores_of(request), lsn_seen_by(request)
    # Only database queries go to a thread: the hand-over itself costs as much as the
    # rest.
    bearer = stores.bearers.known(_token_of(request))
    if bearer is None or not stores.limits.count_here(bearer.counted_as):
        bearer = await run_in_threadpool(_admit, request, stores)
    if bearer.is_to_be_noted:
        later.add_task(_note_use, stores.database, bearer)
    scopes = bearer.resource_scopes
    origin = replace(origin_of(request), app=bearer.app)
    caller = Caller(
        bearer.actor,
        stores,
        after,
        origin,
        resource_scopes=scopes,
        export_purpose=bearer.export_purpose,
        is_limited_to_groups=bearer.is_limited_to_groups,
        token_id=bearer.token_id,
    )
    if scopes is not None:
        try:
            require_in_scope(scopes, request.method, request.scope["route"].path_format)
        except NotAllowed as refusal:
            await run_in_threadpool(caller.refuse, refusal)
    return caller


async def require_known_token(
    request: Request, _: Annotated[object, Depends(_bearer)]
) -> None:
    """Answer 401 or 429 unless the bearer token is valid, whatever it opens."""
    await run_in_threadpool(_admit, request, stores_of(request))


async def program_or_person(request: Request, later: BackgroundTasks) -> Caller:
    """Return the caller of a bearer token or our own cookie, or answer 401.

    Answers 400 to a parameter that the route does not read.
    """
    stores, after = stores_of(request), lsn_seen_by(request)
    user_id: UUID | None = request.scope.get(SIGNED_IN)
    if user_id is None or "authorization" in request.headers:
        return await program(request, later, None)
    # A browser sends our cookie whichever site made it ask, but it also says which
    # site.
    if request.method not in SAFE_METHODS and not is_same_origin(request.headers):
        raise HTTPException(
            403, "Without a token, only Chartroom's own pages may do this."
        )
    actor = await run_in_threadpool(_find_person, stores.database, user_id)
    require_known_parameters(request)
    return Caller(actor, stores, after, origin_of(request), uses_browser=True)


async def known_program(request: Request, later: BackgroundTasks) -> Caller | None:
    """Return the program of the bearer token, None if there is none, or answer 401."""
    if "authorization" not in request.headers:
        return None
    return await _find_program(request, later)


#: The language in which a caller wants a paper.
PaperLanguage = Annotated[
    str | None,
    Query(
        max_length=20,
        description="en or de; by default the caller's language, or else the clinic's.",
    ),
]
Program = Annotated[Caller, Depends(program)]
KnownProgram = Annotated[Caller | None, Depends(known_program)]
ProgramOrPerson = Annotated[Caller, Depends(program_or_person)]


def _admit(request: Request, stores: Stores) -> Bearer:
    """Return the bearer of the request's token, and count the call."""
    bearer = _find_bearer(request, stores)
    with recording_limits(request, stores, bearer.actor):
        stores.limits.count_call(bearer.counted_as)
    return bearer


def _find_person(database: Database, user_id: UUID) -> Actor:
    try:
        # A replica may not yet have somebody who was invited a moment ago.
        return database.find(
            lambda session: accounts.get_actor(session, user_id),
            missing=NotFound,
            identity=ANONYMOUS,
        ).value
    except NotFound as error:
        raise unauthorised(str(error)) from error


def _token_of(request: Request) -> str:
    """Return the token of the request; "" if there is none that is well formed."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_token = scheme.lower() == "bearer" and tokens.is_well_formed(token)
    return token if is_token else ""


def _find_bearer(request: Request, stores: Stores) -> Bearer:
    if not request.headers.get("authorization", "").partition(" ")[2]:
        raise unauthorised("A bearer token is required.")
    token = _token_of(request)
    bearer = stores.bearers.find(stores.database, token) if token else None
    if bearer is None:
        with recording_limits(request, stores, None):
            stores.limits.count_unknown(network_of(request))
        record_refusal(
            request, stores, None, Action.ACCESS_REFUSE, sentence=_UNKNOWN_TOKEN
        )
        raise unauthorised(_UNKNOWN_TOKEN, error="invalid_token")
    return bearer


@contextmanager
def recording_limits(
    request: Request, stores: Stores, actor: Actor | None
) -> Iterator[None]:
    """Record who has reached a limit, once in a while."""
    try:
        yield
    except LimitReached as refusal:
        if refusal.is_first:
            limit = refusal.limit.name
            record_refusal(request, stores, actor, Action.LIMIT_REACH, limit=limit)
        raise


def record_refusal(
    request: Request,
    stores: Stores,
    actor: Actor | None,
    action: Action,
    **details: str,
) -> None:
    """Record a refusal of a caller who is not known yet, or who calls too often."""
    with audit.with_origin(origin_of(request)):
        event = audit.event_of(actor, action, outcome="refused", details=details)
    record_or_spool(stores.database, [event], identity=ANONYMOUS, spool=stores.spool)


def _note_use(database: Database, bearer: Bearer) -> None:
    """Record that the token is in use; no answer waits for it."""
    # Without a primary it is recorded the next time.
    with suppress(DatabaseUnavailable):
        database.write(
            lambda session: tokens.note_use(session, bearer),
            identity=ANONYMOUS,
        )


def unauthorised(detail: str, *, error: str | None = None) -> HTTPException:
    """Return the error that asks for a bearer token.

    With an error code of RFC 6750 it says what is wrong with the one that was sent.
    """
    reason = f', error="{error}", error_description="{detail}"' if error else ""
    return HTTPException(
        401, detail, headers={"WWW-Authenticate": f"{CHALLENGE}{reason}"}
    )


def require_known_parameters(request: Request) -> None:
    """Raise InvalidInput for a parameter that the route does not read, or reads once.

    Ignoring a misspelt one would answer for more than was asked for. Criteria and FHIR
    have rules of their own for the query string.
    """
    route = request.scope["route"]
    _require_known_key(request, route)
    is_read_there = "parameters" in (route.openapi_extra or {})
    if not request.query_params or is_read_there or is_fhir(request.url.path):
        return
    known = {LSN_PARAMETER: False} | dict(_parameters_of(route.dependant))
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise InvalidInput(name[:40], f'There is no parameter "{name[:40]}".')
        if name in seen and not known[name]:
            raise InvalidInput(name, f"{name} is given more than once.")
        seen.add(name)


def _require_known_key(request: Request, route: APIRoute) -> None:
    """Raise InvalidInput for an Idempotency-Key of which a call takes no notice.

    Whoever sends one relies on it, and would create the same thing twice.
    """
    if IDEMPOTENCY_KEY not in request.headers or route.status_code not in _CREATING:
        return
    read = {parameter.alias.lower() for parameter in route.dependant.header_params}
    if IDEMPOTENCY_KEY.lower() not in read:
        raise InvalidInput(
            IDEMPOTENCY_KEY,
            f"This call does not support {IDEMPOTENCY_KEY}: each one takes effect.",
        )


def _parameters_of(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield each parameter that is read, and whether it may be repeated."""
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        kinds = (kind, *get_args(kind))
        yield parameter.alias, any(get_origin(each) in _SEVERAL for each in kinds)
    for part in dependant.dependencies:
        yield from _parameters_of(part)


def lsn_seen_by(request: Request) -> Lsn | None:
    """Return the LSN that the caller has seen, from the header or a link's query."""
    text = request.headers.get(LSN_HEADER) or request.query_params.get(LSN_PARAMETER)
    if not text:
        return None
    try:
        return Lsn.parse(text)
    except ValueError as error:
        raise InvalidInput(
            LSN_HEADER,
            f'{LSN_HEADER} must look like "0/16B3748": send the value that you '
            "received.",
        ) from error

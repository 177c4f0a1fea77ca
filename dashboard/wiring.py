"""From settings to the databases: the one place where they are put together."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Lock

from dashboard.web.cluster_following import Following
from dashboard.web.installation_key import derive, signing_key
from db import embedded, schema
from db.audit_store import AuditStore
from db.cluster.observing import ClusterMonitor
from db.cluster.patroni import Patroni
from db.draft_store import DraftStore
from db.embedded import Control
from db.endpoints import Endpoints
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.files.seal_keys import SealKeyFile
from db.files.signing_keys import SigningKeyFile
from db.limit_storage import LimitStorage
from db.postgres import Database, Past
from db.postgres.listening import Listener
from db.settings import Settings
from db.spool import Spool
from services.cluster.operations import OperationRunner, Servers
from services.consultations.prescriptions import PrescriptionIssuer
from services.core.audit_spool import AuditSpool
from services.core.throttling import Throttle
from services.documents.forms import Clinic
from services.documents.records import DocumentIngest
from services.documents.search.cache import DocumentListCache
from services.pdf.inspecting import PdfInspector
from services.pdf.scanning import ClamdScanner, scanner_of
from services.pdf.signing import Signer
from services.visits.figures.caches import VisitCaches
from services.visits.schedule import visit_changes
from services.visits.schedule.plans import Calendar


class NotRunning(Exception):
    """No cluster runs in the data folder; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a process works with."""

    settings: Settings
    endpoints: Endpoints
    database: Database
    files: FileStore
    audit: AuditStore
    limits: LimitStorage
    drafts: DraftStore
    audit_spool: AuditSpool
    # Starts its process at the first file, so that commands without one have none.
    examiner: PdfInspector
    scanner: ClamdScanner | None
    # These listen from the first question on, so that commands without one do not.
    hot_lists: DocumentListCache = field(init=False)
    # Looks from the first question on, as well.
    lookout: ClusterMonitor = field(init=False)
    # Connects when somebody first looks for what was.
    past: Past = field(init=False)
    visit_caches: VisitCaches = field(init=False)
    operator: OperationRunner = field(init=False)
    following: Following = field(init=False)
    _listeners: tuple[Listener, ...] = field(init=False)

    def __post_init__(self) -> None:
        documents = Listener(self.endpoints, "documents")
        visits = Listener(self.endpoints, visit_changes.CHANNEL)
        object.__setattr__(self, "_listeners", (documents, visits))
        object.__setattr__(self, "hot_lists", DocumentListCache(documents))
        object.__setattr__(self, "lookout", ClusterMonitor(self.endpoints))
        object.__setattr__(self, "past", Past(lambda: self.endpoints))
        redis = self.settings.redis_url
        caches = VisitCaches(
            self.database,
            visits,
            redis_url=redis.get_secret_value() if redis else None,
        )
        object.__setattr__(self, "visit_caches", caches)
        control = Control.of(self.endpoints)
        servers = Servers(self.database, Patroni(self.endpoints), control)
        object.__setattr__(self, "operator", OperationRunner(servers))
        following = Following(self.settings.data, self.endpoints, self.adopt)
        object.__setattr__(self, "following", following)

    def adopt(self, endpoints: Endpoints) -> None:
        """Work with these servers from now on: nodes have come or gone."""
        self.database.adopt(endpoints)
        self.lookout.adopt(endpoints)
        self.operator.servers.patroni.adopt(endpoints)
        for listener in self._listeners:
            listener.adopt(endpoints)
        object.__setattr__(self, "endpoints", endpoints)

    @property
    def intake(self) -> DocumentIngest:
        """The way of a file into the store."""
        refuse_active = self.settings.refuse_active_pdfs
        return DocumentIngest(
            self.files, self.examiner, self.scanner, refuse_active=refuse_active
        )

    @property
    def throttle(self) -> Throttle:
        """What counts how often people and programs do something."""
        return Throttle(self.limits, key=derive(signing_key(self.settings), "limits"))

    @property
    def seal_keys(self) -> SealKeyFile:
        """The keys that seal the audit log; ours is made by the first who needs it."""
        own = self.settings.data / "secrets" / "audit.key"
        given = self.settings.audit_key_file
        return SealKeyFile(given or own, may_be_made=given is None)

    @property
    def press(self) -> PrescriptionIssuer:
        """What prints, signs and stores prescriptions."""
        settings = self.settings
        clinic = Clinic(
            settings.clinic_name, settings.clinic_address, settings.clinic_phone
        )
        return PrescriptionIssuer(self.files, Signer(signing_keys(settings)), clinic)

    @property
    def file_keys(self) -> FileKeys:
        """The keys that encrypt files, and small things such as drafts."""
        return self.files.keys

    def close(self) -> None:
        """Close every connection."""
        self.following.close()
        self.examiner.close()
        self.hot_lists.close()
        self.lookout.close()
        self.past.close()
        self.visit_caches.close()
        self.database.close()
        self.limits.close()
        self.drafts.close()
        self.audit_spool.close()
        self.files.close()
        self.audit.close()


def connect(settings: Settings) -> Wiring:
    """Connect to the servers that are set, or to the running embedded cluster.

    Raises NotRunning if there is none of either.
    """
    if not settings.is_embedded:
        return _wire(settings, settings.external_endpoints())
    endpoints = embedded.running(settings.data)
    if endpoints is None:
        raise NotRunning(
            f"No cluster runs in {settings.data}. Start one with script/server."
        )
    wired = _wire(settings, endpoints)
    wired.following.start()
    return wired


_current: list[Wiring] = []
_guard = Lock()


def current() -> Wiring:
    """Return this process's wiring, made from its settings at the first call."""
    with _guard:
        if not _current:
            _current.append(connect(Settings()))
        return _current[0]


def use(wiring: Wiring) -> None:
    """Make this the wiring of the process, when its settings are not the usual."""
    with _guard:
        _current[:] = [wiring]


@contextmanager
def attached(settings: Settings) -> Iterator[Wiring]:
    """Connect for one command; start the embedded cluster for it if none runs.

    Raises embedded.CannotStart.
    """
    with ExitStack() as stack:
        try:
            wiring = connect(settings)
        except NotRunning:
            cluster = embedded.start(settings.data)
            stack.callback(cluster.stop)
            wiring = _wire(settings, cluster.endpoints)
        stack.callback(wiring.close)
        if settings.is_embedded:
            schema.bring_up_to_date(wiring.endpoints)
        yield wiring


def _wire(settings: Settings, endpoints: Endpoints) -> Wiring:
    database = Database(
        endpoints,
        pool_size=settings.pool_size,
        pool_overflow=settings.pool_overflow,
        pool_timeout_seconds=settings.pool_timeout_seconds,
        pool_recycle_seconds=settings.pool_recycle_seconds,
        replica_wait_seconds=settings.replica_wait_seconds,
        retry_seconds=settings.retry_seconds,
        read_only_after_seconds=settings.read_only_after_seconds,
    )
    keys = file_keys(settings)
    return Wiring(
        settings,
        endpoints,
        database,
        FileStore(endpoints.mongo_url, keys=keys),
        AuditStore(endpoints.audit_url),
        LimitStorage(endpoints.mongo_url),
        DraftStore(endpoints.mongo_url, keys=keys),
        AuditSpool(
            Spool(settings.data / "spool", keys, max_megabytes=settings.spool_megabytes)
        ),
        PdfInspector(),
        scanner_of(settings),
    )


def calendar(settings: Settings) -> Calendar:
    """Return by which clock doctors work, and how far ahead they can be booked."""
    return Calendar(settings.timezone, settings.booking_horizon_days)


def file_keys(settings: Settings) -> FileKeys:
    """Return the keys of files; ours are made by the first who needs them."""
    own = settings.data / "secrets" / "file.keys"
    given = settings.file_keys_file
    return FileKeys(given or own, may_be_made=given is None)


def signing_keys(settings: Settings) -> SigningKeyFile:
    """Return the key that signs; ours is made by the first who needs it."""
    own = settings.data / "secrets" / "signing.pem"
    given = settings.signing_key_file
    name = settings.clinic_name
    return SigningKeyFile(given or own, name, may_be_made=given is None)

"""From settings to the databases: the one place where everything is put together.

Parts that only some pages and commands need are loaded on first use: a page of patients
has no use for what operates the cluster, nor for the reader of PDFs.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from dashboard.web.installation_key import derive, signing_key
from db.disk_space import DiskSpace
from db.endpoints import Endpoints
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from db.mongo.draft_store import DraftStore
from db.mongo.limit_storage import LimitStorage
from db.postgres import Database, DelayedStandbys, RestoredClinic
from db.settings import Settings
from db.spool import Spool
from services.core.audit_without_primary import AuditSpool
from services.core.throttling import Throttle

if TYPE_CHECKING:
    from dashboard.web.endpoint_follower import EndpointFollower
    from db.backups.copies.object_store import ObjectStore
    from db.backups.recovery_kit import KeyFiles
    from db.backups.repository import Repository
    from db.cluster.observing import ClusterMonitor
    from db.cluster.site_position import SiteReader
    from db.cluster.statements import StatementReader
    from db.cluster.vacuuming import VacuumReader
    from db.files.seal_keys import SealKeyFile
    from db.files.signing_keys import SigningKeyFile
    from db.postgres.listening import ListenerConnection
    from services.backups import BackupReader
    from services.cluster.operations import OperationRunner
    from services.consultations.code_lists import CodeListCache
    from services.consultations.prescriptions import PrescriptionIssuer
    from services.documents.forms import Clinic, Wording
    from services.documents.records.ingest import DocumentIngest
    from services.documents.search.cache import DocumentListCache
    from services.pdf.inspecting import PdfInspector
    from services.pdf.office import OfficeConverter
    from services.pdf.scanning import ClamdScanner
    from services.visits.figures.caches import VisitCaches
    from services.visits.schedule.plans import Calendar

T = TypeVar("T")

# Changes of documents and code lists are notified by db/functions, changes of visits by
# the code that makes them.
_CHANNELS: Final = ("documents", "visits", "code-lists")


class NotRunning(Exception):
    """No cluster is running in the data folder; the message says what to do."""


class _MadeOnce(Generic[T]):
    """A member of Wiring that is made when it is first asked for.

    Several pages may ask at once: one of them makes it, and the others wait for it. It
    is kept among the attributes of the wiring, where Python finds it before this
    descriptor.
    """

    def __init__(self, make: "Callable[[Wiring], T]") -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, wired: "Wiring", owner: type) -> T:
        with wired.making:
            made: dict[str, Any] = wired.__dict__
            if self._name not in made:
                made[self._name] = self._make(wired)
            member: T = made[self._name]
            return member


# Without slots, so that there is room for what is made later.
@dataclass(eq=False)
class Wiring:
    """What a process works with; its endpoints change as nodes come and go."""

    settings: Settings
    endpoints: Endpoints
    database: Database
    files: FileStore
    audit: AuditStore
    limits: LimitStorage
    drafts: DraftStore
    audit_spool: AuditSpool
    # Held while a member is made, and while servers change, so that nothing is made for
    # servers that have been left already.
    making: "RLock" = field(
        init=False, repr=False, compare=False, default_factory=RLock
    )

    @property
    def may_write_elsewhere(self) -> bool:
        """Whether reads may be recorded at the main site that this one follows."""
        return self.endpoints.main_url is not None

    @_MadeOnce
    def main_database(self) -> Database | None:
        """Servers of the main site, if this site follows one; else None."""
        url = self.endpoints.main_url
        return Database(Endpoints(url, {}, "", {})) if url else None

    @_MadeOnce
    def site(self) -> "SiteReader":
        """Reader of the time up to which this site has what its main site has."""
        from db.cluster.site_position import SiteReader

        return SiteReader(
            lambda: self.endpoints, self.database, lambda: self.monitor, self.files
        )

    @property
    def disks(self) -> DiskSpace:
        """The disks of this process's data folder."""
        return DiskSpace(self.settings.data)

    @property
    def backups(self) -> "Repository":
        """The backups of this clinic."""
        return backups_of(self.settings)

    @property
    def backup_reader(self) -> "BackupReader":
        """Reader of those backups for pages, which must not hang when the disk does."""
        from services.backups import BackupReader

        folder, readers = self.settings.backups, self._backup_readers
        with self.making:
            if folder not in readers:
                readers[folder] = BackupReader(
                    self.backups, self.settings.data, self.file_keys
                )
            return readers[folder]

    @_MadeOnce
    def _backup_readers(self) -> "dict[Path, BackupReader]":
        """Readers by folder: one each, with one thread, which may hang."""
        return {}

    @_MadeOnce
    def inspector(self) -> "PdfInspector":
        """Reader of PDFs, in a process of its own that starts with the first file."""
        from services.pdf.inspecting import PdfInspector

        return PdfInspector(reads_scans=self.settings.read_scans)

    @_MadeOnce
    def scanner(self) -> "ClamdScanner | None":
        """Virus scanner, if one is set."""
        from services.pdf.scanning import scanner_of

        return scanner_of(self.settings)

    @_MadeOnce
    def document_lists(self) -> "DocumentListCache":
        """Pages of documents that many people read; listens from first use on."""
        from services.documents.search.cache import DocumentListCache

        return DocumentListCache(self.changes.listener("documents"))

    @_MadeOnce
    def visit_caches(self) -> "VisitCaches":
        """Doctors, slots and figures; listens from first use on."""
        from services.visits.figures.caches import VisitCaches
        from services.visits.schedule import visit_changes

        redis = self.settings.redis_url
        return VisitCaches(
            self.database,
            self.changes.listener(visit_changes.CHANNEL),
            redis_url=redis.get_secret_value() if redis else None,
        )

    @_MadeOnce
    def code_lists(self) -> "CodeListCache":
        """Drugs and diagnoses to search; listens from first use on."""
        from services.consultations.code_lists import CHANNEL, CodeListCache

        return CodeListCache(self.database, self.changes.listener(CHANNEL))

    @_MadeOnce
    def monitor(self) -> "ClusterMonitor":
        """Monitor of the servers, from first use on."""
        from db.cluster.observing import ClusterMonitor

        return ClusterMonitor(self.endpoints)

    @_MadeOnce
    def statements(self) -> "StatementReader":
        """Reader of the cost of the servers' statements."""
        from db.cluster.statements import StatementReader

        return StatementReader(lambda: self.endpoints)

    @_MadeOnce
    def vacuum_reader(self) -> "VacuumReader":
        """Reader of the servers' upkeep: dead rows, transaction ids, checkpoints."""
        from db.cluster.vacuuming import VacuumReader

        return VacuumReader(lambda: self.endpoints)

    @_MadeOnce
    def delayed_standbys(self) -> DelayedStandbys:
        """Delayed standbys; connects on first use."""
        return DelayedStandbys(lambda: self.endpoints)

    @_MadeOnce
    def restored_clinic(self) -> RestoredClinic:
        """Clinic that was restored to look around in; connects on first use."""
        return RestoredClinic(lambda: self.endpoints)

    @_MadeOnce
    def runner(self) -> "OperationRunner":
        """Runner of operations on the database servers."""
        from db.cluster.control_client import Control
        from db.cluster.patroni import Patroni
        from services.cluster.operations import OperationRunner
        from services.cluster.operations.servers import Servers

        control = Control.of(self.endpoints)
        return OperationRunner(Servers(self.database, Patroni(self.endpoints), control))

    @_MadeOnce
    def following(self) -> "EndpointFollower":
        """Follower of the embedded cluster's nodes as they come and go."""
        from dashboard.web.endpoint_follower import EndpointFollower

        return EndpointFollower(self.settings.data, self.endpoints, self.adopt)

    @_MadeOnce
    def changes(self) -> "ListenerConnection":
        """One listener to the changes of all processes, from first use on."""
        from db.postgres.listening import ListenerConnection

        return ListenerConnection(self.endpoints, *_CHANNELS)

    def adopt(self, endpoints: Endpoints) -> None:
        """Work with these servers from now on: nodes have come or gone."""
        with self.making:
            self.endpoints = endpoints
            self.database.adopt(endpoints)
            for member in self._made("monitor", "changes"):
                member.adopt(endpoints)
            for runner in self._made("runner"):
                runner.servers.patroni.adopt(endpoints)

    def _made(self, *names: str) -> list[Any]:
        """Return those of these members that have been made."""
        with self.making:
            return [self.__dict__[name] for name in names if name in self.__dict__]

    @_MadeOnce
    def office(self) -> "OfficeConverter | None":
        """PDF converter for office files, if LibreOffice is here and switched on."""
        from services.pdf.office import OfficeConverter

        return OfficeConverter.installed(self.settings.office_program)

    @property
    def ingest(self) -> "DocumentIngest":
        """The way of a file into the store."""
        from services.documents.records.ingest import DocumentIngest

        refuse_active = self.settings.refuse_active_pdfs
        return DocumentIngest(
            self.files,
            self.inspector,
            self.scanner,
            refuse_active=refuse_active,
            office=self.office,
        )

    @property
    def throttle(self) -> Throttle:
        """Counter of how often people and programs do something."""
        return Throttle(self.limits, key=derive(signing_key(self.settings), "limits"))

    @property
    def seal_keys(self) -> "SealKeyFile":
        """The keys that seal the audit log; our own is made when it is first needed."""
        return seal_keys(self.settings)

    @property
    def issuer(self) -> "PrescriptionIssuer":
        """Issuer that prints, signs and stores prescriptions."""
        from services.consultations.prescriptions import PrescriptionIssuer
        from services.pdf.signing import Signer

        settings = self.settings
        signer, clinic = Signer(signing_keys(settings)), letterhead(settings)
        return PrescriptionIssuer(self.files, signer, clinic, paper_wording(settings))

    @property
    def file_keys(self) -> FileKeys:
        """The keys that encrypt files, and small things such as drafts."""
        return self.files.keys

    def close(self) -> None:
        """Close every connection; members that were never used are not open."""
        for member in self._made(
            "following",
            "inspector",
            "changes",
            "monitor",
            "delayed_standbys",
            "restored_clinic",
        ):
            member.close()
        for database in self._made("main_database"):
            if database is not None:
                database.close()
        self.database.close()
        self.limits.close()
        self.drafts.close()
        self.audit_spool.close()
        self.files.close()
        self.audit.close()


def connect(settings: Settings) -> Wiring:
    """Connect to the servers that are set, or to the running embedded cluster.

    Raises NotRunning if there is neither.
    """
    wired = _wire(settings, endpoints_of(settings))
    if settings.is_embedded:
        wired.following.start()
    return wired


def endpoints_of(settings: Settings) -> Endpoints:
    """Return the servers that are set, or the running embedded cluster.

    Raises NotRunning if there is neither.
    """
    if not settings.is_embedded:
        return settings.external_endpoints()
    from db import embedded

    endpoints = embedded.running(settings.data)
    if endpoints is None:
        raise NotRunning(
            f"No cluster is running in {settings.data}. Start one with script/server."
        )
    return endpoints


@contextmanager
def without_rows(settings: Settings) -> Iterator[Wiring]:
    """Connect for a command that restores rows, while none of their servers runs.

    Files and audit log are available; the database does not answer. Raises
    embedded.CannotStart.
    """
    from db import embedded

    with embedded.files_alone(settings.data) as addresses:
        impatient = settings.model_copy(update={"retry_seconds": 0.0})
        wiring = _wire(impatient, addresses.endpoints)
        try:
            yield wiring
        finally:
            wiring.close()


_current: list[Wiring] = []
_guard = Lock()


def current() -> Wiring:
    """Return this process's wiring, made from its settings at the first call."""
    with _guard:
        if not _current:
            _current.append(connect(Settings()))
        return _current[0]


def use(wiring: Wiring) -> None:
    """Make this the wiring of the process, if its settings are not the usual ones."""
    with _guard:
        _current[:] = [wiring]


@contextmanager
def attached(settings: Settings, *, may_create: bool = False) -> Iterator[Wiring]:
    """Connect for one command; start the embedded cluster for it if none runs.

    Raises embedded.CannotStart, also if there is no clinic in the data folder, unless
    the command `may_create` one.
    """
    from db import embedded, schema

    with ExitStack() as stack:
        try:
            wiring = connect(settings)
        except NotRunning:
            if not (may_create or embedded.DataFolder(settings.data).is_complete):
                # Whoever mistypes --data would verify a log that is empty.
                raise embedded.CannotStart(
                    f"There is no clinic in {settings.data}: name its folder with "
                    "--data."
                ) from None
            # Nobody else would end them.
            stack.enter_context(embedded.ending_as_by_ctrl_c())
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
    keys = FileKeys.of(settings)
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
    )


def calendar(settings: Settings) -> "Calendar":
    """Return the clock that doctors work by, and how far ahead they can be booked."""
    from services.visits.schedule.plans import Calendar

    return Calendar(settings.timezone, settings.booking_horizon_days)


def letterhead(settings: Settings) -> "Clinic":
    """Return the letterhead of the clinic's papers."""
    from services.documents.forms import Clinic

    return Clinic(settings.clinic_name, settings.clinic_address, settings.clinic_phone)


def paper_wording(settings: Settings) -> "Wording":
    """Return the wording of the clinic's own papers: they are in its language."""
    from services.documents.forms import ENGLISH

    if settings.language == ENGLISH.language:
        return ENGLISH
    # The catalogues come with the code that draws pages, which a command does without.
    from dashboard.ui.language.papers import wording_in

    return wording_in(None, settings.language)


def backups_of(settings: Settings) -> "Repository":
    """Return the repository that the settings name, empty or not."""
    from db.backups.repository import Repository

    return Repository(settings.backups)


def copy_store_of(settings: Settings) -> "ObjectStore | None":
    """Return the store that backups are copied to; None if the settings name none."""
    if settings.backup_s3_url is None:
        return None
    from db.backups.copies.object_store import ObjectStore, StoreAddress

    address = StoreAddress.of(settings)
    return ObjectStore(address) if address else None


def seal_keys(settings: Settings) -> "SealKeyFile":
    """Return the keys that seal the audit log, made when they are first needed."""
    from db.files.seal_keys import SealKeyFile

    own = settings.data / "secrets" / "audit.key"
    path = settings.audit_key_file
    if path is not None:
        return SealKeyFile(path)
    return SealKeyFile(
        own,
        may_be_made=True,
        mark=settings.data / "audit-key.made",
        folder=settings.data if settings.is_embedded else None,
    )


def signing_keys(settings: Settings) -> "SigningKeyFile":
    """Return the key that signs; our own is made when it is first needed."""
    from db.files.signing_keys import SigningKeyFile

    own = settings.data / "secrets" / "signing.pem"
    path = settings.signing_key_file
    name = settings.clinic_name
    if path is not None:
        return SigningKeyFile(path, name)
    return SigningKeyFile(
        own,
        name,
        may_be_made=True,
        mark=settings.data / "signing-key.made",
        folder=settings.data if settings.is_embedded else None,
    )


def key_files(settings: Settings) -> "KeyFiles":
    """Return where the keys are that no backup contains, for the recovery kit."""
    from db.backups import recovery_kit as kit

    secret = settings.secret_key
    return kit.KeyFiles(
        {
            kit.FILE_KEYS: FileKeys.of(settings).path,
            kit.SEAL_KEYS: seal_keys(settings).path,
            kit.SIGNING_KEYS: signing_keys(settings).path,
            kit.INSTALLATION_KEY: settings.data / kit.INSTALLATION_KEY,
            kit.PASSWORDS: settings.data / kit.PASSWORDS,
        },
        {kit.INSTALLATION_KEY: secret.get_secret_value()} if secret else {},
    )


def make_missing_keys(settings: Settings) -> None:
    """Make the keys that have not been needed yet, so that a recovery kit has them.

    Raises UnusableFileKeys, UnusableKey and UnusableSigningKey.
    """
    FileKeys.of(settings).require_made()
    seal_keys(settings).read_or_make()
    signing_keys(settings).read_or_make()
    signing_key(settings)

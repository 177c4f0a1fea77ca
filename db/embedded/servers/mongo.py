"""MongoDB: a replica set of one member, protected by passwords."""

from dataclasses import dataclass
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from db.embedded.data_folder import CannotStart, DataFolder
from db.embedded.processes.child_processes import Program
from db.embedded.processes.programs import Programs
from db.mongo import audit_access, audit_store, replica_set
from db.mongo.site_members import site_of_member

REPLICA_SET: Final = "chartroom"
DATABASE: Final = "chartroom"

_ANSWER_SECONDS: Final = 10.0
_NOT_AUTHORISED: Final = 13
_AUTHENTICATION_FAILED: Final = 18
_NOT_YET_INITIALISED: Final = 94
_ALREADY_EXISTS: Final = 51003


def program(programs: Programs, folder: DataFolder, port: int, key: str) -> Program:
    """Return mongod, ready to be started."""
    key_file = folder.mongo / "members.key"
    folder.write(key_file, key)
    data = folder.mongo / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    return Program(
        "mongod",
        (
            *programs.prefix,
            str(programs.mongod),
            f"--dbpath={data}",
            f"--port={port}",
            "--bind_ip=127.0.0.1",
            "--nounixsocket",
            f"--replSet={REPLICA_SET}",
            f"--keyFile={key_file}",
            "--oplogSize=256",
            "--wiredTigerCacheSizeGB=0.25",
            # It allocates three journal files at once, each of 100 MB.
            "--wiredTigerEngineConfigString=log=(file_max=16MB)",
            "--quiet",
            # Decompressing messages of strangers leaked memory to them
            # (CVE-2025-14847), and files are encrypted: nothing would get smaller.
            "--networkMessageCompressors=disabled",
            # A slow query is logged with its values: health data must stay out of logs.
            "--slowOpSampleRate=0",
            "--setParameter=diagnosticDataCollectionEnabled=false",
            # Otherwise the first person of this machine to connect could make the first
            # user.
            "--setParameter=enableLocalhostAuthBypass=false",
        ),
        programs.environment,
        folder.mongo,
        folder.log("mongod"),
    )


def require_data(folder: DataFolder) -> None:
    """Raise CannotStart if there was a clinic, and its MongoDB is not there.

    Its folder may be a disk of its own, which is not mounted. Its file `WiredTiger` is
    as old as the database.
    """
    if folder.is_complete and not (folder.mongo / "data" / "WiredTiger").exists():
        raise CannotStart(
            f"MongoDB has no data in {folder.mongo}, although there was a clinic: an "
            "empty one would open, without files and audit log. Mount its disk, put "
            "the data back, or restore the clinic from a backup into an empty folder "
            "(docs/runbooks/lost-machine.md)."
        )


@dataclass(frozen=True, slots=True)
class Mongo:
    """A mongod, and the passwords of its administrator, Chartroom and the audit log.

    By `member_key` the members of the replica set recognise each other. Its holder may
    do everything, even before there is a user.
    """

    port: int
    admin_password: str
    password: str
    audit_password: str
    member_key: str
    site: str | None = None

    @property
    def url(self) -> str:
        """The URL for Chartroom itself: its own database, read and write."""
        return self._address("chartroom", self.password)

    @property
    def audit_url(self) -> str:
        """The URL for the audit log: adding to it and reading it, nothing else."""
        return self._address(
            audit_access.USER, self.audit_password, audit_store.DATABASE
        )

    @property
    def admin_url(self) -> str:
        """The URL of the administrator, for instance for a test."""
        return self._address("admin", self.admin_password)

    def is_up(self) -> bool:
        """Return whether MongoDB answers at all."""
        return bool(self.hello())

    def is_primary(self) -> bool:
        """Return whether MongoDB takes writes."""
        return bool(self.hello().get("isWritablePrimary"))

    def is_prepared(self) -> bool:
        """Found the replica set, or update its port; return whether it is ready."""
        if self.hello().get("me") == self.place:
            return True
        try:
            return self._prepare()
        except AutoReconnect:
            # A member drops all connections when its role in the set changes. Try
            # again.
            return False

    def _prepare(self) -> bool:
        try:
            with self._client(self.admin_url) as client:
                self._move(client)
        except OperationFailure as error:
            if error.code == _NOT_YET_INITIALISED:
                # The server has yet to read its configuration after the first start.
                return False
            # Without an administrator it is new.
            if error.code != _AUTHENTICATION_FAILED:
                raise
            with self._client(self._members_url) as client:
                client.admin.command("replSetInitiate", self._configuration(1))
        return True

    def _move(self, client: MongoClient[dict[str, Any]]) -> None:
        # The member would look for itself at its former port, and wait for ever.
        current = client.admin.command("replSetGetConfig")["config"]
        own = [m for m in current["members"] if site_of_member(m) == self.site]
        if not own:
            raise taken_over(site_of_member(current["members"][0]))
        if own[0]["host"] != self.place:
            others = [m for m in current["members"] if m not in own]
            moved = self._configuration(current["version"] + 1)
            moved["members"] = [own[0] | {"host": self.place}, *others]
            client.admin.command("replSetReconfig", moved, force=True)

    def ensure_users(self) -> None:
        """Make the administrator and Chartroom's own two users; idempotent."""
        with self._client(self._members_url) as client:
            create_user(client, "admin", self.admin_password, ["root"])
        with self._client(self.admin_url) as client:
            roles = [{"role": "readWrite", "db": DATABASE}]
            create_user(client, "chartroom", self.password, roles)
            replica_set.ensure_status_role(client, "chartroom")
            audit_access.prepare(client, audit_store.DATABASE, self.audit_password)

    @property
    def _members_url(self) -> str:
        """The URL by which a member of the replica set signs in there."""
        return (
            f"mongodb://__system:{self.member_key}@{self.place}/"
            "?directConnection=true&authSource=local&authMechanism=SCRAM-SHA-256"
        )

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def _configuration(self, version: int) -> dict[str, Any]:
        members = [{"_id": 0, "host": self.place}]
        return {"_id": REPLICA_SET, "version": version, "members": members}

    def _address(self, user: str, password: str, database: str = "") -> str:
        return (
            f"mongodb://{user}:{password}@{self.place}/{database}"
            "?directConnection=true&authSource=admin"
        )

    def hello(self) -> dict[str, Any]:
        """Return its greeting, which needs no login; empty if it does not answer."""
        try:
            with self._client(f"mongodb://{self.place}/", seconds=0.5) as client:
                return dict(client.admin.command("hello"))
        except AutoReconnect:
            return {}

    def _client(
        self, url: str, *, seconds: float = _ANSWER_SECONDS
    ) -> MongoClient[dict[str, Any]]:
        milliseconds = int(seconds * 1000)
        return MongoClient(
            url, directConnection=True, serverSelectionTimeoutMS=milliseconds
        )


def taken_over(site: str | None) -> CannotStart:
    """Return the refusal of a start at a site that was given up."""
    named = f"The site {site}" if site else "The site that was the main one"
    return CannotStart(
        f"{named} was promoted and is the clinic now: nobody there would see what "
        "this site writes. Keep this data folder aside, and join again with python -m "
        "dashboard join-site (docs/runbooks/lost-site.md)."
    )


def create_user(
    client: MongoClient[dict[str, Any]], name: str, password: str, roles: list[Any]
) -> None:
    """Make a user unless it exists; `client` is an administrator's."""
    try:
        client.admin.command("createUser", name, pwd=password, roles=roles)
    except OperationFailure as error:
        # It exists; or the administrator does, so that only they may make users.
        if error.code not in {_ALREADY_EXISTS, _NOT_AUTHORISED}:
            raise

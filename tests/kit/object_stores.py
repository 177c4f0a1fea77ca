"""A store that speaks S3, in a process of its own, and a wire to it that may break."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import botocore.session
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from db.backups.copies.object_store import ObjectStore, StoreAddress
from tests.browser.running import free_port
from tests.kit.waiting import eventually

BUCKET = "clinic-backups"
KEY_ID = "clinic"
SECRET = "a-secret-that-nobody-may-read"
_STARTS = 3
_TRY_SECONDS = 20


@dataclass
class StoreServer:
    """The running store, as seen by somebody with every right."""

    url: str

    @cached_property
    def client(self) -> Any:
        """The client with which tests look into the store, and break things there."""
        return _client_of(self.url)

    def make_bucket(self, name: str, *, is_locking: bool = False) -> None:
        """Make a bucket unless it already exists, in whatever form."""
        there = {each["Name"] for each in self.client.list_buckets()["Buckets"]}
        if name not in there:
            self.client.create_bucket(
                Bucket=name, ObjectLockEnabledForBucket=is_locking
            )

    def address(self, prefix: str, **values: Any) -> StoreAddress:
        """Return the address of a clinic's copies of backups; its bucket exists."""
        bucket = values.pop("bucket", BUCKET)
        self.make_bucket(bucket)
        made = StoreAddress(bucket, prefix, self.url, "us-east-1", KEY_ID, SECRET)
        return replace(made, **{"tries": 1, "timeout_seconds": 20.0, **values})

    def store(self, prefix: str, **values: Any) -> ObjectStore:
        """Return a store below a prefix, as Chartroom uses it."""
        return ObjectStore(self.address(prefix, **values))

    def store_of(self, prefix: str, secret: str = SECRET) -> ObjectStore:
        """Return a store without making sure that its bucket exists."""
        address = StoreAddress(BUCKET, prefix, self.url, "us-east-1", KEY_ID, secret)
        return ObjectStore(replace(address, tries=1))

    def names(self, prefix: str, bucket: str = BUCKET) -> set[str]:
        """Return the names of the objects below a prefix."""
        pages = self.client.get_paginator("list_objects_v2")
        listing = pages.paginate(Bucket=bucket, Prefix=f"{prefix}/")
        keys = (each["Key"] for page in listing for each in page.get("Contents", ()))
        return {key.removeprefix(f"{prefix}/") for key in keys}

    def unlock(self, bucket: str, prefix: str) -> None:
        """Let every lock expire; stores accept no end of a lock in the past."""
        over = datetime.now(UTC) + timedelta(seconds=1.5)
        listed = self.client.list_object_versions(Bucket=bucket, Prefix=prefix)
        for each in listed["Versions"]:
            head = self.client.head_object(Bucket=bucket, Key=each["Key"])
            if "ObjectLockRetainUntilDate" in head:
                self.client.put_object_retention(
                    Bucket=bucket,
                    Key=each["Key"],
                    VersionId=each["VersionId"],
                    Retention={"Mode": "GOVERNANCE", "RetainUntilDate": over},
                    BypassGovernanceRetention=True,
                )
        eventually(lambda: datetime.now(UTC) > over + timedelta(seconds=1))

    def read(self, key: str) -> bytes:
        """Return an object by its full key."""
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def write(self, key: str, data: bytes) -> None:
        """Replace an object's bytes."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def flip(self, key: str, at: int | None = None) -> None:
        """Flip one bit of an object: in its middle, unless the byte is named."""
        data = bytearray(self.read(key))
        data[len(data) // 2 if at is None else at] ^= 1
        self.write(key, bytes(data))

    def swap(self, first: str, second: str) -> None:
        """Swap the content of two objects."""
        data, other = self.read(first), self.read(second)
        self.write(first, other)
        self.write(second, data)

    def delete(self, key: str) -> None:
        """Delete an object, as if it were lost."""
        self.client.delete_object(Bucket=BUCKET, Key=key)


def _client_of(url: str, **options: Any) -> Any:
    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(**options),
    )


def _takes_objects(url: str) -> bool:
    """Return whether a store takes an object, within the seconds of some tries."""
    client = _client_of(url, read_timeout=_TRY_SECONDS, retries={"max_attempts": 2})
    named = {"Bucket": "is-it-ready", "Key": "object"}
    try:
        client.create_bucket(Bucket=named["Bucket"])
        client.put_object(**named, Body=b"It is.")
        client.delete_object(**named)
        client.delete_bucket(Bucket=named["Bucket"])
    except (BotoCoreError, ClientError):
        return False
    return True


@contextmanager
def running(kind: str = "seaweedfs") -> Iterator[StoreServer]:
    """Run a store of one of the KINDS until the block ends."""
    with TemporaryDirectory(prefix="store-") as folder, ExitStack() as stack:
        yield StoreServer(_start(kind, Path(folder), stack))


def _start(kind: str, folder: Path, stack: ExitStack) -> str:
    """Start a store and return its address; the stack ends it.

    If another process takes one of its ports first, the store ends, or answers and
    takes no objects, and is started again on other ports.
    """
    for _ in range(_STARTS):
        port = free_port()
        written = stack.enter_context((folder / "store.log").open("w+"))
        process = stack.enter_context(
            subprocess.Popen(
                KINDS[kind](folder, port), stdout=written, stderr=subprocess.STDOUT
            )
        )
        stack.callback(process.kill)
        url = f"http://127.0.0.1:{port}"
        eventually(lambda url=url, end=process.poll: end() is not None or _answers(url))
        if process.poll() is None and _takes_objects(url):
            return url
        process.kill()
        written.seek(0)
        said = written.read()
    raise AssertionError(f"{kind} ended {_STARTS} times, at last with:\n{said[-2000:]}")


def _seaweedfs(folder: Path, port: int) -> list[str]:
    """Return the command that starts SeaweedFS, which trusts whoever has the secret."""
    access = folder / "access.json"
    credentials = [{"accessKey": KEY_ID, "secretKey": SECRET}]
    identity = {"name": "clinic", "credentials": credentials, "actions": ["Admin"]}
    access.write_text(json.dumps({"identities": [identity]}))
    parts = ("master", "volume", "filer")
    return [
        str(Path(sys.executable).with_name("weed")),
        f"-logdir={folder}",
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        *(f"-{part}.port={free_port()}" for part in parts),
        *(f"-{part}.port.grpc={free_port()}" for part in parts),
        # Small volumes fit on a disk of any size; and no telemetry is sent.
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
        "-volume.max=0",
        "-filer",
        f"-filer.localSocket={folder}/filer",
        "-s3",
        f"-s3.port={port}",
        f"-s3.port.grpc={free_port()}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={folder}/s3",
        f"-s3.config={access}",
    ]


def _moto(_: Path, port: int) -> list[str]:
    """Return the command that starts moto, which acts as Amazon's but accepts all."""
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", f"{port}"]


KINDS: Final = {"seaweedfs": _seaweedfs, "moto": _moto}


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url).status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    return False


@dataclass
class Wire:
    """A TCP connection to a store that can be away, break, or change what it carries.

    `most_bytes` is how much it lets through to the store before it breaks for good, and
    every occurrence of `flipped` arrives with one bit flipped.
    """

    target: int
    port: int = 0
    is_away: bool = False
    most_bytes: int | None = None
    flipped: bytes = b""
    carried: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the store through the wire."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listening: socket.socket) -> None:
        """Carry every connection, until the socket is closed."""
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            if self._is_broken:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            self._open += [client, server]
            for source, target, is_out in (
                (client, server, True),
                (server, client, False),
            ):
                threading.Thread(
                    target=self._carry, args=[source, target, is_out], daemon=True
                ).start()

    @property
    def _is_broken(self) -> bool:
        return self.is_away or (
            self.most_bytes is not None and self.carried >= self.most_bytes
        )

    def _carry(
        self, source: socket.socket, target: socket.socket, is_out: bool
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if is_out:
                    self.carried += len(data)
                    if self._is_broken:
                        break
                    if self.flipped:
                        data = data.replace(self.flipped, _flipped(self.flipped))
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        for each in self._open:
            each.close()


def _flipped(word: bytes) -> bytes:
    return bytes([word[0] ^ 1]) + word[1:]


@contextmanager
def wired(server: StoreServer) -> Iterator[Wire]:
    """Open a wire to a store until the block ends."""
    wire = Wire(int(server.url.rpartition(":")[2]))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire.port = listening.getsockname()[1]
        thread = threading.Thread(target=wire.serve, args=[listening], daemon=True)
        thread.start()
        try:
            yield wire
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            wire.close()

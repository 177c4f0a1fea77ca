"""A bucket that speaks S3, below one prefix: objects by name, each verified in transit.

Every failure is described by a sentence of ours: a store's answer may repeat a request.

The client is loaded when a store is used: every worker knows of stores, and most
clinics have none.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from hashlib import md5, sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from db.json_http import authorities_file
from db.settings import Settings

_MEGABYTE: Final = 1024 * 1024
# A store takes parts of 5 MB or more, and at most ten thousand of them.
_MOST_PARTS: Final = 9000
_MD5: Final = re.compile(r'"?(?P<md5>[0-9a-f]{32})"?')
_REFUSED: Final = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_CHANGED: Final = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"})
_NOT_HERE: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_SETTINGS: Final = "CHARTROOM_BACKUP_S3_URL"


class StoreFailed(Exception):
    """The store did not do what was requested; the sentence says why."""


class ObjectMissing(StoreFailed):
    """There is no object of this name."""


class ObjectLocked(StoreFailed):
    """The object must not be removed before its time."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a bucket is, and the credentials; without keys AWS's usual sources count.

    Without an endpoint it is Amazon's own. Parts of `part_bytes` are sent one by one.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    part_bytes: int = 16 * _MEGABYTE
    tries: int = 4
    timeout_seconds: float = 30.0

    @classmethod
    def of(cls, settings: Settings) -> "StoreAddress | None":
        """Return where the settings have backups copied to; None if nowhere."""
        if settings.backup_s3_url is None:
            return None
        parts = urlsplit(settings.backup_s3_url)
        key_id, secret = settings.backup_s3_key_id, settings.backup_s3_secret
        return cls(
            parts.netloc,
            parts.path.strip("/"),
            settings.backup_s3_endpoint,
            settings.backup_s3_region,
            key_id.get_secret_value() if key_id else None,
            secret.get_secret_value() if secret else None,
        )

    @property
    def shown(self) -> str:
        """The address for people to read; it never contains credentials."""
        at = f" at {self.endpoint}" if self.endpoint else ""
        return f"s3://{self.bucket}{'/' if self.prefix else ''}{self.prefix}{at}"


@dataclass(frozen=True, slots=True)
class LockRule:
    """Whether the bucket can lock objects, and whether it does so by default."""

    is_offered: bool = False
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """When an object was stored, and until when it must not be removed."""

    stored_at: datetime
    locked_until: datetime | None


class ObjectStore:
    """The objects below a prefix of a bucket. Every call raises StoreFailed."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address

    @cached_property
    def _client(self) -> Any:
        """One client for all calls: its connections are kept."""
        import botocore.session
        from botocore.config import Config

        address = self.address
        seconds = address.timeout_seconds
        # A session of its own: AWS's usual sources of keys are then consulted again.
        session = botocore.session.get_session()
        session.register_component("data_loader", _descriptions())
        return session.create_client(
            "s3",
            endpoint_url=address.endpoint,
            region_name=address.region,
            aws_access_key_id=address.key_id,
            aws_secret_access_key=address.secret,
            verify=authorities_file(),
            config=Config(
                connect_timeout=min(10.0, seconds),
                read_timeout=seconds,
                retries={"mode": "standard", "total_max_attempts": address.tries},
                # Many stores do not support trailing checksums; ours come before the
                # body.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if address.endpoint else "auto"},
            ),
        )

    def names(self) -> dict[str, int]:
        """Return the objects there are, and their sizes."""
        sizes: dict[str, int] = {}
        with self._translated_errors(""):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.address.bucket, Prefix=self._key("")
            )
            for page in pages:
                for each in page.get("Contents", ()):
                    sizes[each["Key"][len(self._key("")) :]] = each["Size"]
        return sizes

    @cached_property
    def lock(self) -> LockRule:
        """How the bucket locks objects; asked once."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            configuration = self._client.get_object_lock_configuration(
                Bucket=self.address.bucket
            )["ObjectLockConfiguration"]
        except ClientError:
            # Most stores have no locks, and say so with error codes of their own.
            return LockRule()
        except BotoCoreError as error:
            raise StoreFailed(self._away) from error
        is_offered = configuration.get("ObjectLockEnabled") == "Enabled"
        return LockRule(is_offered, is_offered and "Rule" in configuration)

    def put(self, name: str, data: bytes, *, locked_until: datetime | None) -> None:
        """Store bytes; the store compares them with their SHA-256."""
        with self._translated_errors(name):
            answer = self._client.put_object(
                Bucket=self.address.bucket,
                Key=self._key(name),
                Body=data,
                **_checksum(data),
                **self._locking(locked_until),
            )
        self._require_arrived(name, data, answer)

    def put_new(self, name: str, data: bytes) -> bool:
        """Store bytes unless an object of this name exists; False if one does."""
        try:
            with self._translated_errors(name):
                self._client.put_object(
                    Bucket=self.address.bucket,
                    Key=self._key(name),
                    Body=data,
                    IfNoneMatch="*",
                    **_checksum(data),
                )
        except _AlreadyThere:
            return False
        return True

    def put_file(self, name: str, path: Path, *, locked_until: datetime | None) -> None:
        """Store a file, a large one in parts; raises OSError as well."""
        size = path.stat().st_size
        if size <= self.address.part_bytes:
            self.put(name, path.read_bytes(), locked_until=locked_until)
            return
        place = {"Bucket": self.address.bucket, "Key": self._key(name)}
        with self._translated_errors(name):
            begun = self._client.create_multipart_upload(
                ChecksumAlgorithm="SHA256", **place, **self._locking(locked_until)
            )
        place["UploadId"] = begun["UploadId"]
        try:
            parts = list(self._put_parts(name, path, size, place))
            with self._translated_errors(name):
                self._client.complete_multipart_upload(
                    MultipartUpload={"Parts": parts}, **place
                )
        except BaseException:
            from botocore.exceptions import BotoCoreError, ClientError

            # If it cannot be abandoned now, the start of the next copy does that.
            with suppress(BotoCoreError, ClientError):
                self._client.abort_multipart_upload(**place)
            raise

    def _put_parts(
        self, name: str, path: Path, size: int, place: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        at_once = max(self.address.part_bytes, -(-size // _MOST_PARTS))
        with path.open("rb") as file:
            number = 0
            while piece := file.read(at_once):
                number += 1
                checksum = _checksum(piece)
                with self._translated_errors(name):
                    answer = self._client.upload_part(
                        PartNumber=number, Body=piece, **checksum, **place
                    )
                self._require_arrived(name, piece, answer)
                yield {
                    "PartNumber": number,
                    "ETag": answer["ETag"],
                    "ChecksumSHA256": checksum["ChecksumSHA256"],
                }

    def abandon_unfinished(self) -> None:
        """Delete the parts of files whose remaining parts never came."""
        with self._translated_errors(""):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.address.bucket, Prefix=self._key("")
            )
            for page in pages:
                for each in page.get("Uploads", ()):
                    self._client.abort_multipart_upload(
                        Bucket=self.address.bucket,
                        Key=each["Key"],
                        UploadId=each["UploadId"],
                    )

    def read(self, name: str) -> bytes:
        """Return an object; raises ObjectMissing."""
        return b"".join(self.pieces(name))

    def beginning(self, name: str, most: int) -> bytes:
        """Return the first bytes of an object; raises ObjectMissing."""
        with self._translated_errors(name):
            answer = self._client.get_object(
                Bucket=self.address.bucket,
                Key=self._key(name),
                Range=f"bytes=0-{most - 1}",
            )
            with closing(answer["Body"]) as body:
                head: bytes = body.read()
                return head

    def about(self, name: str) -> ObjectFacts:
        """Return the store's facts on an object; raises ObjectMissing."""
        with self._translated_errors(name):
            answer = self._client.head_object(
                Bucket=self.address.bucket, Key=self._key(name)
            )
        return ObjectFacts(
            answer["LastModified"], answer.get("ObjectLockRetainUntilDate")
        )

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield an object piece by piece; raises ObjectMissing."""
        with self._translated_errors(name):
            answer = self._client.get_object(
                Bucket=self.address.bucket, Key=self._key(name)
            )
            with closing(answer["Body"]) as body:
                yield from body.iter_chunks(_MEGABYTE)

    def remove(self, name: str, *, for_good: bool = False) -> None:
        """Remove an object with all its versions; raises ObjectLocked.

        A bucket that keeps versions but locks nothing keeps them, unless the removal is
        `for_good`: then the versions that the credentials may list are removed as well.
        """
        try:
            for version in self._versions(name, for_good=for_good):
                with self._translated_errors(name):
                    self._client.delete_object(
                        Bucket=self.address.bucket, Key=self._key(name), **version
                    )
        except _Refused as error:
            if self.lock.is_offered:
                raise ObjectLocked(f"{name} is locked in the store.") from error
            raise

    def _versions(self, name: str, *, for_good: bool) -> Iterable[dict[str, str]]:
        """Return the arguments that remove each version of an object.

        A bucket with locks keeps versions: a delete marker would only hide them.
        """
        if not (self.lock.is_offered or for_good):
            return [{}]
        try:
            return self._list_versions(name)
        except StoreFailed:
            if self.lock.is_offered:
                raise
            # Many stores have no versions, and do not know this request.
            return [{}]

    def _list_versions(self, name: str) -> list[dict[str, str]]:
        key = self._key(name)
        with self._translated_errors(name):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self.address.bucket, Prefix=key
            )
            return [
                {"VersionId": each["VersionId"]}
                for page in pages
                for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                if each["Key"] == key
            ]

    def _locking(self, until: datetime | None) -> dict[str, Any]:
        """Return the arguments for locking an object; a bucket's own rule wins."""
        if until is None or not self.lock.is_offered or self.lock.is_default:
            return {}
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}

    def _require_arrived(self, name: str, data: bytes, answer: dict[str, Any]) -> None:
        """Raise StoreFailed if a store that checks nothing received other bytes."""
        match = _MD5.fullmatch(answer.get("ETag", ""))
        is_plain = "kms" not in answer.get("ServerSideEncryption", "")
        if match and is_plain and match["md5"] != _md5(data):
            raise StoreFailed(self._came_changed(name))

    def _key(self, name: str) -> str:
        prefix = self.address.prefix
        return f"{prefix}/{name}" if prefix else name

    @contextmanager
    def _translated_errors(self, name: str) -> Iterator[None]:
        """Translate the library's exceptions."""
        from botocore import exceptions as raised

        try:
            yield
        except raised.ClientError as error:
            raise self._of(str(error.response["Error"].get("Code")), name) from error
        except (
            raised.NoCredentialsError,
            raised.PartialCredentialsError,
        ) as error:
            raise StoreFailed(
                f"There are no credentials for {self.address.shown}: {_CREDENTIALS}"
            ) from error
        except (
            raised.HTTPClientError,
            raised.IncompleteReadError,
            raised.ConnectionError,
        ) as error:
            raise StoreFailed(self._away) from error
        except raised.BotoCoreError as error:
            kind = type(error).__name__
            raise StoreFailed(
                f"{self.address.shown} cannot be used ({kind}): see {_SETTINGS} and "
                "the settings beside it."
            ) from error

    def _of(self, code: str, name: str) -> StoreFailed:
        shown = self.address.shown
        if code == "PreconditionFailed":
            return _AlreadyThere(name)
        if code == "NoSuchBucket" or (code in _NOT_HERE and not name):
            return StoreFailed(
                f"There is no bucket {self.address.bucket} for {shown}: make it, or "
                f"correct {_SETTINGS}."
            )
        if code in _NOT_HERE:
            return ObjectMissing(f"{name} is missing in {shown}.")
        if code in _REFUSED:
            return _Refused(
                f"The store refuses the credentials for {shown} ({code}): "
                f"{_CREDENTIALS}"
            )
        if code in _CHANGED:
            return StoreFailed(self._came_changed(name))
        return StoreFailed(f"The store of {shown} answers {code}.")

    def _came_changed(self, name: str) -> str:
        return (
            f"{name} came changed to {self.address.shown}: it is sent again. If this "
            "goes on, see what lies between this machine and the store."
        )

    @property
    def _away(self) -> str:
        return (
            f"{self.address.shown} cannot be reached: see that the store runs, and the "
            "network to it."
        )


class _AlreadyThere(StoreFailed):
    """An object of this name is there."""


class _Refused(StoreFailed):
    """The store does not allow this with these credentials."""


_CREDENTIALS: Final = (
    "set CHARTROOM_BACKUP_S3_KEY_ID and CHARTROOM_BACKUP_S3_SECRET, or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to a key that may list, read, write "
    "and remove below the prefix."
)


@cache
def _descriptions() -> Any:
    """Return the loader of AWS's descriptions, megabytes of JSON, for all stores.

    botocore reads them again for each of its sessions, which is most of the time of a
    store's first request.
    """
    import botocore.session

    return botocore.session.get_session().get_component("data_loader")


def _checksum(data: bytes) -> dict[str, str]:
    return {
        "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": b64encode(sha256(data).digest()).decode(),
    }


def _md5(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()

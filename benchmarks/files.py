"""Documents in and out against raw GridFS with the same write concern and chunk size.

Run as `python -m benchmarks.files`; CHARTROOM_TEST_CLUSTER names a cluster to use. The
service inspects, hashes, encrypts and stores a PDF and writes its row; or it finds the
row, records the access and decrypts. The peer only moves bytes. Ratios are of bytes per
second: at least 0.5 for uploads of 100 kB, 0.6 for larger ones, and 0.7 for downloads.
The work without a counterpart in raw GridFS is the same however small the file: a
reader's process for each upload, and for each upload and each download a commit that
waits for the disks of two PostgreSQL servers. Other work on the machine makes every
process wait and so counts against the service, which has more of them: run it alone. It
pauses between two turns, or the aftermath of an answer would be counted against the
next one: replicas replay, files are written back, a reader is forked for the next file.
"""

import gc
import io
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4

import pikepdf
from bson import ObjectId
from gridfs import GridFSBucket
from pymongo import MongoClient, WriteConcern

from api.core.files.ranges import Span
from api.core.files.sending import pieces_of
from benchmarks.fresh import endpoints
from db.files.chunks import CHUNK
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.postgres import Database
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Role
from services.documents import records
from services.documents.records.drafts import DraftDocument
from services.documents.records.ingest import DocumentIngest
from services.documents.records.model import VersionRecord
from services.pdf.inspecting import PdfInspector

MB: Final = 1_000_000
# The sizes to upload, and how often.
SIZES: Final = ((100_000, "100 kB", 100), (MB, "1 MB", 60), (50 * MB, "50 MB", 9))
_REST_SECONDS: Final = 0.05
_PIECE: Final = 256 * 1024


@dataclass(frozen=True)
class Service:
    """The path of a document through the whole service."""

    files: FileStore
    ingest: DocumentIngest
    clinic: ActorDatabase

    def upload(self, source: BinaryIO) -> Any:
        """File a document as an upload does."""
        source.seek(0)
        content = self.ingest.receive(source, "scan.pdf")
        draft = DraftDocument(title="Scan")
        actor = self.clinic.actor
        filed = self.clinic.write(lambda s: records.file(s, actor, draft, content))
        return filed.value.id

    def download(self, document_id: UUID) -> int:
        """Read a document as a download does."""
        actor = self.clinic.actor
        _, pieces = self.clinic.read_ahead(
            lambda s: records.open_version(
                s, actor, document_id, None, purpose="download"
            ),
            self._pieces,
        )
        with closing(pieces):
            return sum(len(piece) for piece in pieces)

    def _pieces(self, version: VersionRecord) -> Generator[bytes]:
        whole = Span(0, version.filesize, version.filesize)
        return pieces_of(self.files, version, whole, lambda: None)


@dataclass(frozen=True)
class Store:
    """The path of a file into the encrypted store and out of it, without rows."""

    files: FileStore

    def upload(self, source: BinaryIO) -> Any:
        """Encrypt and store a file."""
        source.seek(0)
        put = self.files.put_stream(
            Bucket.DOCUMENTS, source, content_type="application/pdf"
        )
        return put.file_id

    def download(self, file_id: str) -> int:
        """Decrypt and verify a file."""
        with self.files.open(Bucket.DOCUMENTS, file_id) as stream:
            return sum(len(piece) for piece in iter(lambda: stream.read(_PIECE), b""))


@dataclass(frozen=True)
class Raw:
    """The path of a file into plain GridFS and out of it."""

    bucket: GridFSBucket

    def upload(self, source: BinaryIO) -> Any:
        """Store a file as it is."""
        source.seek(0)
        return self.bucket.upload_from_stream("scan.pdf", source)

    def download(self, file_id: ObjectId) -> int:
        """Read a file as it is."""
        with self.bucket.open_download_stream(file_id) as stream:
            return sum(len(piece) for piece in iter(lambda: stream.read(_PIECE), b""))


def main() -> dict[str, float]:
    """Print a line for each size and direction, and return the ratios."""
    ratios: dict[str, float] = {}
    with opened() as (service, raw):
        for size, name, rounds in SIZES:
            with pdf(size) as source:
                for ours, words in ((Store(service.files), "store"), (service, "all")):
                    ratios |= _compare(f"{name}, {words}", ours, raw, source, rounds)
    return ratios


@contextmanager
def opened() -> Iterator[tuple[Service, Raw]]:
    """Open a service on an empty database, and raw GridFS on the same MongoDB."""
    name, clerk = f"bench_{uuid4().hex}", Actor(uuid4(), "Cleo Clerk", Role.STAFF)
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        MongoClient[dict[str, Any]](_administrator(fresh.audit_url)) as client,
        closing(Database(fresh)) as database,
    ):
        keys = FileKeys(Path(folder) / "file.keys", may_be_made=True)
        url = _administrator(fresh.audit_url)
        durable = client[name].with_options(
            write_concern=WriteConcern(w="majority", j=True)
        )
        raw = Raw(GridFSBucket(durable, "raw", chunk_size_bytes=CHUNK))
        with (
            closing(FileStore(url, name, keys=keys)) as files,
            closing(PdfInspector()) as inspector,
        ):
            ingest = DocumentIngest(files, inspector, None, refuse_active=False)
            try:
                yield Service(files, ingest, ActorDatabase(database, clerk)), raw
            finally:
                client.drop_database(name)


def _administrator(audit_url: str) -> str:
    """Return the address without a database: a fresh one's audit log has its own."""
    server, _, options = audit_url.rpartition("?")
    return f"{server.rpartition('/')[0]}/?{options}"


@contextmanager
def pdf(size: int) -> Iterator[BinaryIO]:
    """Make a PDF of about this size, like a scanned page: mostly one large picture."""
    made = pikepdf.new()
    page = made.add_blank_page()
    side = int((size / 3) ** 0.5)
    picture = pikepdf.Stream(made, os.urandom(side * side * 3))
    picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    picture.Width = picture.Height = side
    picture.ColorSpace, picture.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
    page.Contents = pikepdf.Stream(made, b"q 600 0 0 700 0 0 cm /Im0 Do Q")
    # As Starlette keeps an upload: in a nameless file.
    with tempfile.TemporaryFile() as file:
        made.save(file)
        yield file


def _compare(
    name: str, ours: Service | Store, peer: Raw, source: BinaryIO, rounds: int
) -> dict[str, float]:
    size = source.seek(0, io.SEEK_END)
    ours_id, peer_id = ours.upload(source), peer.upload(source)
    if ours.download(ours_id) != size:
        raise ValueError("What comes back is not what was stored.")
    return {
        f"upload {name}": _in_turns(
            f"upload {name}",
            size,
            lambda: ours.upload(source),
            lambda: peer.upload(source),
            rounds=rounds,
        ),
        f"download {name}": _in_turns(
            f"download {name}",
            size,
            lambda: ours.download(ours_id),
            lambda: peer.download(peer_id),
            rounds=rounds,
        ),
    }


def _in_turns(
    name: str,
    size: int,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    rounds: int,
) -> float:
    """Print medians of bytes per second, and return ours / peer."""
    taken: tuple[list[float], list[float]] = ([], [])
    turns = [(ours, taken[0]), (peer, taken[1])]
    gc.collect()
    for _ in range(rounds):
        for operation, seconds in turns:
            sleep(_REST_SECONDS)
            begun = perf_counter()
            operation()
            seconds.append(perf_counter() - begun)
        turns.reverse()
    mine, theirs = (size / median(seconds) / MB for seconds in taken)
    ratio = mine / theirs
    print(
        f"{name}: ours {mine:.1f} MB/s, peer {theirs:.1f} MB/s, ratio {ratio:.2f}",
        flush=True,
    )
    return ratio


if __name__ == "__main__":
    main()

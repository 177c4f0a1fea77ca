"""What a repository has for its copy, in the order in which it is sent.

Files first, then the log, then sets, each set's manifest last: so whatever is listed
there is complete there. The record of how far the log reaches comes after everything.
"""

import io
import re
import tarfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.backups.backup_errors import SetBroken
from db.backups.log.archive import AuditPiece, LogArchive, LogPiece
from db.backups.log.segments import LogSegment
from db.backups.manifest import Manifest
from db.backups.readme import NAME as README
from db.backups.repository import Repository
from db.backups.strays import is_of_log

CLAIM: Final = "repository.json"
POSITION: Final = "log/position.json"
MANIFEST: Final = "manifest.json"
KIT: Final = "kit.json"
TIMES_LEFT: Final = "log/times-left.json"
# Which machine writes there; it is in the copy alone.
OWNER: Final = "owner.json"
KEPT_OPEN: Final = frozenset({CLAIM, OWNER, README})
_BUNDLE: Final = re.compile(
    r"log/(?P<segment>[0-9A-F]{24})\.(?P<first>[0-9A-F]{7})-(?P<end>[0-9A-F]{7})"
    r"\.pieces"
)
_FILE: Final = re.compile(r"files/([0-9a-f]{2})/\1[0-9a-f]{62}")
# The clock of a disk has coarse ticks: a folder that changed just now may change again
# within the same one.
_CLOCK_TICK_NS: Final = 2_000_000_000


def is_note(name: str) -> bool:
    """Return whether an object is readable here, and is sealed before sending."""
    return name.endswith(".json") and name not in KEPT_OPEN


def set_of(name: str) -> str | None:
    """Return the set that an object belongs to, by its name; None if to none."""
    folder, _, rest = name.partition("/")
    return rest.partition("/")[0] if folder == "sets" else None


def is_ours(name: str) -> bool:
    """Return whether an object may belong to a copy, by name; sets by their own."""
    folder, _, rest = name.partition("/")
    if folder == "log":
        is_known = is_of_log(rest) or name in {POSITION, TIMES_LEFT}
        return is_known or PieceBundle.parse(name) is not None
    if folder == "files":
        return _FILE.fullmatch(name) is not None
    return (
        name in KEPT_OPEN
        or name == KIT
        or (folder == "proofs" and name.endswith(".json"))
        or set_of(name) is not None
    )


def is_lasting(name: str) -> bool:
    """Return whether an object stays until it is too old; others are replaced soon."""
    folder, _, file = name.partition("/")
    if folder == "log":
        if (piece := LogPiece.parse(file)) is not None:
            return piece.is_whole
        is_replaced = AuditPiece.parse(file) or PieceBundle.parse(name)
        return not is_replaced and not is_note(name)
    return folder in {"sets", "files"}


@dataclass(frozen=True, slots=True)
class PieceBundle:
    """Pieces of the newest segment of the log that are sent as one object.

    A piece is sealed every 0.4 s: as separate objects they would cost more to send than
    to store.
    """

    segment: LogSegment
    first: int
    end: int

    @classmethod
    def parse(cls, name: str) -> "PieceBundle | None":
        """Parse an object's name; None for anything else than a bundle."""
        match = _BUNDLE.fullmatch(name)
        segment = LogSegment.parse(match["segment"]) if match else None
        if match is None or segment is None:
            return None
        return cls(segment, int(match["first"], 16), int(match["end"], 16))

    @property
    def name(self) -> str:
        """The name of the object."""
        return f"log/{self.segment.name}.{self.first:07X}-{self.end:07X}.pieces"

    def __contains__(self, piece: LogPiece) -> bool:
        return (
            piece.segment == self.segment
            and self.first <= piece.first
            and piece.end <= self.end
        )


def bundled(folder: Path, pieces: Iterable[LogPiece]) -> bytes:
    """Return pieces packed as one object. Raises OSError."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for piece in pieces:
            data = (folder / piece.name).read_bytes()
            header = tarfile.TarInfo(piece.name)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    return packed.getvalue()


def unbundled(name: str, packed: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pieces in an object with their names; raises SetBroken."""
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
            for member in tar:
                source = tar.extractfile(member) if member.isfile() else None
                if source is None or LogPiece.parse(member.name) is None:
                    raise SetBroken(f"{name} of the copy holds what is no log.")
                yield member.name, source.read()
    except (tarfile.TarError, EOFError) as error:
        raise SetBroken(f"{name} of the copy is not what was sent there.") from error


@dataclass(frozen=True, slots=True)
class LocalObjects:
    """What there is at one time; `position` is how far the log reached before it."""

    position: bytes | None
    sets: tuple[Manifest, ...]
    pieces: tuple[LogPiece, ...]
    others: tuple[str, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def bundles(
        self, there: Collection[str]
    ) -> Iterator[tuple[PieceBundle, list[LogPiece]]]:
        """Yield the missing pieces of unfinished segments, one bundle per segment."""
        sent = [bundle for name in there if (bundle := PieceBundle.parse(name))]
        new: dict[LogSegment, list[LogPiece]] = {}
        for piece in self.pieces:
            if not piece.is_whole and not any(piece in bundle for bundle in sent):
                new.setdefault(piece.segment, []).append(piece)
        for segment, some in new.items():
            first, end = some[0].first, max(piece.end for piece in some)
            yield PieceBundle(segment, first, end), some

    @property
    def whole(self) -> Iterator[str]:
        """The names of complete segments."""
        return (f"log/{piece.name}" for piece in self.pieces if piece.is_whole)

    def is_superseded(self, name: str, there: Collection[str]) -> bool:
        """Return whether a longer object that is there contains all of an object."""
        if bundle := PieceBundle.parse(name):
            return any(
                piece.segment == bundle.segment and f"log/{piece.name}" in there
                for piece in self.pieces
                if piece.is_whole
            )
        if (audit := AuditPiece.parse(name.removeprefix("log/"))) is None:
            return False
        others = filter(None, map(AuditPiece.parse, (n[4:] for n in self.others)))
        return any(
            other.first == audit.first
            and other.last > audit.last
            and f"log/{other.name}" in there
            for other in others
        )


class LocalListing:
    """Lists a repository repeatedly; of the files, only folders that changed."""

    def __init__(self, repository: Repository, archive: LogArchive) -> None:
        self._repository = repository
        self._archive = archive
        self._files: dict[str, tuple[int, tuple[str, ...]]] = {}

    def look(self) -> LocalObjects:
        """Return what there is, with all that its position needs or a replacement.

        Files are listed after the sets and the log that name them.
        """
        folder = self._repository.folder
        position = None
        with suppress(FileNotFoundError):
            position = (folder / POSITION).read_bytes()
        sets = self._repository.survey().sets
        listing = self._archive.listing()
        pieces = [piece for some in listing.pieces.values() for piece in some]
        # A file that is not part of the log is not sealed, and does not leave the
        # machine.
        others = [
            f"log/{name}"
            for name in self._archive.names()
            if LogPiece.parse(name) is None and is_of_log(name)
        ]
        notes = [KIT, TIMES_LEFT]
        notes += [f"proofs/{path.name}" for path in folder.glob("proofs/*.json")]
        return LocalObjects(
            position,
            sets,
            tuple(sorted(pieces, key=lambda piece: (piece.segment, piece.first))),
            tuple(sorted(others)),
            tuple(self._look_at_files()),
            tuple(name for name in sorted(notes) if (folder / name).is_file()),
        )

    def _look_at_files(self) -> Iterator[str]:
        for folder in sorted((self._repository.folder / "files").glob("??")):
            changed = folder.stat().st_mtime_ns
            known = self._files.get(folder.name)
            if known is None or known[0] != changed:
                names = tuple(sorted(path.name for path in folder.iterdir()))
                known = changed, names
                if time.time_ns() - changed > _CLOCK_TICK_NS:
                    self._files[folder.name] = known
            for name in known[1]:
                yield f"files/{folder.name}/{name}"

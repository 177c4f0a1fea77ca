"""Goes from a set along the log to a time: provides the log and finds the position."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

from db.backups.backup_errors import SetBroken
from db.backups.log.archive import LogArchive, LogPiece
from db.backups.log.segments import (
    SEGMENT_BYTES,
    LogSegment,
    TimelineHistory,
    history_name,
)
from db.backups.manifest import Manifest
from db.backups.sandbox import ReplayTarget, Sandbox
from db.embedded.processes.programs import Programs
from db.postgres import Lsn

_ENDED: Final = re.compile(
    r"len \(rec/tot\): *\d+/ *(?P<bytes>\d+),.*? lsn: (?P<lsn>[0-9A-F/]+),.*?"
    r"desc: (?P<kind>COMMIT|ABORT) (?P<at>[0-9-]+ [0-9:.]+) UTC"
)


@dataclass(frozen=True, slots=True)
class EndedTransaction:
    """The end of a transaction in the log: where, when, and whether it committed."""

    lsn: Lsn
    record_bytes: int
    at: datetime
    is_committed: bool


def add_log(
    sandbox: Sandbox,
    archive: LogArchive,
    history: TimelineHistory,
    pieces: list[LogPiece],
) -> None:
    """Put the sealed log where a sandbox replays it; raises SetBroken."""
    for segment, some in groupby(pieces, key=lambda piece: piece.segment):
        data = _read_segment(archive, segment, tuple(some))
        sandbox.add_log(segment.name, data.ljust(SEGMENT_BYTES, b"\0"))
    if history.timeline > 1:
        name = history_name(history.timeline)
        sandbox.add_log(name, archive.read(name))


def _read_segment(
    archive: LogArchive, segment: LogSegment, pieces: tuple[LogPiece, ...]
) -> bytes:
    """Return the listed part of a segment, or more of it.

    The log's keeper replaces pieces by the complete segment meanwhile.
    """
    while True:
        try:
            return b"".join(_opened(archive, piece) for piece in pieces)
        except SetBroken:
            now = archive.listing().pieces.get(segment, ())
            if now == pieces or not now or now[-1].end < pieces[-1].end:
                raise
            if any(piece.end != following.first for piece, following in pairwise(now)):
                raise
            pieces = now


def _opened(archive: LogArchive, piece: LogPiece) -> bytes:
    data = archive.read(piece.name)
    if len(data) != piece.end - piece.first:
        raise SetBroken(
            f"A piece of the log's segment {piece.segment.name} is not as long as its "
            "name says."
        )
    return data


def find_place(
    sandbox: Sandbox,
    manifest: Manifest,
    history: TimelineHistory,
    pieces: list[LogPiece],
    to: datetime,
    *,
    fork: Lsn | None = None,
) -> ReplayTarget:
    """Return where the clinic was at a time: after the last transaction ended by then.

    That is before any later change began, so no locks of a later change are in the way.
    Raises SetBroken if the log ends before anything shows that the time has passed, and
    if the position is beyond the `fork` at which this history was left.
    """
    names = sandbox.folder / "log-names"
    names.mkdir(mode=0o700)
    for segment in {piece.segment for piece in pieces}:
        # The program reads one timeline's files; the log itself runs through several.
        alias = LogSegment(history.timeline, segment.number)
        (names / alias.name).symlink_to(sandbox.data / "pg_wal" / segment.name)
    last: EndedTransaction | None = None
    for ended in _ended(sandbox.programs, names, history.timeline, manifest):
        if ended.is_committed and ended.at > to:
            break
        if ended.at <= to:
            last = ended
    else:
        raise SetBroken(
            f"The log that there is ends before {to:%Y-%m-%d %H:%M:%S.%f} UTC: its "
            "newest part is missing."
        )
    if last is not None and fork is not None and last.lsn >= fork:
        raise SetBroken(
            f"At {to:%Y-%m-%d %H:%M:%S.%f} UTC the log is on a history that the clinic "
            "has left."
        )
    if last is None:
        own = ReplayTarget.of(manifest)
        return ReplayTarget(own.lsn, history.timeline)
    return ReplayTarget(last.lsn, history.timeline, True, last.record_bytes)


def _ended(
    programs: Programs, folder: Path, timeline: int, manifest: Manifest
) -> Iterator[EndedTransaction]:
    """Yield the transactions in the log that ended after a set."""
    command = [
        programs.of_postgres("pg_waldump"),
        *(f"--path={folder}", f"--timeline={timeline}"),
        *(f"--start={manifest.reached_lsn}", "--rmgr=Transaction"),
    ]
    with subprocess.Popen(  # noqa: S603
        command,
        env=programs.environment | {"TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # It reports where the log ends, which is no error here.
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            for line in process.stdout:
                if (ended := _read(line)) is not None:
                    yield ended
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def _read(line: str) -> EndedTransaction | None:
    if (match := _ENDED.search(line)) is None:
        return None
    at = datetime.fromisoformat(match["at"]).replace(tzinfo=UTC)
    return EndedTransaction(
        Lsn.parse(match["lsn"]), int(match["bytes"]), at, match["kind"] == "COMMIT"
    )

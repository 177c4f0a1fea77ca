"""What the repository records beside the sets: proven restores, and failures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class DrillFigures:
    """What a restore drill measured, and the second of the window it went to first.

    `rto_seconds` is the time until the restored PostgreSQL answered, `rpo_seconds` the
    age of the newest second that could be gone to, and `restored_bytes` what was
    unpacked and replayed in that time.
    """

    any_second: datetime
    rto_seconds: float
    rpo_seconds: float
    restored_bytes: int

    @property
    def megabytes_per_second(self) -> float:
        """The speed at which rows came back."""
        return self.restored_bytes / 1e6 / self.rto_seconds


@dataclass(frozen=True, slots=True)
class Proof:
    """A restore into a sandbox that was checked from end to end, and what it showed.

    `is_compared` says whether every table was compared with what a replica had shown,
    `log_segments` how much log led from the set to another time than its own, if any. A
    drill, which has checked everything there is to check, adds its figures.
    `purged_files` counts files named in its rows that were purged since, and so are in
    no backup any more. `passed_over` is what is wrong with later sets, which were
    therefore not restored, and `from_copy` the location of the copy elsewhere from
    which everything was fetched, if it was.
    """

    set_id: str
    as_of: datetime
    proved_at: datetime
    seconds: float
    tables: int
    rows: int
    is_compared: bool
    files: int
    file_bytes: int
    audit_entries: int
    log_segments: int | None = None
    purged_files: int = 0
    drill: DrillFigures | None = None
    passed_over: tuple[str, ...] = ()
    from_copy: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Backups that failed: why the last one did, and how many did in a row."""

    at: datetime
    sentence: str
    # A note of an earlier version has no number.
    tries: int = 1


@dataclass(frozen=True, slots=True)
class LogPosition:
    """How far the sealed log reaches, and until when the rest was copied beside it.

    `until` is the time that the log leads to: one can go to any time before it, unless
    the log is cut off: then there is no backup from which it continues.
    """

    timeline: int
    lsn: str
    until: datetime | None
    files_until: datetime | None
    noted_at: datetime
    failure: str = ""
    is_cut_off: bool = False
    audit_until: datetime | None = None

    @property
    def leads_to(self) -> datetime | None:
        """The newest time that can be gone to, if any, with its files."""
        beside = self.beside_until
        if self.until is None or beside is None or self.is_cut_off:
            return None
        return min(self.until, beside)

    @property
    def beside_until(self) -> datetime | None:
        """Until when files and the audit log were copied beside the log.

        An earlier version copied the audit log only with each set, and recorded
        nothing.
        """
        if self.files_until is None or self.audit_until is None:
            return self.files_until
        return min(self.files_until, self.audit_until)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """A time that the clinic went back over: it is in no log any more.

    What was between `to` and `at` can be found in the data kept aside, or in a set of
    that time. `timeline` is the one that was gone back along: its log leads to times up
    to `to`. `begun` is the timeline that the clinic takes for going back: while an
    older one is written, the clinic never went back; nor did it if the servers have
    begun that timeline elsewhere in the log than at `begun_at`. Earlier versions
    recorded none of these.
    """

    to: datetime
    at: datetime
    timeline: int = 0
    begun: int = 0
    begun_at: str = ""

    def __contains__(self, timestamp: datetime) -> bool:
        return self.to < timestamp < self.at


PROOFS: Final = TypeAdapter(Proof)
FAILURES: Final = TypeAdapter(Failure)
POSITIONS: Final = TypeAdapter(LogPosition)
TIMES_LEFT: Final = TypeAdapter(tuple[TimeLeft, ...])

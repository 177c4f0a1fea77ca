"""Chooses which of a day's many backups may go without losing a second.

Hourly backups shorten the way to a second of the last days. Of older ones, one a day is
enough: the log leads from it to every second, as long as the log is there and lists the
files that came.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from db.backups.file_copies import CopiedFile, list_later_copies
from db.backups.log.archive import LogArchive
from db.backups.log.windows import LogReach, is_on
from db.backups.manifest import Manifest
from db.backups.repository import Survey
from services.backups import ALL_KEPT_FOR


def list_thinned(
    survey: Survey,
    reach: LogReach,
    proven: str | None,
    now: datetime,
    *,
    kept_since: datetime,
    stands_in: Callable[[Manifest, Manifest], bool],
) -> tuple[str, ...]:
    """Return the sets that may go, since one of their day stays; the oldest first.

    Of each day the newest of those that need the fewest others stays. So do those of
    the last two days, the proven one, the bases of any of them, and each without which
    some times could not be gone to. `stands_in` returns whether an earlier set, the
    first argument, leads to all files of another. Sets made before `kept_since` have no
    log kept: none of them stands in for a later one. Nothing goes while a set cannot be
    read, since it may be what another needs.
    """
    if survey.unusable:
        return ()
    kept = _kept_for_themselves(survey, proven, now - ALL_KEPT_FOR)
    needed = {base.set_id for each in kept for base in survey.bases_of(each)}
    # No log leads to a time that the clinic went back over: only its sets do.
    candidates = [
        each
        for each in survey.sets
        if each.set_id not in needed
        and not any(each.as_of in left for left in reach.times_left)
    ]
    going: set[str] = set()
    windows = reach.windows(survey.sets)
    # The newest first: a base may go only after the set based on it. A set that stands
    # in may go as well, since the one before it leads to everything that it leads to.
    for each in reversed(candidates):
        staying = [s for s in survey.sets if s.set_id not in going | {each.set_id}]
        if any(_is_based_on(other, each) for other in staying):
            continue
        if reach.windows(staying) != windows:
            continue
        before = _before(each, staying, reach)
        if before is None or before.as_of < kept_since:
            continue
        if stands_in(before, each):
            going.add(each.set_id)
    return tuple(each.set_id for each in candidates if each.set_id in going)


def lists_files_of(
    archive: LogArchive, copies_in: Callable[[Manifest], Iterable[CopiedFile]]
) -> Callable[[Manifest, Manifest], bool]:
    """Return a predicate: whether a set and the log after it list all files of another.

    The log lacks files that came while it was not kept. Raises SetBroken and OSError if
    that cannot be read.
    """

    def stands_in(before: Manifest, manifest: Manifest) -> bool:
        missing = {(copy.place, copy.sha256) for copy in copies_in(manifest)}
        missing.difference_update(
            (copy.place, copy.sha256) for copy in copies_in(before)
        )
        if not missing:
            return True
        for copy in list_later_copies(archive, before.began_at):
            missing.discard((copy.place, copy.sha256))
            if not missing:
                return True
        return False

    return stands_in


def _kept_for_themselves(
    survey: Survey, proven: str | None, before: datetime
) -> list[Manifest]:
    days: dict[date, list[Manifest]] = defaultdict(list)
    kept = []
    for each in survey.sets:
        if each.as_of >= before or each.set_id == proven or each is survey.newest:
            kept.append(each)
        else:
            days[each.as_of.astimezone(UTC).date()].append(each)
    return [*kept, *(_best(survey, some) for some in days.values())]


def _best(survey: Survey, sets: Iterable[Manifest]) -> Manifest:
    """Return the set that needs the fewest others, the newest of several."""
    return min(
        reversed(tuple(sets)), key=lambda each: len(tuple(survey.bases_of(each)))
    )


def _before(
    manifest: Manifest, staying: Iterable[Manifest], reach: LogReach
) -> Manifest | None:
    """Return the set from which the log leads to the time of a removed one."""
    earlier = [
        each
        for each in staying
        if each.as_of <= manifest.as_of and is_on(each, reach.history)
    ]
    return earlier[-1] if earlier else None


def _is_based_on(manifest: Manifest, base: Manifest) -> bool:
    return manifest.based_on is not None and manifest.based_on.set_id == base.set_id

"""Plain files, and small pictures of them, kept in memory for repeated requests."""

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from time import monotonic
from typing import Final

from cachetools import LRUCache, TTLCache

from services.pdf.sources import Sized, copied_to_memory, handed_over

_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_FILES: Final = 8
_SECONDS: Final = 20.0
# About four kilobytes each.
_MOST_PICTURES: Final = 2000
_MOST_SEEN: Final = 20_000
_SECONDS_SEEN: Final = 600.0


class KeptPictures:
    """Small pictures of pages, the most recent of which are kept.

    Too small to be read, they show which paper is which. The caller checks permissions
    each time. For use by any number of threads.
    """

    def __init__(self, *, most: int = _MOST_PICTURES) -> None:
        self._lock = Lock()
        self._pictures: LRUCache[str, bytes] = LRUCache(most)

    def get_or_draw(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """Return the picture with this key, drawn if it is not kept.

        The key must change with the bytes. Raises what drawing raises.
        """
        with self._lock:
            picture = self._pictures.get(key)
        if picture is None:
            picture = draw()
            with self._lock:
                self._pictures[key] = picture
        return picture


class PagesSeen:
    """Which pages somebody was just shown, so that reading their words needs no record.

    Showing a page is in the audit log; its words belong to the picture below them.
    Whatever is forgotten here is recorded once more. For use by any number of threads.
    """

    def __init__(self, *, seconds: float = _SECONDS_SEEN) -> None:
        self._lock = Lock()
        self._seen: TTLCache[Hashable, bool] = TTLCache(_MOST_SEEN, seconds)

    def add(self, person: Hashable, file: Hashable, page: int) -> None:
        """Remember that somebody was shown a page."""
        with self._lock:
            self._seen[person, file, page] = True

    def has(self, person: Hashable, file: Hashable, page: int) -> bool:
        """Return whether somebody was shown a page recently."""
        with self._lock:
            return (person, file, page) in self._seen


@dataclass(slots=True)
class _Kept:
    """An open file without a name, and until when it is kept."""

    file: int
    size: int
    until: float


class KeptFiles:
    """Files of which somebody may want another page, for as long as pages are turned.

    They are in memory, without a name, and few: files beyond the limits of number, size
    or age are closed, and files that are too large are not kept. The caller checks
    permissions each time. For use by any number of threads.
    """

    def __init__(
        self,
        *,
        most_bytes: int = _MOST_BYTES,
        most_files: int = _MOST_FILES,
        seconds: float = _SECONDS,
    ) -> None:
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._seconds = seconds
        self._lock = Lock()
        # In order of use, the most recent last.
        self._files: dict[str, _Kept] = {}
        self._lent_bytes = 0
        self._sweep: Timer | None = None

    @contextmanager
    def lent(
        self, key: str, open_: Callable[[], AbstractContextManager[Sized]]
    ) -> Iterator[int]:
        """Yield a descriptor of the file with this key, opened if it is not kept.

        The key must change with the bytes. Raises what opening and reading raise.
        """
        file = self._find(key)
        if file is not None:
            with self._on_loan(file):
                yield file
            return
        with open_() as source:
            file = self._copied(source)
            if file is None:
                with handed_over(source) as unkept:
                    yield unkept
                return
            self._keep(key, file)
            with self._on_loan(file):
                yield file

    def close(self) -> None:
        """Close all files; those on loan stay open until they are returned."""
        with self._lock:
            self._let_go(lambda _: True)

    def _copied(self, source: Sized) -> int | None:
        """Return a copy in memory, or None if there is no room for it.

        People waiting for a turn must not fill the memory: files on loan count.
        """
        with self._lock:
            room = self._most_bytes - self._lent_bytes
        return copied_to_memory(source, at_most=room)

    @contextmanager
    def _on_loan(self, file: int) -> Iterator[None]:
        size = os.fstat(file).st_size
        with self._lock:
            self._lent_bytes += size
        try:
            yield
        finally:
            os.close(file)
            with self._lock:
                self._lent_bytes -= size

    def _find(self, key: str) -> int | None:
        with self._lock:
            self._let_go(self._is_old)
            kept = self._files.pop(key, None)
            if kept is None:
                return None
            kept.until = monotonic() + self._seconds
            self._files[key] = kept
            return os.dup(kept.file)

    def _keep(self, key: str, file: int) -> None:
        size = os.fstat(file).st_size
        with self._lock:
            self._let_go(self._is_old)
            # Two threads may have opened it at the same time.
            if (former := self._files.pop(key, None)) is not None:
                os.close(former.file)
            until = monotonic() + self._seconds
            self._files[key] = _Kept(os.dup(file), size, until)
            while self._is_too_much():
                os.close(self._files.pop(next(iter(self._files))).file)
            self._sweep_later()

    def _is_too_much(self) -> bool:
        held = sum(kept.size for kept in self._files.values())
        return len(self._files) > self._most_files or held > self._most_bytes

    def _is_old(self, kept: _Kept) -> bool:
        return kept.until <= monotonic()

    def _let_go(self, is_done: Callable[[_Kept], bool]) -> None:
        for key in [key for key, kept in self._files.items() if is_done(kept)]:
            os.close(self._files.pop(key).file)

    def _sweep_later(self) -> None:
        """Make sure that files nobody asks for any more are closed as well."""
        if self._sweep is None and self._files:
            self._sweep = Timer(self._seconds / 2, self._sweep_now)
            self._sweep.daemon = True
            self._sweep.start()

    def _sweep_now(self) -> None:
        with self._lock:
            self._sweep = None
            self._let_go(self._is_old)
            self._sweep_later()

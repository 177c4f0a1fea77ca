"""The processes that serve pages: one, or several and the front before them."""

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboard.cli.launching import children
from dashboard.cli.launching.children import Child
from dashboard.web.front import caddy, sockets
from dashboard.web.public_address import local_host
from dashboard.web.startup_checks import CannotServe
from db import json_http
from db.embedded import CannotStart, DataFolder
from db.embedded.processes.cores import count_usable_cores
from db.settings import Settings

_MOST_BY_DEFAULT: Final = 4
_READY_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.05
_ASK_SECONDS: Final = 5.0
_DRAINED_SECONDS: Final = 65.0


def number_of(settings: Settings, say: Callable[[str], None]) -> int:
    """Return how many processes serve pages; raises CannotServe."""
    wanted = settings.servers or min(_MOST_BY_DEFAULT, count_usable_cores())
    if caddy.find() is not None or (wanted == 1 and not settings.https):
        return wanted
    if settings.https:
        raise CannotServe(
            f"{caddy.WITHOUT_CADDY}, which --https needs: leave --https out, and put "
            "a TLS proxy of your own in front."
        )
    say(
        f"{caddy.WITHOUT_CADDY}, which several web processes need: only one is started."
    )
    return 1


def names_of(number: int) -> tuple[str, ...]:
    """Return the names of `number` web processes behind the front."""
    return tuple(f"web-{index}" for index in range(1, number + 1))


@dataclass(slots=True)
class _Place:
    """Where the front finds a web process, and the process that listens there."""

    path: Path
    child: Child
    before: int | None = None

    def start(self) -> None:
        self.before = sockets.listener(self.path)
        self.child.start()

    @property
    def is_taken(self) -> bool:
        """Whether the process that was started here is the one that answers."""
        return sockets.listener(self.path) not in {self.before, None}


class WebProcesses:
    """The web processes of a launcher, and the front if there is one."""

    def __init__(self, settings: Settings, number: int) -> None:
        self._settings = settings
        self._folder = DataFolder(settings.data)
        self._places: list[_Place] = []
        # Those that were replaced, and are finishing their requests.
        self._leaving: list[Child] = []
        self._authority: ssl.SSLContext | None = None
        if number == 1 and not settings.https:
            self._others = [self._child("web")]
            return
        for name in names_of(number):
            path = caddy.web_socket(settings, name)
            child = self._child(name, "web", "--socket", str(path))
            self._places.append(_Place(path, child))
        self._others = [self._child("front", "front", "--servers", str(number))]

    def _child(self, name: str, *words: str) -> Child:
        return Child(name, self._folder.log(name), words)

    def all(self) -> list[Child]:
        """Return all current children, to be stopped together."""
        return [*self._lasting(), *self._leaving]

    def start(self) -> None:
        """Start the first process and the front, which wait for `begin`.

        The others follow once the clinic is open (`look_after`): loading our code takes
        each of them as much of a processor as the first, and the databases need it.
        """
        for place in self._places[:1]:
            place.start()
        for child in self._others:
            child.start()

    def prepare(self) -> None:
        """Have the first process behind the front get ready; nobody reaches it yet.

        A process without a front waits until the clinic opens.
        """
        for place in self._places[:1]:
            place.child.begin()

    def look_after(self) -> None:
        """Start what has not been started yet, and restart what has ended."""
        for child in self._lasting():
            child.look_after()

    def open(self) -> None:
        """Open to people, and return once requests are answered; raises CannotServe."""
        deadline = time.monotonic() + _READY_SECONDS
        if self._places:
            first = self._places[0]
            # A front that does not find it tries again only a second later.
            self._await(lambda: first.is_taken, deadline)
        for child in self._others:
            child.begin()
        self._await(self._is_healthy, deadline)

    def _await(self, condition: Callable[[], bool], deadline: float) -> None:
        while not condition():
            for child in self._started():
                _require_time(child, deadline)
            time.sleep(_PAUSE_SECONDS)

    def reload(self) -> Iterator[str]:
        """Replace the web processes one after another; yield what was done.

        Each ends once another one answers in its place: new connections reach that one,
        and running uploads and downloads are finished. Raises CannotServe.
        """
        if not self._places:
            raise CannotServe(
                "There is only one web process and no front before it, so it cannot "
                "be replaced without an interruption: stop Chartroom and start it "
                "again, or start it with --servers 2."
            )
        for place in self._places:
            self._replace(place)
            yield f"{place.child.name} is replaced."

    def _replace(self, place: _Place) -> None:
        old = place.child
        self._leaving.append(old)
        place.child = self._child(old.name, *old.words)
        try:
            place.start()
            place.child.begin()
            self._await_replaced(place)
        except (CannotServe, CannotStart, OSError) as error:
            children.stop([place.child])
            place.child = self._leaving.pop()
            raise CannotServe(str(error)) from error
        children.end(old)
        deadline = time.monotonic() + _DRAINED_SECONDS
        while old.is_running and time.monotonic() < deadline:
            self.look_after()
            time.sleep(_PAUSE_SECONDS)
        children.stop([old])
        self._leaving.remove(old)

    def _await_replaced(self, place: _Place) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not place.is_taken:
            _require_time(place.child, deadline)
            self.look_after()
            time.sleep(_PAUSE_SECONDS)

    def _started(self) -> list[Child]:
        return [*self._others, *(place.child for place in self._places[:1])]

    def _lasting(self) -> list[Child]:
        return [*self._others, *(place.child for place in self._places)]

    def _is_healthy(self) -> bool:
        host = local_host(self._settings)
        where = f"{f'[{host}]' if ':' in host else host}:{self._settings.port}"
        scheme = "https" if self._settings.https else "http"
        try:
            tls = self._own_authority()
        except OSError:
            # The front has not made its certificate yet.
            return False
        answer = json_http.ask(
            "GET", f"{scheme}://{where}/health", tls=tls, timeout_seconds=_ASK_SECONDS
        )
        return answer is not None and answer.is_ok

    def _own_authority(self) -> ssl.SSLContext | None:
        """Return a context that trusts the front, None without TLS; raises OSError."""
        if self._settings.https and self._authority is None:
            root = caddy.root_certificate(self._settings)
            self._authority = ssl.create_default_context(cafile=root)
        return self._authority


def _require_time(child: Child, deadline: float) -> None:
    if not child.is_running:
        raise CannotServe(
            f"The web server did not become ready: {children.last_words(child)} See "
            f"{child.log}."
        )
    if time.monotonic() > deadline:
        # What it wrote last is not why, and may be of the process before it.
        raise CannotServe(
            f"The web server did not become ready within {_READY_SECONDS:.0f} seconds: "
            f"see {child.log}, and how busy the machine is."
        )

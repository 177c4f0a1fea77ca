"""Counts the seconds in which the clinic was available: web servers and primary."""

import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Final
from urllib.parse import urlsplit

import httpx

from db.json_http import machine_trust
from services.cluster.performance import BUCKET, SecondsCounted

_PROBE_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 3.0
_OK: Final = 200
_HOUR_SECONDS: Final = 3600
# A day of spans of five minutes: for so long the counts can wait for a primary.
_MOST_SPANS: Final = 288


class AvailabilityCounter:
    """Shared by the thread that observes, once a second, and the one that writes."""

    def __init__(self, objective: float = 0.999) -> None:
        self._guard = Lock()
        self._budget = 1 - objective
        self._counted: dict[datetime, SecondsCounted] = {}
        self._down_at: deque[int] = deque()
        self._last = 0

    def count(self, at: datetime, *, web: bool, database: bool) -> None:
        """Count the second of an observation, once."""
        second = int(at.timestamp())
        with self._guard:
            if second <= self._last:
                return
            self._last = second
            is_up = web and database
            counted = SecondsCounted(is_up, not is_up, not web, not database)
            width = int(BUCKET.total_seconds())
            span = datetime.fromtimestamp(second // width * width, UTC)
            self._counted[span] = self._counted.get(span, SecondsCounted()) + counted
            while len(self._counted) > _MOST_SPANS:
                del self._counted[min(self._counted)]
            if not is_up:
                self._down_at.append(second)

    def waiting(self) -> dict[datetime, SecondsCounted]:
        """Return everything that waits to be written, by the beginning of its span."""
        with self._guard:
            return dict(self._counted)

    def forget(self, written: Mapping[datetime, SecondsCounted]) -> None:
        """Remove what has been written."""
        with self._guard:
            for span, seconds in written.items():
                left = self._counted.get(span, seconds) - seconds
                if left == SecondsCounted():
                    self._counted.pop(span, None)
                else:
                    self._counted[span] = left

    def burn_rate(self, at: datetime) -> float:
        """Return the error budget's burn rate of the last hour; at 1 it just lasts.

        It is by what this worker has seen; seconds that it has not seen do not count as
        lost.
        """
        with self._guard:
            since = at.timestamp() - _HOUR_SECONDS
            while self._down_at and self._down_at[0] <= since:
                self._down_at.popleft()
            return len(self._down_at) / _HOUR_SECONDS / self._budget


class WebProbe:
    """Asks the web servers for their health; one that answers is enough.

    `is_up` is None until one has answered for the first time, or if no address is
    known.
    """

    def __init__(self, addresses: Sequence[str] = ()) -> None:
        self._addresses = addresses
        self.is_up: bool | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is any address to ask."""
        return bool(self._addresses)

    def run(self, stopping: Event) -> None:
        """Ask every few seconds until `stopping` is set."""
        if not self._addresses:
            return
        with ExitStack() as held:
            clients = [
                (address, held.enter_context(_client_for(address)))
                for address in self._addresses
            ]
            while not stopping.is_set():
                began = time.monotonic()
                answers = any(_answers(*client) for client in clients)
                if answers or self.is_up is not None:
                    self.is_up = answers
                stopping.wait(max(0.0, began + _PROBE_SECONDS - time.monotonic()))


def _client_for(address: str) -> httpx.Client:
    parts = urlsplit(address)
    # With it, a server reached by an internal name answers as to its own machine.
    headers = {"Host": "localhost"} if parts.scheme == "http" else {}
    # On this machine the certificate is for the public name, or made by the front.
    is_here = _is_this_machine(parts.hostname or "")
    return httpx.Client(
        timeout=_ANSWER_SECONDS,
        headers=headers,
        verify=False if is_here else machine_trust(),
        trust_env=False,
    )


def _is_this_machine(host: str) -> bool:
    """Return whether the host is this machine: no other's address can be bound here."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, 0, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _answers(address: str, client: httpx.Client) -> bool:
    try:
        return client.get(address).status_code == _OK
    except httpx.HTTPError:
        return False

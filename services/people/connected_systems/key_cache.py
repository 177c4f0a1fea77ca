"""The keys of connected systems, cached for a few minutes once fetched."""

from collections.abc import Callable, Collection
from threading import Lock
from time import monotonic
from typing import Final

from cachetools import LRUCache, TTLCache

from services.people.connected_systems.key_fetching import (
    KeysUnavailable,
    Resolve,
    fetch_keys,
    resolve,
)
from services.people.connected_systems.public_keys import (
    MAX_JWKS_BYTES,
    InvalidKeys,
    PublicKey,
    parse_jwks,
    usable_keys,
)
from services.people.connected_systems.records import KeySource

# A key that a system withdraws at its address stays valid no longer than this.
_KEPT_SECONDS: Final = 300.0
# Systems change keys, and then sign with an unknown one: it is fetched at once, but not
# for every signature that names a key that nobody has.
_ANEW_AFTER_SECONDS: Final = 30.0
_MOST_KEPT: Final = 500

Keys = tuple[PublicKey, ...]


class SystemKeys:
    """Finds the key that a signature names; one instance per process."""

    def __init__(
        self,
        own_hosts: Collection[str] = (),
        *,
        clock: Callable[[], float] = monotonic,
        resolve: Resolve = resolve,
    ) -> None:
        self.own_hosts = frozenset(own_hosts)
        self._resolve = resolve
        self._kept: TTLCache[str, Keys] = TTLCache(_MOST_KEPT, _KEPT_SECONDS, clock)
        # Also for failed fetches: a host that does not answer is not asked again at
        # once.
        self._recent_fetches: TTLCache[str, bool]
        self._recent_fetches = TTLCache(_MOST_KEPT, _ANEW_AFTER_SECONDS, clock)
        self._turns: LRUCache[str, Lock] = LRUCache(_MOST_KEPT)
        self._lock = Lock()

    def find(self, source: KeySource, key_id: str) -> PublicKey | None:
        """Return the system's key with this id; raises KeysUnavailable."""
        if source.url is None:
            return _of_id(usable_keys(source.jwks or {"keys": []}), key_id)
        # Concurrent calls wait for the fetch of the first one.
        with self._turn_for(source.url):
            with self._lock:
                kept = self._kept.get(source.url)
                is_recent = source.url in self._recent_fetches
            key = _of_id(kept or (), key_id)
            if key is not None:
                return key
            if not is_recent:
                with self._lock:
                    self._recent_fetches[source.url] = True
                return _of_id(self.fetch(source.url), key_id)
        if kept is None:
            raise KeysUnavailable("The host of the keys did not answer.")
        return None

    def fetch(self, url: str) -> Keys:
        """Return the keys now at the address; raises KeysUnavailable."""
        content = fetch_keys(
            url, self.own_hosts, most=MAX_JWKS_BYTES, resolve=self._resolve
        )
        try:
            keys = usable_keys(parse_jwks(content))
        except InvalidKeys as error:
            raise KeysUnavailable(
                "What is at that address is not a JWK set."
            ) from error
        with self._lock:
            self._kept[url] = keys
        return keys

    def _turn_for(self, url: str) -> Lock:
        with self._lock:
            return self._turns.setdefault(url, Lock())


def _of_id(keys: Keys, key_id: str) -> PublicKey | None:
    return next((key for key in keys if key.id == key_id), None)

"""The addresses of a cluster, for programs and for whoever may do everything."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from db.embedded.folder import NODE_NAMES
from db.embedded.mongo import Mongo
from db.endpoints import Endpoints

DATABASE: Final = "chartroom"
OWNER: Final = "chartroom"
# There is no TLS and no Kerberos between programs on one machine: not asking for
# them saves two round trips per connection.
_LIBPQ: Final = {"sslmode": "disable", "gssencmode": "disable", "connect_timeout": "3"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of one cluster listen, and the passwords they ask for."""

    ports: dict[str, int]
    secrets: dict[str, str]

    @property
    def endpoints(self) -> Endpoints:
        """The addresses that Chartroom uses; its role owns its database, no more."""
        return self.endpoints_of(DATABASE)

    def endpoints_of(self, database: str) -> Endpoints:
        """Return the same addresses for another database of the cluster."""
        return Endpoints(
            self.primary_url(OWNER, database),
            {name: self.node_url(name, OWNER, database) for name in NODE_NAMES},
            self.mongo.url,
            {
                name: f"http://127.0.0.1:{self.ports[f'{name}-api']}"
                for name in NODE_NAMES
            },
        )

    def primary_url(self, role: str, database: str) -> str:
        """Return the URL that leads to whichever node takes writes."""
        return self._url(NODE_NAMES, role, database, target="read-write")

    def node_url(self, name: str, role: str, database: str) -> str:
        """Return the URL of one node, whatever its role in the cluster is."""
        return self._url((name,), role, database)

    @property
    def mongo(self) -> Mongo:
        """MongoDB's addresses."""
        return Mongo(
            self.ports["mongo"],
            self.secrets["mongo_admin"],
            self.secrets["mongo_chartroom"],
        )

    def _url(
        self,
        names: tuple[str, ...],
        role: str,
        database: str,
        target: str | None = None,
    ) -> str:
        hosts = ",".join(f"127.0.0.1:{self.ports[name]}" for name in names)
        options = _LIBPQ | ({"target_session_attrs": target} if target else {})
        login = f"{role}:{self.secrets[role]}"
        return f"postgresql://{login}@{hosts}/{database}?{urlencode(options)}"

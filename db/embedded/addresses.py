"""The addresses of a cluster, for programs and for whoever may do everything."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from db.embedded import database
from db.embedded.folder import NODE_NAMES
from db.embedded.mongo import Mongo
from db.endpoints import Endpoints

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
        """The addresses that Chartroom uses; none of them is an administrator's."""
        return self.endpoints_of(database.NAME)

    def endpoints_of(self, name: str) -> Endpoints:
        """Return the same addresses for another database of the cluster."""
        return Endpoints(
            self.primary_url(database.APP, name),
            {node: self.node_url(node, database.APP, name) for node in NODE_NAMES},
            self.mongo.url,
            {
                node: f"http://127.0.0.1:{self.ports[f'{node}-api']}"
                for node in NODE_NAMES
            },
            audit_url=self.mongo.audit_url,
            owner_url=self.primary_url(database.OWNER, name),
        )

    def primary_url(self, role: str, name: str) -> str:
        """Return the URL that leads to whichever node takes writes."""
        return self._url(NODE_NAMES, role, name, target="read-write")

    def node_url(self, node: str, role: str, name: str) -> str:
        """Return the URL of one node, whatever its role in the cluster is."""
        return self._url((node,), role, name)

    @property
    def mongo(self) -> Mongo:
        """MongoDB's addresses."""
        return Mongo(
            self.ports["mongo"],
            self.secrets["mongo_admin"],
            self.secrets["mongo_chartroom"],
            self.secrets["mongo_audit"],
        )

    def _url(
        self,
        nodes: tuple[str, ...],
        role: str,
        name: str,
        target: str | None = None,
    ) -> str:
        hosts = ",".join(f"127.0.0.1:{self.ports[node]}" for node in nodes)
        options = _LIBPQ | ({"target_session_attrs": target} if target else {})
        login = f"{role}:{self.secrets[role]}"
        return f"postgresql://{login}@{hosts}/{name}?{urlencode(options)}"

"""The addresses of a cluster, for programs and for whoever may do everything."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from db.embedded.servers import database_roles
from db.embedded.servers.membership import FOUNDERS, Members
from db.embedded.servers.mongo import Mongo
from db.endpoints import Endpoints

# There is no TLS and no Kerberos between programs on one machine: not asking for
# them saves two round trips per connection.
_LIBPQ: Final = {"sslmode": "disable", "gssencmode": "disable", "connect_timeout": "3"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of one cluster listen, and the passwords they ask for."""

    ports: dict[str, int]
    secrets: dict[str, str] = field(repr=False)
    members: Members = FOUNDERS
    control_url: str | None = None
    control_key: str = field(default="", repr=False)

    @property
    def endpoints(self) -> Endpoints:
        """The addresses that Chartroom uses; none of them is an administrator's."""
        return self.endpoints_of(database_roles.NAME)

    def endpoints_of(self, name: str) -> Endpoints:
        """Return the same addresses for another database of the cluster."""
        return Endpoints(
            self.primary_url(database_roles.APP, name),
            self._node_urls(self.members.ordinary, name),
            self.mongo.url,
            {
                node: f"http://127.0.0.1:{self.ports[f'{node}-api']}"
                for node in self.members.names
            },
            audit_url=self.mongo.audit_url,
            owner_url=self.primary_url(database_roles.OWNER, name),
            patroni_password=self.secrets["patroni_api"],
            delayed_urls=self._node_urls(self.members.delayed, name),
            control_url=self.control_url,
            control_key=self.control_key,
        )

    def primary_url(self, role: str, name: str) -> str:
        """Return the URL that leads to whichever node takes writes."""
        return self._url(self.members.ordinary, role, name, target="read-write")

    def node_url(self, node: str, role: str, name: str) -> str:
        """Return the URL of one node, whatever its role in the cluster is."""
        return self._url((node,), role, name)

    @property
    def administrator_url(self) -> str:
        """The URL of whoever may do everything on the primary."""
        return self.primary_url("postgres", "postgres")

    @property
    def mongo(self) -> Mongo:
        """MongoDB's addresses."""
        return Mongo(
            self.ports["mongo"],
            self.secrets["mongo_admin"],
            self.secrets["mongo_chartroom"],
            self.secrets["mongo_audit"],
            self.secrets["mongo_members"],
        )

    def _node_urls(self, nodes: Iterable[str], name: str) -> dict[str, str]:
        return {node: self.node_url(node, database_roles.APP, name) for node in nodes}

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

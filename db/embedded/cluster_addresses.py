"""The addresses of a cluster, for programs and for administrators."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from db.embedded.servers import database_roles
from db.embedded.servers.membership import FOUNDERS, Members
from db.embedded.servers.mongo import Mongo
from db.embedded.sites.standby_site import StandbySite
from db.endpoints import Endpoints

# There is no TLS and no Kerberos between programs on one machine: not asking for them
# saves two round trips per connection.
_LIBPQ: Final = {"sslmode": "disable", "gssencmode": "disable", "connect_timeout": "3"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of one cluster listen, and their passwords."""

    ports: dict[str, int]
    secrets: dict[str, str] = field(repr=False)
    members: Members = FOUNDERS
    control_url: str | None = None
    control_key: str = field(default="", repr=False)
    site: StandbySite | None = None

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
            site=self.followed.name if self.followed else None,
            main_url=self._main_url(name),
        )

    @property
    def followed(self) -> StandbySite | None:
        """The standby site that this is; None for a site that follows no other."""
        return self.site if self.site and self.site.is_following else None

    def primary_url(self, role: str, name: str) -> str:
        """Return the URL that leads to whichever node takes writes."""
        return self._url(self.members.ordinary, role, name, target="read-write")

    def node_url(self, node: str, role: str, name: str) -> str:
        """Return the URL of one node, whatever its role in the cluster is."""
        return self._url((node,), role, name)

    @property
    def administrator_url(self) -> str:
        """The URL of the superuser on the primary."""
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
            self.site.name if self.site else None,
        )

    def _node_urls(self, nodes: Iterable[str], name: str) -> dict[str, str]:
        return {node: self.node_url(node, database_roles.APP, name) for node in nodes}

    def _main_url(self, name: str) -> str | None:
        """Return the URL that leads to whichever server leads the main site."""
        if self.followed is None:
            return None
        return self._url_of(
            self.followed.main.postgres, database_roles.APP, name, target="read-write"
        )

    def _url(
        self,
        nodes: tuple[str, ...],
        role: str,
        name: str,
        target: str | None = None,
    ) -> str:
        places = tuple(f"127.0.0.1:{self.ports[node]}" for node in nodes)
        return self._url_of(places, role, name, target)

    def _url_of(
        self,
        places: tuple[str, ...],
        role: str,
        name: str,
        target: str | None = None,
    ) -> str:
        options = _LIBPQ | ({"target_session_attrs": target} if target else {})
        login = f"{role}:{self.secrets[role]}"
        return f"postgresql://{login}@{','.join(places)}/{name}?{urlencode(options)}"

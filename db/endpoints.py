"""Where the databases are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one running set of databases, passwords included.

    `database_url` is a libpq URL that may name several hosts and follows the leader
    (`target_session_attrs=read-write`). `replica_urls` maps a node's name to its own
    libpq URL, for every node: which of them is a replica changes over time.
    `audit_url` is MongoDB again, as the login that may only add to the audit log.
    `owner_url` leads to the primary as the owner of the schema, for migrations only;
    nothing that serves people needs to know it.
    `patroni_urls` maps the same names to Patroni's REST API; empty without Patroni.
    """

    database_url: str
    replica_urls: dict[str, str]
    mongo_url: str
    patroni_urls: dict[str, str]
    audit_url: str = ""
    owner_url: str | None = None

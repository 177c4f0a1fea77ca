"""Where the databases are."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

# How far behind a standby may be kept on purpose.
LONGEST_DELAY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one running set of databases, passwords included.

    `database_url` is a libpq URL that may name several hosts and follows the leader
    (`target_session_attrs=read-write`). `replica_urls` maps a node's name to its own
    libpq URL, for every node: which of them is a replica changes over time. `audit_url`
    is MongoDB again, with the login that may only add to the audit log. `owner_url`
    leads to the primary as the owner of the schema, for migrations only; nothing that
    serves people needs to know it. `patroni_urls` maps the same names to Patroni's REST
    API; empty without Patroni. Its commands require `patroni_password`, for the login
    `chartroom`. `delayed_urls` are standbys that replay later than the others on
    purpose: they are only read from to look up earlier data. `control_url` is the
    launcher's control server, which requires `control_key`; None if the servers are not
    embedded (see db.cluster.control_client). A standby site has a name, `site`, and
    `main_url`, which leads to the primary of the site that it follows: as long as
    nobody leads here, reads are recorded there.
    """

    database_url: str
    replica_urls: dict[str, str]
    mongo_url: str
    patroni_urls: dict[str, str]
    audit_url: str = ""
    owner_url: str | None = None
    patroni_password: str = field(default="", repr=False)
    delayed_urls: dict[str, str] = field(default_factory=dict)
    control_url: str | None = None
    control_key: str = field(default="", repr=False)
    site: str | None = None
    main_url: str | None = field(default=None, repr=False)

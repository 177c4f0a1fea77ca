"""Members of MongoDB's set that are at another site, until that site leads.

Such a member is hidden, has no vote and priority 0: it has all files and is never
waited for. A configuration is what `replSetGetConfig` returns.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, PyMongoError

# The tag that identifies a member of another site; members of the main site have none.
SITE_TAG: Final = "site"
_ANSWER_MS: Final = 3_000

Config = dict[str, Any]


def site_of_member(member: Mapping[str, Any]) -> str | None:
    """Return the other site that a member of the set is at; None for the main site."""
    site: str | None = member.get("tags", {}).get(SITE_TAG)
    return site


def config_of(client: MongoClient[dict[str, Any]]) -> Config:
    """Return the set's configuration, as the answering member has it."""
    config: Config = client.admin.command("replSetGetConfig")["config"]
    return config


def is_leading(place: str) -> bool | None:
    """Return whether the member at HOST:PORT takes writes, which needs no login.

    None if it does not answer.
    """
    waits: dict[str, Any] = dict.fromkeys(
        ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS"), _ANSWER_MS
    )
    with (
        suppress(PyMongoError),
        MongoClient[dict[str, Any]](
            f"mongodb://{place}/", directConnection=True, **waits
        ) as client,
    ):
        return bool(client.admin.command("hello").get("isWritablePrimary"))
    return None


def entered(config: Config, site: str | None, host: str) -> Config:
    """Return the configuration with a site's member, at this host and no other."""
    hidden = {
        "_id": 1 + max(member["_id"] for member in config["members"]),
        "host": host,
        "hidden": True,
        "priority": 0,
        "votes": 0,
        "tags": {SITE_TAG: site},
    }
    return _with(config, [*_others(config, site), hidden])


def left(config: Config, site: str) -> Config | None:
    """Return the configuration without a site's member; None if it has none."""
    others = _others(config, site)
    return None if others == config["members"] else _with(config, others)


def alone(config: Config, site: str | None) -> Config | None:
    """Return a configuration with a site's member as the only one, which leads.

    None if the set has no member of that site.
    """
    members = [m for m in config["members"] if site_of_member(m) == site]
    if not members:
        return None
    own = members[0]
    if config["members"] == [own] and not own.get("hidden"):
        return config
    return _with(config, [{key: own[key] for key in ("_id", "host", "tags")}])


def reconfigure(
    client: MongoClient[dict[str, Any]], config: Config, *, force: bool = False
) -> None:
    """Reconfigure the set; `force` if there is no majority left to agree."""
    # A member may drop all connections when its role changes: the caller looks again.
    with suppress(AutoReconnect):
        client.admin.command("replSetReconfig", config, force=force)


def _others(config: Config, site: str | None) -> list[dict[str, Any]]:
    return [m for m in config["members"] if site_of_member(m) != site]


def _with(config: Config, members: list[dict[str, Any]]) -> Config:
    return {
        "_id": config["_id"],
        "version": config["version"] + 1,
        "members": members,
    }

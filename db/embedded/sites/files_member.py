"""A site's MongoDB: a hidden member of the main site's set, until it leads its own.

It is hidden, has no vote and priority 0: it has all files and is never waited for. The
main site's writes are as quick, and as safe, as without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from db.embedded.servers.mongo import Mongo, taken_over
from db.mongo import site_members
from db.mongo.site_members import config_of, site_of_member

_ANSWER_MS: Final = 3_000


def is_entered(own: Mongo, main: str) -> bool:
    """Enter this member in the main site's set; return whether it knows it is in.

    A member that is already in the set goes on by itself, whether or not the main site
    answers.
    """
    hello = own.hello()
    if hello.get("setName"):
        return True
    if hello:
        with suppress(PyMongoError):
            _enter(own, main)
    return False


def is_following(own: Mongo) -> bool:
    """Return whether the member has all files, and receives new ones.

    A member that leads after an interrupted promotion has them as well.
    """
    hello = own.hello()
    return bool(hello.get("secondary") or hello.get("isWritablePrimary"))


def leave(main: Mongo, site: str) -> bool:
    """Remove a site from the main site's set; return whether it was in it."""
    with _administering(main, main.place) as client:
        changed = site_members.left(config_of(client), site)
        if changed is None:
            return False
        site_members.reconfigure(client, changed)
    return True


def lead(own: Mongo) -> None:
    """Make this member lead a set of its own, as the only member; idempotent.

    A member of the former set that comes back and reaches this one learns from it that
    it no longer belongs to any set, and takes no writes. Raises CannotStart if this
    member has itself been removed in that way.
    """
    with _administering(own, own.place) as client:
        config = config_of(client)
        changed = site_members.alone(config, own.site)
        if changed is None:
            raise taken_over(site_of_member(config["members"][0]))
        if changed != config:
            site_members.reconfigure(client, changed, force=True)


def is_still_main(main: Mongo) -> bool:
    """Return whether this site still leads; raises CannotStart if another one does.

    The set's configuration says where such sites are; until it can be read the answer
    is no. Of a site that does not answer nothing is known: docs/runbooks/lost-site.md
    says what keeps it from doing harm.
    """
    try:
        with _administering(main, main.place) as client:
            members = config_of(client)["members"]
    except (AutoReconnect, OperationFailure):
        # The member is starting, or has just learned that it no longer belongs to any
        # set, upon which it drops all connections.
        return False
    if all(site_of_member(member) != main.site for member in members):
        # The newest configuration is that of a site that leads, whether it answers or
        # not.
        raise taken_over(site_of_member(members[0]))
    for member in members:
        site = site_of_member(member)
        if site not in {None, main.site} and site_members.is_leading(member["host"]):
            raise taken_over(site)
    return True


def other_sites(own: Mongo) -> tuple[str, ...]:
    """Return the addresses of other invited sites' members; raises PyMongoError."""
    with _administering(own, own.place) as client:
        members = config_of(client)["members"]
    return tuple(
        m["host"] for m in members if site_of_member(m) not in {None, own.site}
    )


def _enter(own: Mongo, main: str) -> None:
    with _administering(own, main) as client:
        changed = site_members.entered(config_of(client), own.site, own.place)
        site_members.reconfigure(client, changed)


@contextmanager
def _administering(server: Mongo, place: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """Sign in at a member as the administrator, who is the same on all of them."""
    with MongoClient[dict[str, Any]](
        f"mongodb://admin:{server.admin_password}@{place}/?authSource=admin", **_waits()
    ) as client:
        yield client


def _waits() -> dict[str, Any]:
    return {
        "directConnection": True,
        "serverSelectionTimeoutMS": _ANSWER_MS,
        "connectTimeoutMS": _ANSWER_MS,
        "socketTimeoutMS": 5 * _ANSWER_MS,
    }

"""A site's MongoDB: a hidden member of the main site's set, until it leads its own.

Hidden, without a vote and without a wish to lead, it has all files and is never waited
for: the main site's writes are as quick, and as safe, as without it.
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
    """See that the main site's set has this member; tell whether this one knows it.

    One that is in the set already goes on by itself, whether or not the main site
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
    """Tell whether the member has all files, and gets those that are added.

    One that leads after a promotion that was cut short has them as well.
    """
    hello = own.hello()
    return bool(hello.get("secondary") or hello.get("isWritablePrimary"))


def leave(main: Mongo, site: str) -> bool:
    """Take a site out of the main site's set; tell whether it was there."""
    with _administering(main, main.place) as client:
        changed = site_members.left(config_of(client), site)
        if changed is None:
            return False
        site_members.reconfigure(client, changed)
    return True


def lead(own: Mongo) -> None:
    """Have this member lead a set of its own, of which nobody else is; idempotent.

    A member of the former set that comes back, and reaches this one, is told by it that
    it belongs to no set any more, and takes no writes. Raises CannotStart where this
    member was told so itself.
    """
    with _administering(own, own.place) as client:
        config = config_of(client)
        changed = site_members.alone(config, own.site)
        if changed is None:
            raise taken_over(site_of_member(config["members"][0]))
        if changed != config:
            site_members.reconfigure(client, changed, force=True)


def is_still_main(main: Mongo) -> bool:
    """Tell whether no site that followed this one leads; raise CannotStart if one does.

    It is known by the set's configuration where such sites are; until that can be read
    the answer is no. Of a site that does not answer nothing is known:
    docs/runbooks/lost-site.md says what keeps it from harm.
    """
    try:
        with _administering(main, main.place) as client:
            members = config_of(client)["members"]
    except (AutoReconnect, OperationFailure):
        # It is on its way, or has just heard that it belongs to no set any more, with
        # which it hangs up on everybody.
        return False
    if all(site_of_member(member) != main.site for member in members):
        # The newest configuration is of a site that leads, whether it answers or not.
        raise taken_over(site_of_member(members[0]))
    for member in members:
        site = site_of_member(member)
        if site not in {None, main.site} and site_members.is_leading(member["host"]):
            raise taken_over(site)
    return True


def other_sites(own: Mongo) -> tuple[str, ...]:
    """Return where members of other invited sites are; raises PyMongoError."""
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
    """Sign in at a member as the administrator, who is the same at each of them."""
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

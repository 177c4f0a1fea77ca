"""What a data folder remembers of sites: the one it follows, those it has invited."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from db.cluster.site_slots import slot_of
from db.embedded.data_folder import DataFolder, read_json
from db.embedded.servers import membership
from db.embedded.servers.membership import Member, Members
from db.embedded.sites.invitation import MainSite, SiteInvitation

_FOLLOWED: Final = "site.json"
_INVITED: Final = "invited-sites.json"
_SERVERS: Final = 3


@dataclass(frozen=True, slots=True)
class StandbySite:
    """A site that follows the main one, or did until it was promoted.

    `rows_at` and `files_at` are the times as of which it had rows and files when its
    promotion began: its servers cannot tell that later.
    """

    name: str
    main: MainSite
    promoted_at: str | None = None
    rows_at: str | None = None
    files_at: str | None = None

    @property
    def is_following(self) -> bool:
        """Whether the site has not been promoted yet."""
        return self.promoted_at is None

    @property
    def standby_cluster(self) -> dict[str, Any]:
        """Patroni's setting by which the site's first server follows the main one.

        Of several addresses it uses the one that leads, whichever that is.
        """
        places = [place.rpartition(":") for place in self.main.postgres]
        return {
            "host": ",".join(host for host, _, _ in places),
            "port": ",".join(port for _, _, port in places),
            "primary_slot_name": slot_of(self.name),
            "create_replica_methods": ["basebackup"],
        }


def remembered(folder: DataFolder) -> StandbySite | None:
    """Return the site that a data folder is; None for one that never followed."""
    content = read_json(folder.path / _FOLLOWED)
    if not content:
        return None
    main = content["main"]
    return StandbySite(
        content["name"],
        MainSite(tuple(main["postgres"]), tuple(main["patroni"]), main["mongo"]),
        content["promoted_at"],
        content.get("rows_at"),
        content.get("files_at"),
    )


def join(folder: DataFolder, invitation: SiteInvitation) -> None:
    """Make a data folder a standby site, with the site's name in its servers' names.

    A server here with the name of one of the main site's own would be taken for that
    one, and commits there would wait for it.
    """
    numbers = range(1, _SERVERS + 1)
    names = (f"db-{invitation.site}-{number:02}" for number in numbers)
    membership.remember(folder, Members(tuple(Member(name) for name in names)))
    _write(folder, StandbySite(invitation.site, invitation.main))


def note_begun(
    folder: DataFolder, rows_at: datetime, files_at: datetime | None
) -> None:
    """Record as of when a site's data are, before it leads."""
    site = remembered(folder)
    assert site is not None  # noqa: S101 - only a site is promoted
    files = files_at.isoformat() if files_at else None
    _write(folder, replace(site, rows_at=rows_at.isoformat(), files_at=files))


def note_promoted(folder: DataFolder) -> None:
    """Record that a site leads: from here on it follows nobody, however started."""
    site = remembered(folder)
    assert site is not None  # noqa: S101 - only a site is promoted
    if site.is_following:
        _write(folder, replace(site, promoted_at=datetime.now(UTC).isoformat()))


def invited(folder: DataFolder) -> dict[str, str]:
    """Return the sites that a data folder's clinic has invited, and when."""
    return {name: str(at) for name, at in read_json(folder.path / _INVITED).items()}


def note_invited(folder: DataFolder, site: str) -> None:
    """Record that a site may follow."""
    sites = invited(folder) | {site: datetime.now(UTC).isoformat()}
    folder.write(folder.path / _INVITED, json.dumps(sites, indent=1))


def note_forgotten(folder: DataFolder, site: str) -> None:
    """Record that a site no longer follows."""
    sites = {name: at for name, at in invited(folder).items() if name != site}
    folder.write(folder.path / _INVITED, json.dumps(sites, indent=1))


def _write(folder: DataFolder, site: StandbySite) -> None:
    folder.write(folder.path / _FOLLOWED, json.dumps(asdict(site), indent=1))

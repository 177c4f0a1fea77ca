"""The file by which another site joins: the main site's addresses, and keys.

The keys are a recovery kit's, sealed to a passphrase; the addresses are in plain text.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from db.embedded.data_folder import CannotStart

# Part of the names of servers and of slots, in which PostgreSQL allows no dash.
_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class MainSite:
    """Where the servers are that a standby site follows; each as host:port."""

    postgres: tuple[str, ...]
    patroni: tuple[str, ...]
    mongo: str


@dataclass(frozen=True, slots=True)
class SiteInvitation:
    """What `invite-site` makes and `join-site` reads; `kit` opens with a passphrase."""

    site: str
    main: MainSite
    kit: str

    def packed(self) -> str:
        """Return the invitation as the text of a file."""
        return _INVITATIONS.dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def read(cls, path: Path) -> "SiteInvitation":
        """Read a file; raises CannotStart if it is missing or something else."""
        try:
            return _INVITATIONS.validate_json(path.read_text())
        except OSError as error:
            raise CannotStart(
                f"The invitation {path} cannot be read "
                f"({(error.strerror or str(error)).lower()}): name its file."
            ) from error
        except (ValidationError, UnicodeDecodeError) as error:
            # Without its cause, which may quote what somebody keeps in the file.
            raise CannotStart(
                f"{path} is not a site's invitation: make one at the main site with "
                "python -m dashboard invite-site."
            ) from error


_INVITATIONS: Final = TypeAdapter(SiteInvitation)


def require_site_name(name: str) -> str:
    """Return the name of a site; raises CannotStart unless it is a valid one."""
    if not _NAME.fullmatch(name):
        raise CannotStart(
            "Name the site with one to sixteen small letters and digits, a letter "
            "first, such as north."
        )
    return name

"""Which nodes the embedded cluster has, remembered from start to start."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Final

from db.embedded.data_folder import DataFolder, read_json

_FILE: Final = "members.json"


@dataclass(frozen=True, slots=True)
class Member:
    """A node by name; a delayed standby replays this many seconds later."""

    name: str
    delayed_seconds: int | None = None

    @property
    def is_delayed(self) -> bool:
        """Whether the node lags on purpose: it never leads, nobody waits for it."""
        return self.delayed_seconds is not None


@dataclass(frozen=True, slots=True)
class Members:
    """The nodes there are, and the names of nodes whose traces must be removed."""

    staying: tuple[Member, ...]
    leaving: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes there are."""
        return tuple(member.name for member in self.staying)

    @property
    def ordinary(self) -> tuple[str, ...]:
        """The names of the nodes that may lead."""
        return tuple(m.name for m in self.staying if not m.is_delayed)

    @property
    def delayed(self) -> tuple[str, ...]:
        """The names of the delayed standbys."""
        return tuple(member.name for member in self.staying if member.is_delayed)

    def joined_by(self, delayed_seconds: int | None) -> "Members":
        """Return the members with one more at the end, under a name that is free.

        The name begins as the others' do: at another site those contain the site's
        name.
        """
        taken = {*self.names, *self.leaving}
        numbers = range(1, len(taken) + 2)
        prefix = self.staying[0].name.rpartition("-")[0]
        names = (f"{prefix}-{number:02}" for number in numbers)
        name = next(name for name in names if name not in taken)
        return replace(self, staying=(*self.staying, Member(name, delayed_seconds)))

    def left_by(self, name: str) -> "Members":
        """Return the members while this one is on its way out."""
        staying = tuple(member for member in self.staying if member.name != name)
        return Members(staying, (*self.leaving, name))

    def without_traces_of(self, name: str) -> "Members":
        """Return the members after the last trace of a removed one is gone."""
        leaving = tuple(other for other in self.leaving if other != name)
        return replace(self, leaving=leaving)


FOUNDERS: Final = Members((Member("db-01"), Member("db-02"), Member("db-03")))


def remembered(folder: DataFolder) -> Members:
    """Return the members of this folder's cluster; three before its first start."""
    content = read_json(folder.path / _FILE)
    if not content:
        return FOUNDERS
    staying = tuple(Member(**given) for given in content["staying"])
    return Members(staying, tuple(content["leaving"]))


def remember(folder: DataFolder, members: Members) -> None:
    """Keep the members for the next start."""
    folder.write(folder.path / _FILE, json.dumps(asdict(members), indent=1))

"""What can be sent by mail: a dashboard, or a saved list."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SavedList:
    """A view of patients, or a cohort, that its owner has saved under a name."""

    view_id: UUID


#: What is sent: a dashboard by its id, one in BUILT_IN by its name, or a saved list.
Content = UUID | str | SavedList


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuestion:
    """A saved list as it is now: its name, and the key that recalls its criteria."""

    name: str
    key: str
    is_cohort: bool

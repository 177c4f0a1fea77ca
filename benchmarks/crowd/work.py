"""The work of the clinic's people, in whichever app they do it.

Each role repeats its round. The steps are an app's own; the mix and the pace are the
same, so that two apps can be compared with one crowd.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from benchmarks.crowd.person import Person
from services.core.actors import Role

# In a crowd of a hundred; a smaller crowd has at least one of each role.
SHARES: Final[Mapping[Role, int]] = {
    Role.STAFF: 40,
    Role.CLINICIAN: 28,
    Role.PATIENT: 22,
    Role.ANALYST: 8,
    Role.ADMIN: 2,
}
_WATCHES_FOR: Final = 4


class Work(ABC):
    """The steps of one person in one app; each begins with a pause for thought."""

    # The address at which each role's round begins.
    starts: Mapping[Role, str]

    def __init__(self, person: Person) -> None:
        self.person = person

    async def start(self, role: Role) -> None:
        """Open the page with which the role's round begins."""
        await self.person.open(self.starts[role])

    def happens(self, share: float) -> bool:
        """Return whether an occasional step is taken this time."""
        return self.person.random.random() < share

    @abstractmethod
    async def list_records(self) -> None:
        """Open the list of patients."""

    @abstractmethod
    async def search(self) -> None:
        """Search the list for a name."""

    @abstractmethod
    async def turn_page(self) -> None:
        """Go to the list's next page, if it has one."""

    @abstractmethod
    async def sort(self) -> None:
        """Sort the list in another order."""

    @abstractmethod
    async def see_charts(self) -> None:
        """Unfold the list's charts."""

    @abstractmethod
    async def open_record(self) -> bool:
        """Open a patient of the list; return whether there is one."""

    @abstractmethod
    async def save_form(self) -> None:
        """Change the open patient's record in a form."""

    @abstractmethod
    async def book(self) -> None:
        """Book a visit, for the open patient or for oneself."""

    @abstractmethod
    async def upload(self) -> None:
        """File a letter of 100 kB."""

    @abstractmethod
    async def list_documents(self) -> None:
        """Open the list of documents."""

    @abstractmethod
    async def list_visits(self) -> None:
        """Open one's own visits."""

    @abstractmethod
    async def turn_day(self) -> None:
        """Go to another day."""

    @abstractmethod
    async def read_log(self) -> None:
        """Open the page that is looked at now and then."""


async def _front_desk(work: Work) -> None:
    await work.search()
    await work.turn_page()
    if not await work.open_record():
        return
    if work.happens(0.4):
        await work.save_form()
    if work.happens(0.4):
        await work.book()
    elif work.happens(0.3):
        await work.upload()


async def _clinician(work: Work) -> None:
    await work.turn_day()
    await work.list_records()
    await work.turn_page()
    if not await work.open_record():
        return
    if work.happens(0.3):
        await work.save_form()
    if work.happens(0.3):
        await work.upload()
    await work.list_documents()


async def _patient(work: Work) -> None:
    await work.list_visits()
    await work.list_documents()
    if work.happens(0.2):
        await work.book()


async def _analyst(work: Work) -> None:
    await work.sort()
    await work.turn_page()
    await work.see_charts()
    await work.turn_page()


async def _administrator(work: Work) -> None:
    # The page of the servers refreshes itself meanwhile.
    for _ in range(_WATCHES_FOR):
        await work.person.think()
    await work.read_log()


ROUNDS: Final[Mapping[Role, Callable[[Work], Awaitable[None]]]] = {
    Role.STAFF: _front_desk,
    Role.CLINICIAN: _clinician,
    Role.PATIENT: _patient,
    Role.ANALYST: _analyst,
    Role.ADMIN: _administrator,
}


def roles_of(people: int) -> list[Role]:
    """Return the roles of a number of people, in the mix of a working day."""
    each = {role: max(1, people * share // 100) for role, share in SHARES.items()}
    each[Role.STAFF] += people - sum(each.values())
    return [role for role, number in each.items() for _ in range(number)][:people]

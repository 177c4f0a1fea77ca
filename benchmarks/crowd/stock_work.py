"""The same steps in the stock app: as many requests, of the same kinds."""

from collections.abc import Mapping
from typing import Final

from benchmarks.crowd.letters import letter
from benchmarks.crowd.work import Work
from services.core.actors import Role

# As the app shows them; importing the app would run it.
_ROWS: Final = 20


class StockWork(Work):
    """The steps of the crowd in the stock app."""

    starts: Mapping[Role, str] = {
        Role.STAFF: "/",
        Role.CLINICIAN: "/",
        Role.PATIENT: "/record",
        Role.ANALYST: "/",
        Role.ADMIN: "/status",
    }

    async def list_records(self) -> None:
        """Open the list."""
        await self.person.think()
        await self.person.tab.go("")

    async def search(self) -> None:
        """Type something else."""
        await self.person.think()
        typed = f"name {self.person.random.random()}"
        await self.person.tab.change({"list_search": typed})

    async def turn_page(self) -> None:
        """Press a button below the rows."""
        await self.person.think()
        await self.person.tab.press("list_next")

    async def sort(self) -> None:
        """Choose another order."""
        await self.person.think()
        order = self.person.random.choice(("born", "age"))
        await self.person.tab.change({"list_sort": order})

    async def see_charts(self) -> None:
        """Unfold the chart."""
        await self.person.think()
        await self.person.tab.change({"list_charts": True})

    async def open_record(self) -> bool:
        """Choose one of the rows."""
        await self.person.think()
        row = self.person.random.randrange(_ROWS)
        await self.person.tab.change({"list_table": [row]})
        return True

    async def save_form(self) -> None:
        """Open the form, and send it."""
        await self.person.think()
        await self.person.tab.go("record")
        await self.person.think()
        number = f"+44163296{self.person.random.randrange(10_000):04}"
        await self.person.tab.press("record_save", {"record_phone_number": number})

    async def book(self) -> None:
        """Choose a time in three steps."""
        await self.person.think()
        await self.person.tab.go("record")
        await self.person.think()
        speciality = self.person.random.choice(("Cardiology", "Radiology"))
        await self.person.tab.change({"record_speciality": speciality})
        await self.person.think()
        await self.person.tab.press("record_hold")
        await self.person.think()
        await self.person.tab.press("record_confirm")

    async def upload(self) -> None:
        """Send a letter."""
        await self.person.think()
        await self.person.tab.go("record")
        await self.person.think()
        name, data = letter()
        await self.person.tab.choose_file("record_files", name, data)
        await self.person.think()
        await self.person.tab.press("record_file")

    async def list_documents(self) -> None:
        """Open the list."""
        await self.list_records()

    async def list_visits(self) -> None:
        """Open the list."""
        await self.list_records()

    async def turn_day(self) -> None:
        """Have the page run again."""
        await self.search()

    async def read_log(self) -> None:
        """Open the list."""
        await self.list_records()

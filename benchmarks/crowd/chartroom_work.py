"""The steps of a working day in Chartroom."""

from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.crowd.browser import Interrupted
from benchmarks.crowd.letters import letter
from benchmarks.crowd.person import Person
from benchmarks.crowd.saves import Saves
from benchmarks.crowd.work import Work
from services.core.actors import Role

_YEAR_OF_BIRTH: Final = "birth_year"


class ChartroomWork(Work):
    """What people do in Chartroom, in the mix of a working day."""

    starts: Mapping[Role, str] = {
        Role.STAFF: "/patients",
        Role.CLINICIAN: "/day",
        Role.PATIENT: "/my_record",
        Role.ANALYST: "/patients",
        Role.ADMIN: "/replication",
    }

    def __init__(
        self,
        person: Person,
        names: Sequence[str],
        saves: Saves | None = None,
    ) -> None:
        """Work with these names; `saves` records each patient's new phone number."""
        super().__init__(person)
        self._names = names
        self._saves = Saves() if saves is None else saves
        self._patient = ""

    async def list_records(self) -> None:
        """Open the list of patients."""
        await self.person.think()
        await self.person.tab.go("patients")

    async def search(self) -> None:
        """Search the list for a name that somebody has."""
        await self.person.think()
        name = self.person.random.choice(self._names)
        await self.person.tab.change({"patients_search": name})

    async def turn_page(self) -> None:
        """Go to the next page, if there is one."""
        await self.person.think()
        if self.person.tab.screen.is_open("patients_next"):
            await self.person.tab.press("patients_next")

    async def sort(self) -> None:
        """Sort by what analysts see of a birth, in alternating direction."""
        await self.person.think()
        wanted = {"order": _YEAR_OF_BIRTH, "adds": False}
        await self.person.tab.tell("patients_table", "sorted", wanted)

    async def see_charts(self) -> None:
        """Unfold the charts of the list, which stay unfolded."""
        await self.person.think()
        await self.person.tab.change({"patients_charts": True})

    async def open_record(self) -> bool:
        """Open one of the patients who are shown."""
        await self.person.think()
        tab = self.person.tab
        rows = tab.screen.payload("patients_table").get("rows", [])
        if not rows:
            return False
        self._patient = self.person.random.choice(rows)["id"]
        await tab.tell("patients_table", "opened", self._patient)
        return True

    async def save_form(self) -> None:
        """Give the patient a new phone number, again if the connection was lost."""
        await self.person.think()
        await self.person.tab.press("patient_edit")
        await self.person.think()
        number = f"+44163296{self.person.random.randrange(10_000):04}"
        try:
            await self._save(number)
        except Interrupted:
            self.person.browser.journal.interrupted += 1
            await self.person.think()
            if "edit_save" not in self.person.tab.screen:
                await self.person.tab.press("patient_edit")
            await self._save(number)

    async def _save(self, number: str) -> None:
        save = self._saves.send(self._patient, number)
        tab = self.person.tab
        await tab.press("edit_save", {"edit_phone_number": number})
        if "edit_resolve" in tab.screen:
            # Somebody else has saved this patient meanwhile; both versions are shown.
            self.person.browser.journal.lost_races += 1
            await self.person.think()
            await tab.press("edit_discard")
        elif "patient_edit" in tab.screen:
            save.confirm()

    async def book(self) -> None:
        """Hold a time of a speciality, and confirm it unless others were quicker."""
        await self._open_booking()
        await self.person.think()
        tab, random = self.person.tab, self.person.random
        specialities = tab.screen.find("book_speciality").drawn.options
        await tab.change({"book_speciality": [random.choice(specialities).content]})
        days = tab.screen.payload("book_calendar").get("days", [])
        free = [time["id"] for day in days for time in day["times"]]
        if not free:
            return
        await self.person.think()
        await tab.tell("book_calendar", "chosen", random.choice(free))
        if not tab.screen.is_open("booking_confirm_*"):
            self.person.browser.journal.lost_races += 1
            return
        await self.person.think()
        await tab.press("booking_confirm_*")

    async def _open_booking(self) -> None:
        await self.person.think()
        if "patient_book" in self.person.tab.screen:
            await self.person.tab.press("patient_book")
        else:
            await self.person.tab.go("book")

    async def upload(self) -> None:
        """File a letter for the open patient."""
        await self.person.think()
        await self.person.tab.press("patient_upload")
        await self.person.think()
        name, data = letter()
        await self.person.tab.choose_file("upload_documents_files_*", name, data)
        await self.person.think()
        await self.person.tab.press("upload_documents_file")

    async def list_documents(self) -> None:
        """Open the documents: all, or a patient's own."""
        await self.person.think()
        await self.person.tab.go("documents")

    async def list_visits(self) -> None:
        """Open a patient's own visits."""
        await self.person.think()
        await self.person.tab.go("visits")

    async def turn_day(self) -> None:
        """Look at tomorrow's visits."""
        await self.person.think()
        await self.person.tab.press("day_after")

    async def read_log(self) -> None:
        """Read the audit log."""
        await self.person.think()
        await self.person.tab.go("audit")

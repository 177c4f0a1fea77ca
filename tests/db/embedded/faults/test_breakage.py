"""A fault stays recorded for exactly as long as something is broken."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest

from db.cluster.fault_kinds import Fault
from db.embedded.deadlines import Deadlines
from db.embedded.faults.breakage import Breakage
from db.embedded.faults.own_network import OwnNetwork
from db.embedded.faults.small_disk import SmallDisk


class Moved:
    """A node that was moved, and records that it is moved back."""

    is_back = False

    def take(self) -> None:
        """Move it back."""
        self.is_back = True


@pytest.fixture
def breakage() -> Iterator[Breakage]:
    """A cluster without any faults, and without any servers."""
    with closing(Deadlines()) as deadlines:
        yield Breakage(lambda name: SimpleNamespace(name=name), {}, deadlines, dict)


def test_who_is_healed_while_it_moves_is_moved_back(
    breakage: Breakage, monkeypatch: pytest.MonkeyPatch
):
    moved = Moved()

    def give(_: object, __: Mapping[str, int]) -> Moved:
        breakage.heal(Fault.OWN_NETWORK, "db-02")
        return moved

    monkeypatch.setattr(OwnNetwork, "give", give)

    breakage.inflict(Fault.OWN_NETWORK, "db-02", 60)

    assert moved.is_back
    assert breakage.of("db-02") == ()


def test_what_could_not_be_broken_is_not_noted(
    breakage: Breakage, monkeypatch: pytest.MonkeyPatch
):
    def give(_: object, __: Mapping[str, int]) -> Moved:
        raise OSError("There are too many processes.")

    monkeypatch.setattr(OwnNetwork, "give", give)

    with pytest.raises(OSError, match="too many"):
        breakage.inflict(Fault.OWN_NETWORK, "db-02", 60)

    assert not breakage.holds("db-02")


def test_a_node_is_left_alone_while_it_moves_and_looked_after_once_it_has(
    breakage: Breakage, monkeypatch: pytest.MonkeyPatch
):
    held: list[bool] = []

    def give(_: object, __: Mapping[str, int]) -> Moved:
        held.append(breakage.holds("db-02"))
        return Moved()

    monkeypatch.setattr(OwnNetwork, "give", give)

    breakage.inflict(Fault.OWN_NETWORK, "db-02", 60)

    assert held == [True]
    assert not breakage.holds("db-02")


def test_nobody_ends_or_starts_a_node_while_it_moves_there_and_back(
    monkeypatch: pytest.MonkeyPatch,
):
    supervised = [True]
    seen: list[bool] = []

    @contextmanager
    def unsupervised() -> Iterator[None]:
        supervised[0] = False
        yield
        supervised[0] = True

    class Disk:
        def take(self) -> None:
            seen.append(supervised[0])

    def give(_: object) -> Disk:
        seen.append(supervised[0])
        return Disk()

    monkeypatch.setattr(SmallDisk, "give", give)
    node = SimpleNamespace(name="db-02")
    with closing(Deadlines()) as deadlines:
        breakage = Breakage(lambda _: node, {}, deadlines, dict, unsupervised)

        breakage.inflict(Fault.FILL_DISK, "db-02", 60)
        breakage.heal(Fault.FILL_DISK, "db-02")

    assert seen == [False, False]

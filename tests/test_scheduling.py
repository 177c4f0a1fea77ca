"""Every test runs once, on a worker that may run it; browser tests start at once."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.scheduling import BrowserBesideOthers

PLAIN = [f"tests/services/test_{i}.py::test_it@plain {i}" for i in range(20)]
IN_BROWSER = [f"tests/browser/test_{i}.py::test_it@browser {i}" for i in range(30)]


@dataclass(eq=False)
class Worker:
    """A worker that runs the tests it was sent, when it is told to."""

    number: int
    shutting_down: bool = False
    waiting: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @property
    def gateway(self) -> Any:
        return SimpleNamespace(id=f"gw{self.number}")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.waiting += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def run(tests: list[str], workers: int) -> list[Worker]:
    """Run the tests in turns, each worker with its next one."""
    config = SimpleNamespace(
        option=SimpleNamespace(loadscopereorder=False),
        getvalue=lambda _: [f"{workers}*popen"],
    )
    quiet = SimpleNamespace(loadscopesched=print, loadgroupsched=print)
    scheduler = BrowserBesideOthers(config, quiet)
    nodes = [Worker(number) for number in range(workers)]
    for node in nodes:
        scheduler.add_node(node)
        scheduler.add_node_collection(node, tests)
    scheduler.schedule()
    while any(node.waiting for node in nodes):
        for node in nodes:
            # A worker begins its last test only when it knows what follows.
            if len(node.waiting) > 1 or (node.waiting and node.shutting_down):
                index = node.waiting.pop(0)
                node.done.append(tests[index])
                scheduler.mark_test_complete(node, index)
    assert scheduler.tests_finished
    return nodes


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "tests", [PLAIN, IN_BROWSER, PLAIN + IN_BROWSER, PLAIN[:1] + IN_BROWSER[:1]]
)
def test_every_test_runs_once(tests: list[str], workers: int):
    nodes = run(tests, workers)

    assert sorted(test for node in nodes for test in node.done) == sorted(tests)


def test_the_first_worker_is_in_a_browser_and_at_most_three_are():
    nodes = run(PLAIN + IN_BROWSER, 5)

    assert nodes[0].done == [test for test in nodes[0].done if test in IN_BROWSER]
    assert sum(any(test in IN_BROWSER for test in node.done) for node in nodes) <= 3


def test_who_has_been_in_a_browser_is_asked_for_nothing_else_afterwards():
    for node in run(PLAIN + IN_BROWSER, 3):
        kinds = [test in IN_BROWSER for test in node.done]
        assert kinds == sorted(kinds)

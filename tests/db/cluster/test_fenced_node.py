"""A node of the main site does not start once another site led, and ends if it does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from db.cluster.fenced_node import SiteFence
from tests.browser.running import free_port

_ROOT = Path(__file__).parents[3]
_WATCHING = """
import sys, time
from pathlib import Path
from db.cluster.fenced_node import SiteFence

SiteFence(sys.argv[1], Path(sys.argv[2])).watch(0.1)
time.sleep(60)
"""


@pytest.fixture
def leading(addresses) -> str:
    """The address of a member that is primary."""
    return addresses.mongo.place


@pytest.fixture
def silent() -> str:
    """An address where nothing answers."""
    return f"127.0.0.1:{free_port()}"


def test_a_node_starts_no_more_once_it_has_heard_that_the_other_site_leads(
    leading: str, silent: str, tmp_path: Path
):
    heard = tmp_path / "other-site-leads"
    with pytest.raises(SystemExit, match="was promoted and is the clinic now"):
        SiteFence(leading, heard).require_main()

    # Even if it no longer reaches any member.
    with pytest.raises(SystemExit, match=str(heard)):
        SiteFence(silent, heard).require_main()


def test_a_site_that_does_not_answer_keeps_no_node_from_starting(
    silent: str, tmp_path: Path
):
    heard = tmp_path / "other-site-leads"

    SiteFence(silent, heard).require_main(0)

    assert not heard.exists()


def test_a_node_that_runs_ends_once_the_other_site_leads(leading: str, tmp_path: Path):
    heard = tmp_path / "other-site-leads"
    words = [sys.executable, "-c", _WATCHING, leading, str(heard)]

    ran = subprocess.run(
        words, cwd=_ROOT, env=os.environ, timeout=30, check=False, capture_output=True
    )

    assert ran.returncode == -signal.SIGTERM, ran.stderr
    assert heard.exists()

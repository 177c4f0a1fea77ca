"""The output of a run is sent in a few rounds, complete and in order."""

import subprocess
import sys

from tests.dashboard.web.sending_rounds import MESSAGES


def rounds(*words: str) -> int:
    command = [sys.executable, "-m", "tests.dashboard.web.sending_rounds", *words]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(process.stdout)


def test_streamlit_alone_goes_round_for_each_message():
    assert rounds() == MESSAGES


def test_what_waits_for_a_page_is_sent_in_a_few_rounds():
    """With more than 500 messages at once, Streamlit closes the connection."""
    assert rounds("--at-once") == 10

"""The command line answers at once where it needs no database."""

import subprocess
import sys

import pytest

_SHOWING = """
import sys
from dashboard.cli import app
app([{words}], standalone_mode=False)
print(*(name for name in {slow} if name in sys.modules), file=sys.stderr)
"""
# They take a second and a half to load, and listing the commands needs none of them.
_SLOW = ("sqlalchemy", "pydantic_settings", "pymongo", "httpx", "pandas", "streamlit")


@pytest.mark.parametrize("words", ["", "'token',", "'drill',", "'cluster', 'status',"])
def test_help_loads_no_database(words: str):
    program = _SHOWING.format(words=f"{words}'--help'", slow=_SLOW)

    answered = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "Usage" in answered.stdout
    assert answered.stderr.split() == []


def test_who_knows_of_stores_and_asks_none_loads_no_client_of_theirs():
    program = "import db.backups.copies.object_store, sys; print(*sys.modules)"

    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert not {"boto3", "botocore"} & set(printed.stdout.split())

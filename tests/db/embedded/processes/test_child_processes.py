"""Programs of a cluster as child processes: what ends one ends that one."""

import os
import subprocess
from pathlib import Path

from db.embedded.processes.child_processes import Program


def test_who_ends_a_program_does_not_wait_for_the_one_that_is_started_instead(
    tmp_path: Path,
):
    program = Program(
        "sleep",
        ("sleep", "20"),
        {**os.environ},
        tmp_path,
        tmp_path / "sleep.log",
    )

    class Watched(subprocess.Popen[bytes]):
        """Somebody watches over it, who starts another one once it has ended."""

        def kill(self) -> None:
            super().kill()
            program.start()

    program.process = ended = Watched(program.command, start_new_session=True)

    program.kill()

    assert ended.poll() is not None
    assert program.is_running
    program.kill()

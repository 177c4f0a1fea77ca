"""Start a program with its secrets: `python deploy/entry.py COMMAND...`.

Containers get secrets as files, so that neither the environment of a container nor
`docker inspect` shows them. Every file in /run/secrets whose name is in capitals
becomes a variable of the program's environment only, unless it is empty, and `${NAME}`
in other variables is replaced by its content. Files with other names, such as key
files, stay files.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template


def secrets_in(folder: Path) -> dict[str, str]:
    """Return the secrets of a folder by name."""
    if not folder.is_dir():
        return {}
    named = {file.name: file for file in folder.iterdir() if file.name.isupper()}
    contents = {name: file.read_text().strip() for name, file in named.items()}
    return {name: content for name, content in contents.items() if content}


def filled_in(
    environment: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment with the secrets, and with what stands for them replaced.

    Raises KeyError for one that is missing: half an address leads nowhere.
    """
    return {
        name: Template(value).substitute(secrets) if "${" in value else value
        for name, value in environment.items()
    } | secrets


def main() -> None:
    """Become the command."""
    secrets = secrets_in(Path(os.environ.get("SECRETS", "/run/secrets")))
    try:
        environment = filled_in(os.environ, secrets)
    except KeyError as missing:
        sys.exit(
            f"The secret {missing.args[0]} is missing or empty: see deploy/secrets."
        )
    command = sys.argv[1:]
    os.execvpe(command[0], command, environment)  # noqa: S606 - becoming it is the point


if __name__ == "__main__":
    main()

"""The command line: `python -m dashboard`."""

from dashboard.cli.command_line import app

if __name__ == "__main__":
    app()

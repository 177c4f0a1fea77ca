"""What opening a page loads: our modules, and the seconds of importing them.

Run it as `python -m benchmarks.page_imports [CHECKOUT]`; the checkout of another
revision is measured beside this one. A server has loaded most of it before its first
visitor (dashboard.web.warming): this is what a page needs by itself, in a process that
has nothing but Streamlit.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[1]
REGISTER: Final = "pages/patients/register.py"
# What the page of registering loaded before pages loaded only what they need.
BEFORE: Final = 397
_OURS: Final = frozenset({"dashboard", "pages", "services", "db", "api", "jobs"})
_SHELL: Final = "dashboard/app.py"
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class PageImports:
    """What one page loaded."""

    modules: frozenset[str]
    seconds: float

    @classmethod
    def of(cls, page: str, checkout: Path = ROOT) -> Self:
        """Measure the page in a process of its own."""
        return cls.of_each([page], checkout)[page]

    @classmethod
    def of_each(cls, pages: Sequence[str], checkout: Path = ROOT) -> dict[str, Self]:
        """Measure each page in a process of its own that has loaded the shell."""
        # Safe path: this folder has a module `pages`, which is not the one to measure.
        command = [sys.executable, "-P", __file__, "--load", *pages]
        loaded = subprocess.run(
            command,
            cwd=checkout,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            check=True,
            capture_output=True,
            text=True,
        )
        lines = loaded.stdout.splitlines()[-len(pages) :]
        return {
            page: cls(frozenset(modules), seconds)
            for page, (modules, seconds) in zip(
                pages, map(json.loads, lines), strict=True
            )
        }


def main(before: Path | None) -> float:
    """Print a line for each page, and return the ratio of modules for registering."""
    checkouts = [ROOT] if before is None else [ROOT, before]
    for page in list_pages():
        counts = [_describe(page, checkout) for checkout in checkouts]
        print(f"{page:42}", " | before ".join(counts), flush=True)
    old = BEFORE if before is None else len(PageImports.of(REGISTER, before).modules)
    count = len(PageImports.of(REGISTER).modules)
    ratio = count / old
    print(f"register page modules: ours {count}, before {old}, ratio {ratio:.2f}")
    return ratio


def list_pages() -> list[str]:
    """Return the files of all pages."""
    files = (ROOT / "pages").rglob("[!_]*.py")
    return sorted(file.relative_to(ROOT).as_posix() for file in files)


def _describe(page: str, checkout: Path) -> str:
    rounds = [PageImports.of(page, checkout) for _ in range(_ROUNDS)]
    seconds = median(measured.seconds for measured in rounds)
    return f"{len(rounds[0].modules):4} modules {seconds:5.2f} s"


def _load(pages: Sequence[str]) -> None:
    """Load the shell, and each page in a fork of the process that has loaded it."""
    import_module("streamlit")
    for_shell = _load_imports(_SHELL)
    for page in pages:
        copy = os.fork()
        if copy == 0:
            seconds = for_shell + _load_imports(page)
            ours = [name for name in sys.modules if name.partition(".")[0] in _OURS]
            print(json.dumps([sorted(ours), seconds]), flush=True)
            os._exit(0)
        if os.waitpid(copy, 0)[1]:
            sys.exit(f"{page} cannot be loaded.")


def _load_imports(file: str) -> float:
    """Run a script's import statements as Streamlit does; return the seconds."""
    begun = perf_counter()
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    wanted = [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    exec(compile(ast.Module(wanted, []), file, "exec"), {})
    return perf_counter() - begun


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        _load(sys.argv[2:])
    else:
        main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)

"""The laws of the source tree: each names what breaks it below a root.

tests/test_house.py applies them to this tree, and to another one with a planted
violation of each.
"""

import ast
import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

MAX_MODULES = 15
MAX_FOLDERS = 12
MAX_FACE = 25
MIN_LINES = 40
# The types of people in tests, and the only module that makes them there.
PEOPLE = ("Actor", "User", "Patient", "Doctor")
CAST = "tests/kit/cast.py"
# The script that runs every page; the pages themselves are a room.
SCRIPT = "dashboard.app"
# Words that fit anything, so that a reader has to look up what they stand for, and
# words of Chartroom's own where the field has a term (decision 21): no part of a name
# may be one.
EMPTY_WORDS = frozenset(
    (
        *("told", "untold", "found", "asked", "moment", "moments", "deed", "deeds"),
        *("explained", "settled", "defused", "doomed", "past"),
    )
)
# "one" is allowed as part of a name; alone it stands for anything.
EMPTY_NAMES = EMPTY_WORDS | {"one"}

# Calls that show their text as Markdown, calls whose result quotes a text unescaped,
# and attributes that somebody has typed.
SHOWING = frozenset(
    ("error", "warning", "info", "success", "toast", "markdown", "caption")
)
SHOWING_ALONE = frozenset(("notify", "empty_state"))
QUOTING = frozenset(
    ("refusal_text", "translated", "translate_recorded", "full_name", "str")
)
TYPED = frozenset(
    (
        *("name", "title", "reason", "note", "description", "filename", "email"),
        *("actor_name", "doctor_name", "patient_name", "clinician_name"),
    )
)
JOINING = frozenset(("format", "join", "strip"))

# Folders whose files texts point to by their path, and what is made there on a server.
POINTED_TO = (
    *("api", "benchmarks", "dashboard", "db", "deploy", "docs", "jobs", "pages"),
    *("script", "services", "tests", r"\.ci"),
)
MADE_BY_HAND = ("deploy/secrets/", "deploy/.env")

ROOMS = ("dashboard", "pages", "api", "jobs", "services", "db")
DOMAINS = frozenset(
    (
        *("patients", "documents", "visits", "consultations"),
        *("people", "cluster", "audit", "backups", "analytics", "fhir"),
    )
)
GROUND = frozenset(("core", "lists", "messaging", "pdf", "demo"))
# Code outside the rooms that people also read.
OUTSIDE_ROOMS = ("benchmarks", "deploy", ".ci")
TESTS = "tests"
# The folders beside the domains in a room, which belong to the room itself.
OWN_FOLDERS: Mapping[str, frozenset[str]] = {
    "services": GROUND,
    "dashboard": frozenset(("web", "cli", "sign_in", "ui", "lists")),
    "pages": frozenset(),
    "api": frozenset(("core",)),
    "jobs": frozenset(("worker",)),
    "db": frozenset(
        (
            "models",
            "functions",
            "postgres",
            "mongo",
            "files",
            "embedded",
            "migrations",
            "core",
        )
    ),
}
# The modules that a room may have outside any folder.
LOOSE: Mapping[str, frozenset[str]] = {
    "services": frozenset(),
    "dashboard": frozenset(("app", "navigation", "context", "wiring", "__main__")),
}
# The kinds of files that belong at the top of the project, beside the folders.
TOP_SUFFIXES = frozenset((".md", ".yml", ".toml", ".txt"))


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the tree: its dotted name, its file, and its source, parsed."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The top-level package that the module belongs to."""
        return self.name.partition(".")[0]

    @property
    def is_face(self) -> bool:
        """Whether it is the `__init__` of a package."""
        return self.path.name == "__init__.py"


def read_modules(root: Path) -> list[Module]:
    """Parse all modules of all rooms, sorted by name."""
    return [module for room in ROOMS for module in _modules_in(root, room)]


def _modules_in(root: Path, folder: str) -> Iterator[Module]:
    for path in sorted((root / folder).rglob("*.py")):
        yield parse(root, path, path.stat().st_mtime_ns)


@cache
def parse(root: Path, path: Path, modified_at: int) -> Module:
    """Parse a module in its latest state; all laws share the result."""
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name, path, text, ast.parse(text))


def crowded_folders(root: Path) -> Iterator[str]:
    """Name the folders with more modules or folders than a person can take in at once.

    Migrations are exempt: they are a history, which only grows. Which folders a room
    itself may have is listed by name, in `foreign_folders`.
    """
    modules, folders = Counter[Path](), defaultdict[Path, set[str]](set)
    for module in read_modules(root):
        folder = module.path.parent
        modules[folder] += not module.is_face
        for inner in (folder, *folder.parents):
            if root in inner.parents:
                folders[inner.parent].add(inner.name)
    for folder, count in modules.items():
        if count > MAX_MODULES and folder.name != "versions":
            yield f"{folder.relative_to(root)} has {count} modules."
    for folder, inside in folders.items():
        if root not in (folder, folder.parent) and len(inside) > MAX_FOLDERS:
            yield f"{folder.relative_to(root)} has {len(inside)} folders."


def loose_modules(root: Path) -> Iterator[str]:
    """Name the modules at the top of a room that belong in folders."""
    for room, allowed in LOOSE.items():
        for path in sorted((root / room).glob("*.py")):
            if path.stem != "__init__" and path.stem not in allowed:
                yield f"{room}/{path.name} stands outside any domain."


def stray_files(root: Path) -> Iterator[str]:
    """Name the committed files at the top of the project that do not belong there.

    What commands write where they are called, such as a report, is easily committed
    with everything else. Without Git nothing is known to be committed.
    """
    if not which("git"):
        return
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--", ":(glob)*"),
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    for name in listed.stdout.split("\0"):
        if name and name[0] != "." and Path(name).suffix not in TOP_SUFFIXES:
            yield f"{name} does not belong at the top of the project."


def foreign_folders(root: Path) -> Iterator[str]:
    """Name the folders of rooms that are neither a domain nor the room's own."""
    for room, own in OWN_FOLDERS.items():
        for path in sorted((root / room).glob("*/")):
            has_code = any(path.rglob("*.py"))
            if has_code and path.name not in DOMAINS | own:
                yield f"{room}/{path.name} is no domain."


def names_defined_twice(root: Path) -> Iterator[str]:
    """Name the public classes that are defined by more than one module of a room."""
    places = defaultdict[tuple[str, str], list[str]](list)
    for module in read_modules(root):
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[module.room, node.name].append(module.name)
    for (_, name), modules in places.items():
        if len(modules) > 1:
            yield f"{name} is defined in {' and '.join(modules)}."


def empty_names(root: Path) -> Iterator[str]:
    """Name what is called `told`, `_found_by` or the like, and not after what it is.

    That holds for functions, classes, parameters, variables and attributes, private or
    not, in upper or lower case, and for modules except pages: a page's file is its
    address. *Not found* is HTTP's term, and allowed. The name of a test is a sentence,
    which may use these words; names inside a test may not.
    """
    for folder in (*ROOMS, *OUTSIDE_ROOMS, TESTS):
        for module in _modules_in(root, folder):
            path = module.path.relative_to(root)
            if folder != "pages" and _is_empty(module.path.stem):
                yield f"{path} has a name that says nothing."
            for name, line in _defined(module.tree):
                is_sentence = folder == TESTS and name.startswith("test_")
                if _is_empty(name) and not is_sentence:
                    yield f"{path}, line {line}, has {name}."


def _is_empty(name: str) -> bool:
    words = re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    parts = words.replace("not_found", "").split("_")
    return words in EMPTY_NAMES or not EMPTY_WORDS.isdisjoint(parts)


def _defined(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the names that a module defines, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.alias(asname=str(name)):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno
            case ast.MatchMapping(rest=str(name)):
                yield name, node.lineno


def slight_modules(root: Path) -> Iterator[str]:
    """Name the modules that are short and serve one importer: they belong to it.

    Only importers of the same room count: rooms are floors, and what a page shows or a
    service reads does not move up to its caller. A Streamlit script does not count
    either: it is run again with every click, so it cannot hold what is made once.
    """
    modules = {module.name: module for module in read_modules(root)}
    importers = defaultdict[str, set[str]](set)
    for module in modules.values():
        for name in _imported(module, modules):
            importers[name].add(module.name)
    for name, module in modules.items():
        lines = len(module.text.splitlines())
        if module.is_face or lines >= MIN_LINES or len(importers[name]) != 1:
            continue
        (importer,) = importers[name]
        is_of_room = modules[importer].room == module.room and importer != SCRIPT
        if is_of_room and not _is_gathered(module):
            yield f"{name} has {lines} lines and serves {importer} alone."


def _is_gathered(module: Module) -> bool:
    """Return whether a module has routes or a table.

    However long it is, such a module has one importer, which collects all of them: the
    application, or the face of the models.
    """
    nodes = list(ast.walk(module.tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return bool(names & {"router", "__tablename__"} or "routes" in functions)


def _imported(module: Module, modules: Mapping[str, Module]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def functions_in_migrations(root: Path) -> Iterator[str]:
    """Name the migrations that contain the body of a function.

    The body is in a file in db/functions, and a migration loads that: changing one line
    does not repeat the rest.
    """
    for path in sorted((root / "db" / "migrations").rglob("*.*")):
        if path.suffix in {".py", ".sql"}:
            text = path.read_text(encoding="utf-8")
            for name in re.findall(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)", text):
                yield f"{path.relative_to(root)} says what {name} does."


def crowded_faces(root: Path) -> Iterator[str]:
    """Name the packages that offer more than a person can take in at once."""
    for module in read_modules(root):
        names = [name for name in _offered(module.tree) if not name.startswith("_")]
        if module.is_face and len(names) > MAX_FACE:
            yield f"{module.name} exports {len(names)} names."


def side_entrances(root: Path) -> Iterator[str]:
    """Name the imports from a module whose names its package's face offers.

    What a face offers is imported only from there. What it does not offer, such as
    refusals, is imported from its own module.
    """
    modules = {module.name: module for module in read_modules(root)}
    offering = {
        source: module.name
        for module in modules.values()
        if module.is_face
        for node in module.tree.body
        if isinstance(node, ast.ImportFrom)
        if (source := node.module or "").startswith(f"{module.name}.")
    }
    for module in modules.values():
        for name in sorted(set(_imported(module, modules))):
            face = offering.get(name)
            if face and not f"{module.name}.".startswith(f"{face}."):
                yield f"{module.name} passes by {face} to {name}."


def repeated_faces(root: Path) -> Iterator[str]:
    """Name the packages that repeat their imports in `__all__`."""
    for module in read_modules(root):
        if module.is_face and any(_is_all(node) for node in module.tree.body):
            yield f"{module.name} repeats its imports as __all__."


def _offered(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _is_all(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign):
        return False
    return any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)


def unknown_commands(
    root: Path, commands: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """Name the commands in README and docs that the command line does not have.

    `commands` maps each command to the names of its own commands, if it is a group.
    """
    pattern = re.compile(r"python -m dashboard ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
    for path in _texts(root):
        for command, inner in pattern.findall(path.read_text(encoding="utf-8")):
            known = commands.get(command)
            if known is None or (known and inner and inner not in known):
                words = f"{command} {inner}".strip()
                yield f"{path.relative_to(root)} tells of {words}, which is no command."


def missing_files(root: Path) -> Iterator[str]:
    """Name the files that a text for administrators points to and that are not there.

    Decisions and the changelog are about their own time, when some had other names.
    """
    pattern = re.compile(rf"(?<![\w/.-])(?:{'|'.join(POINTED_TO)})/[\w./-]*\w\.\w+")
    decisions = root / "docs" / "decisions"
    for path in (*_texts(root), *_settings(root)):
        if decisions in path.parents:
            continue
        for name in dict.fromkeys(pattern.findall(path.read_text(encoding="utf-8"))):
            if not name.startswith(MADE_BY_HAND) and not (root / name).exists():
                yield f"{path.relative_to(root)} points to {name}, which is not there."


def _settings(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("docker-compose*.yml"))
    yield from (path for path in (root / ".env.example",) if path.exists())


def _texts(root: Path) -> Iterator[Path]:
    yield root / "README.md"
    yield from sorted((root / "docs").rglob("*.md"))


def unparsable_examples(root: Path) -> Iterator[str]:
    """Name the fenced examples of README and docs that no program would accept."""
    for path in _texts(root):
        text = path.read_text(encoding="utf-8")
        for fence in re.finditer(
            r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
        ):
            line = text[: fence.start()].count("\n") + 1
            if trouble := _trouble_of(fence[1], fence[2]):
                yield f"{path.relative_to(root)}, line {line}: {trouble}"


def _trouble_of(language: str, example: str) -> str | None:
    """Return what is wrong with an example, or nothing."""
    try:
        match language:
            case "json":
                json.loads(example)
            case "python":
                ast.parse(example)
            case "sh":
                subprocess.run(
                    ["bash", "-n"],
                    input=example,
                    check=True,
                    text=True,
                    capture_output=True,
                )
            case "text":
                return None
            case _:
                return f"{language or 'nothing'} is no language that is checked."
    except (ValueError, SyntaxError, subprocess.CalledProcessError) as error:
        return f"it is no {language}: {error}"
    return None


def people_outside_the_cast(root: Path) -> Iterator[str]:
    """Name the tests that make people themselves: all take them from one cast."""
    for path in sorted((root / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path == root / CAST or not any(f"{name}(" in text for name in PEOPLE):
            continue
        for name, line in _made_in(ast.parse(text)):
            yield f"{path.relative_to(root)}, line {line}, makes a person: {name}."


def _made_in(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the people that a module makes, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in PEOPLE:
                yield name, node.lineno


def words_shown_raw(root: Path) -> Iterator[str]:
    """Name the expressions shown as Markdown that quote typed text unescaped."""
    for module in read_modules(root):
        if module.room not in {"dashboard", "pages"}:
            continue
        for node in ast.walk(module.tree):
            if not (isinstance(node, ast.Call) and _shows_markdown(node.func)):
                continue
            for shown in node.args[:1]:
                for raw in _raw_in(shown):
                    where = f"{module.path.relative_to(root)}, line {raw.lineno},"
                    yield f"{where} shows {ast.unparse(raw)} as Markdown."


def _shows_markdown(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in SHOWING_ALONE
    return (
        isinstance(called, ast.Attribute)
        and called.attr in SHOWING
        and isinstance(called.value, ast.Name)
        and called.value.id == "st"
    )


def _raw_in(shown: ast.AST) -> Iterator[ast.expr]:
    """Yield what is typed or quotes it; a call of another function ends the search."""
    if isinstance(shown, ast.Call):
        name = shown.func.attr if isinstance(shown.func, ast.Attribute) else ""
        if isinstance(shown.func, ast.Name) and shown.func.id in QUOTING:
            yield shown
        if name not in JOINING:
            return
    if isinstance(shown, ast.Attribute) and shown.attr in TYPED:
        yield shown
    for part in ast.iter_child_nodes(shown):
        if not (isinstance(shown, ast.IfExp) and part is shown.test):
            yield from _raw_in(part)


def orders_by_time_alone(root: Path) -> Iterator[str]:
    """Name the queries whose order of rows can change from one day to the next.

    Rows of one transaction have the same time, so an id has to break the tie. Rows
    ordered by `starts_at` belong to one doctor, who has no two of them at once.
    """
    for module in read_modules(root):
        if module.room not in {"services", "jobs"}:
            continue
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") == "order_by"
                and node.args
                and (last := _ordered_by(node.args[-1])).endswith("_at")
                and last != "starts_at"
            ):
                yield f"{module.name}, line {node.lineno}, orders by {last} alone."


def _ordered_by(node: ast.expr) -> str:
    """Return the column of an expression such as `row.created_at.desc()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def words_defined_twice(root: Path) -> Iterator[str]:
    """Name the words that the glossary explains in more than one row."""
    words, head = Counter[str](), True
    for line in (
        (root / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    ):
        if not line.startswith("|"):
            head = True
        elif head or line.startswith("|--"):
            head = False
        else:
            words.update(word.strip() for word in line.split("|")[1].split(","))
    for word, count in words.items():
        if count > 1:
            yield f"The glossary explains {word} {count} times."

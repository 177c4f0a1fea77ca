"""The laws of the source tree hold, and each one sees a planted violation."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest
from typer.main import get_command

from dashboard.cli import app
from services.core import errors
from tests.kit import house

ROOT = Path(__file__).resolve().parents[1]

LAWS = (
    house.crowded_folders,
    house.loose_modules,
    house.stray_files,
    house.foreign_folders,
    house.names_defined_twice,
    house.empty_names,
    house.crowded_faces,
    house.side_entrances,
    house.repeated_faces,
    house.slight_modules,
    house.functions_in_migrations,
    house.unparsable_examples,
    house.missing_files,
    house.words_defined_twice,
    house.orders_by_time_alone,
    house.words_shown_raw,
    house.people_outside_the_cast,
)


def commands() -> dict[str, frozenset[str]]:
    """Return the commands of the command line, each with its subcommands."""
    known = getattr(get_command(app), "commands", {})
    return {
        name: frozenset(getattr(command, "commands", ()))
        for name, command in known.items()
    }


@pytest.fixture(scope="module", autouse=True)
def _parsed_once() -> Iterator[None]:
    """Release the parsed tree after the last law, since it takes much memory."""
    yield
    house.parse.cache_clear()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_tree_keeps_the_law(law: Callable[[Path], Iterator[str]]):
    assert list(law(ROOT)) == []


def test_every_command_that_is_told_of_exists():
    assert list(house.unknown_commands(ROOT, commands())) == []


def test_every_file_of_browser_tests_is_marked_as_one():
    # Playwright's event loop stays until the run ends, so they come after all others.
    files = sorted((ROOT / "tests" / "browser").rglob("test_*.py"))

    assert files
    assert [f.name for f in files if "pytest.mark.browser" not in f.read_text()] == []


def test_the_architecture_names_every_kind_of_refusal():
    text = (ROOT / "docs" / "architecture.md").read_text()

    assert [name for name in refusals() if f"`{name}`" not in text] == []


def refusals() -> list[str]:
    """Return the names of the kinds of refusals that services share."""
    return [
        kind.__name__
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ServiceError)
        if kind is not errors.ServiceError
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that keeps every law: two modules, a glossary and a README."""
    write(tmp_path, "services/patients/__init__.py", "")
    write(tmp_path, "services/patients/rules.py", "class Rule: ...\n")
    write(tmp_path, "services/visits/rules.py", "class VisitRule: ...\n")
    write(
        tmp_path,
        "docs/glossary.md",
        "| word | meaning |\n|---|---|\n| slot | a time |\n",
    )
    write(tmp_path, "README.md", "```sh\npython -m dashboard serve\n```\n")
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_tree_that_keeps_the_law_is_not_blamed(tree, law):
    assert list(law(tree)) == []


def test_a_sixteenth_module_in_a_folder_is_seen(tree):
    for number in range(15):
        write(tree, f"services/patients/part_{number}.py", "")

    assert list(house.crowded_folders(tree)) == ["services/patients has 16 modules."]


def test_a_thirteenth_folder_beside_others_is_seen(tree):
    for number in range(13):
        write(tree, f"services/patients/part_{number}/__init__.py", "")

    assert list(house.crowded_folders(tree)) == ["services/patients has 13 folders."]


def test_a_module_outside_any_domain_is_seen(tree):
    write(tree, "services/helpers.py", "")
    write(tree, "dashboard/tables.py", "")
    write(tree, "dashboard/context.py", "")

    assert list(house.loose_modules(tree)) == [
        "services/helpers.py stands outside any domain.",
        "dashboard/tables.py stands outside any domain.",
    ]


@pytest.mark.skipif(not which("git"), reason="nothing is committed without Git")
def test_a_committed_file_that_a_command_wrote_is_seen(tree):
    write(tree, "report.pdf", "")
    write(tree, "docs/example.pdf", "")
    write(tree, ".gitignore", "")
    for command in (("init", "--quiet"), ("add", ".")):
        subprocess.run(("git", *command), cwd=tree, check=True)

    assert list(house.stray_files(tree)) == [
        "report.pdf does not belong at the top of the project."
    ]


def test_a_folder_that_is_no_domain_is_seen(tree):
    write(tree, "pages/patients/register.py", "")
    write(tree, "pages/miscellaneous/register.py", "")

    assert list(house.foreign_folders(tree)) == ["pages/miscellaneous is no domain."]


def test_a_class_name_that_stands_twice_in_a_room_is_seen(tree):
    write(tree, "services/visits/rules.py", "class Rule: ...\nclass _Row: ...\n")
    write(tree, "services/visits/rows.py", "class _Row: ...\n")
    write(tree, "api/visits/rules.py", "class Rule: ...\n")

    assert list(house.names_defined_twice(tree)) == [
        "Rule is defined in services.patients.rules and services.visits.rules."
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("def _told(): ...", "_told", id="a function"),
        pytest.param("async def found(): ...", "found", id="a coroutine"),
        pytest.param("class _Asked: ...", "_Asked", id="a class"),
        pytest.param("_TOLD = 'told'", "_TOLD", id="a constant"),
        pytest.param("moment: int", "moment", id="a field"),
        pytest.param("def act(*, deed=1): ...", "deed", id="a parameter"),
        pytest.param("lambda *one: None", "one", id="a lambda's parameter"),
        pytest.param("[0 for one in rows]", "one", id="a comprehension's variable"),
        pytest.param("if found := rows: ...", "found", id="a walrus"),
        pytest.param("self._asked = 1", "_asked", id="an attribute"),
        pytest.param("from rows import row as one", "one", id="an import"),
        pytest.param(
            "try: ...\nexcept OSError as told: ...", "told", id="an exception"
        ),
        pytest.param("match row:\n case found: ...", "found", id="a pattern"),
        pytest.param("match row:\n case [*one]: ...", "one", id="a starred pattern"),
        pytest.param("match row:\n case {**told}: ...", "told", id="a pattern's rest"),
        pytest.param(
            "told_at: int", "told_at", id="a word of a name, at its beginning"
        ),
        pytest.param("def is_past(): ...", "is_past", id="a word at the end"),
        pytest.param("_MOST_TOLD = 3", "_MOST_TOLD", id="a word of a constant"),
        pytest.param("class _IsUntoldYet: ...", "_IsUntoldYet", id="a word of a class"),
        pytest.param("class NotFoundAsked: ...", "NotFoundAsked", id="beside a term"),
    ],
)
def test_a_name_that_says_nothing_is_seen(tree, text, name):
    write(tree, "benchmarks/rules.py", f"{text}\n")

    assert [law.rpartition(" ")[2] for law in house.empty_names(tree)] == [f"{name}."]


def test_a_name_that_says_nothing_is_seen_with_its_place(tree):
    write(tree, "services/visits/words.py", "text = 'told'\n\ndef told(): ...\n")

    assert list(house.empty_names(tree)) == [
        "services/visits/words.py, line 3, has told."
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("told = 1", "told", id="a constant"),
        pytest.param("def found(clerk): ...", "found", id="a function"),
        pytest.param("def test_it_stays(asked): ...", "asked", id="an argument"),
        pytest.param(
            "def test_it_is_told():\n past = 1", "past", id="inside a sentence"
        ),
        pytest.param("def untested_and_told(): ...", "untested_and_told", id="no test"),
    ],
)
def test_a_name_that_says_nothing_is_seen_in_a_test(tree, text, name):
    write(tree, "tests/visits/test_day.py", f"{text}\n")

    assert [law.rpartition(" ")[2] for law in house.empty_names(tree)] == [f"{name}."]


@pytest.mark.parametrize("folder", ["db", "deploy", "tests/kit", "tests/visits"])
def test_a_module_whose_name_says_nothing_is_seen(tree, folder):
    write(tree, f"{folder}/what_was_told.py", "")

    assert list(house.empty_names(tree)) == [
        f"{folder}/what_was_told.py has a name that says nothing."
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("api/words.py", "class NotFound: ...", id="a term of HTTP"),
        pytest.param("api/words.py", "_NOT_FOUND = 404", id="the term in capitals"),
        pytest.param("api/words.py", "in_one_line = 1", id="a number"),
        pytest.param("api/words.py", "pastel = profound = 1", id="a part of a word"),
        pytest.param(
            "api/words.py", "row.one(asked=is_told)", id="names that are used"
        ),
        pytest.param("api/words.py", "import one.moment", id="an import"),
        pytest.param("pages/visits/past.py", "", id="a page, which is its address"),
        pytest.param(
            "tests/visits/test_day.py", "def test_it_is_told(): ...", id="a sentence"
        ),
    ],
)
def test_a_name_may_stay(tree, path, text):
    write(tree, path, f"{text}\n")

    assert list(house.empty_names(tree)) == []


def test_a_short_module_with_a_single_importer_is_seen(tree):
    write(tree, "services/visits/times.py", "def today(): ...\n")
    write(tree, "services/visits/plans.py", "from services.visits import times\n")
    write(tree, "services/visits/words.py", "def told(): ...\n" * house.MIN_LINES)
    write(tree, "services/visits/notes.py", "from services.visits import words\n")

    assert list(house.slight_modules(tree)) == [
        "services.visits.times has 1 lines and serves services.visits.plans alone."
    ]


@pytest.mark.parametrize(
    ("path", "text", "importer"),
    [
        pytest.param(
            "services/visits/day.py",
            "def today(): ...\n",
            "pages/visits/day.py",
            id="of another room",
        ),
        pytest.param(
            "api/visits/day.py",
            "router = APIRouter()\n@router.get('/')\ndef today(): ...\n",
            "api/application.py",
            id="routes of the API",
        ),
        pytest.param(
            "dashboard/sign_in/leaving.py",
            "def routes(context): ...\n",
            "dashboard/sign_in/__init__.py",
            id="routes of signing in",
        ),
        pytest.param(
            "db/models/day.py",
            "class Day(Base):\n    __tablename__ = 'days'\n",
            "db/models/__init__.py",
            id="a table",
        ),
        pytest.param(
            "dashboard/ui/brand.py",
            "MARK = 'data:image/png;base64,'\n",
            "dashboard/app.py",
            id="of the shell's script",
        ),
    ],
)
def test_a_short_module_may_stay(tree, path, text, importer):
    module = path.removesuffix(".py").replace("/", ".")
    write(tree, path, text)
    write(tree, importer, f"import {module}\n")

    assert list(house.slight_modules(tree)) == []


def test_a_face_of_26_names_is_seen(tree):
    names = ", ".join(f"rule_{n} as rule_{n}" for n in range(26))
    face = f"from services.patients.rules import {names}, _own as _own\n"
    write(tree, "services/patients/__init__.py", face)

    assert list(house.crowded_faces(tree)) == ["services.patients exports 26 names."]


def test_an_import_past_a_face_is_seen(tree):
    rule = "from services.patients.rules import Rule"
    write(tree, "services/patients/__init__.py", f"{rule} as Rule\n")
    write(tree, "services/patients/checks.py", f"{rule}\n")
    write(tree, "services/patients/errors.py", "class Refused: ...\n")
    write(tree, "services/visits/rules.py", f"{rule}\n")
    write(tree, "pages/visits/day.py", "from services.patients.errors import Refused\n")

    assert list(house.side_entrances(tree)) == [
        "services.visits.rules passes by services.patients to services.patients.rules."
    ]


def test_a_face_that_says_twice_what_it_offers_is_seen(tree):
    rule = "from services.patients.rules import Rule"
    write(tree, "services/patients/__init__.py", f'{rule}\n__all__ = ["Rule"]\n')
    write(tree, "services/visits/__init__.py", f"{rule} as Rule\n")

    assert list(house.repeated_faces(tree)) == [
        "services.patients repeats its imports as __all__."
    ]


@pytest.mark.parametrize(
    ("language", "example"),
    [
        pytest.param("json", "{", id="JSON that breaks off"),
        pytest.param("python", "def f(:", id="Python that is none"),
        pytest.param("sh", "if then", id="a shell's sentence without a condition"),
        pytest.param("", "anything", id="a language that is not named"),
    ],
)
def test_an_example_that_does_not_parse_is_seen(tree, language, example):
    write(tree, "docs/guide.md", f"```{language}\n{example}\n```\n")

    (blamed,) = house.unparsable_examples(tree)

    assert blamed.startswith("docs/guide.md, line 1: ")


def test_a_function_in_a_migration_is_seen(tree):
    statement = "CREATE OR REPLACE FUNCTION fold(text) RETURNS text"
    write(tree, "db/functions/text.sql", statement)
    write(tree, "db/migrations/versions/0012_words.py", f'run("""{statement}""")\n')

    assert list(house.functions_in_migrations(tree)) == [
        "db/migrations/versions/0012_words.py says what fold does."
    ]


@pytest.mark.parametrize("order", ["row.ended_at", "row.ended_at.desc().nulls_last()"])
def test_an_order_by_time_alone_is_seen(tree, order):
    write(tree, "services/visits/told.py", f"wanted = rows.order_by(row.id, {order})\n")
    write(tree, "services/visits/rules.py", "rows.order_by(row.ended_at, row.id)\n")

    assert list(house.orders_by_time_alone(tree)) == [
        "services.visits.told, line 1, orders by ended_at alone."
    ]


@pytest.mark.parametrize(
    ("shown", "raw"),
    [
        ("st.error(refusal_text(refusal))", "refusal_text(refusal)"),
        ("st.warning(str(refusal))", "str(refusal)"),
        ("st.caption(_('by {who}').format(who=row.actor_name))", "row.actor_name"),
        ("notify(_('{who} is here.').format(who=full_name(row)))", "full_name(row)"),
        ("st.markdown(f'**{row.title}**')", "row.title"),
        ("empty_state(', '.join(row.name for row in rows))", "row.name"),
    ],
)
def test_words_that_are_shown_raw_are_seen(tree, shown, raw):
    write(tree, "pages/patients/register.py", f"{shown}\n")

    assert list(house.words_shown_raw(tree)) == [
        f"pages/patients/register.py, line 1, shows {raw} as Markdown."
    ]


@pytest.mark.parametrize(
    "shown",
    [
        "st.error(plain(refusal_text(refusal)))",
        "st.markdown(plain(row.note) if row.note else '')",
        "st.markdown(_(row.title))",
        "logger.warning(row.name)",
        "st.text_input(row.name)",
    ],
)
def test_words_may_be_shown_where_nothing_reads_them_as_markdown(tree, shown):
    write(tree, "pages/patients/register.py", f"{shown}\n")

    assert list(house.words_shown_raw(tree)) == []


def test_a_word_that_is_explained_twice_is_seen(tree):
    row = "| slot, time | something |\n"
    write(tree, "docs/glossary.md", f"| word | meaning |\n|---|---|\n{row}{row}")

    assert list(house.words_defined_twice(tree)) == [
        "The glossary explains slot 2 times.",
        "The glossary explains time 2 times.",
    ]


def test_a_person_outside_the_cast_is_seen(tree):
    write(tree, "tests/kit/cast.py", "CLEO = Actor(1, 'Cleo')\n")
    write(tree, "tests/visits/test_day.py", "class Patient: ...\nclerk = Actor(1)\n")
    write(tree, "tests/visits/samples.py", "def dora():\n    return models.Doctor()\n")

    assert list(house.people_outside_the_cast(tree)) == [
        "tests/visits/samples.py, line 2, makes a person: Doctor.",
        "tests/visits/test_day.py, line 2, makes a person: Actor.",
    ]


def test_a_file_that_a_text_points_to_and_that_is_gone_is_seen(tree):
    write(tree, "docs/decisions/0001-old.md", "`deploy/mongo-user.js` makes it.")
    write(tree, "docs/guide.md", "See `services/visits/rules.py`, not ../db/gone.sql.")
    write(tree, ".env.example", "# deploy/mongo-user.js makes it.\n")
    write(tree, "docker-compose.yml", "file: deploy/secrets/front.pem\n")

    assert list(house.missing_files(tree)) == [
        ".env.example points to deploy/mongo-user.js, which is not there."
    ]


def test_a_command_that_does_not_exist_is_seen(tree):
    write(tree, "docs/guide.md", "`python -m dashboard cluster dance`, `... migrate`")

    blamed = list(
        house.unknown_commands(
            tree, {"serve": frozenset(), "cluster": frozenset(["status"])}
        )
    )

    assert blamed == ["docs/guide.md tells of cluster dance, which is no command."]

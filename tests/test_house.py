"""The rules of the house that no other tool checks."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for p in (ROOT / "src").rglob("*.py") if "migrations" not in p.parts)
LONGEST_FUNCTION = 70
LONGEST_FILE = 800

# Only these read the time or draw random numbers; everybody else is given a clock or an identifier.
READS_TIME = {"clock.py", "ids.py"}
TIME_CALLS = re.compile(
    r"\b(time\.(time|time_ns|monotonic|perf_counter)\(|datetime\.(now|utcnow|today)\(|date\.today\(|timezone\.now\("
    r"|uuid4\(|secrets\.|random\.(random|randint|choice|shuffle)\()"
)


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_functions_and_files_are_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE
    for function in functions(ast.parse(text)):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "needs a docstring of one line"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name not in READS_TIME], ids=name_of)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    found = TIME_CALLS.findall(path.read_text())
    assert not found, "inject vendrive.clock.Clock, or use vendrive.ids"


def test_no_test_hopes_by_sleeping() -> None:
    # A pause inside a loop that waits for a condition with a deadline is a poll; it lives in tests/support alone.
    # In tests/simulation time is virtual: a pause there takes none.
    asleep = re.compile(r"\btime\.sleep\(|asyncio\.sleep\((?!0\))")
    found = [
        name_of(p)
        for p in (ROOT / "tests").rglob("*.py")
        if not {"support", "simulation"} & set(p.parts) and asleep.search(p.read_text())
    ]
    assert found in ([], ["tests/test_house.py"])


def test_no_secret_or_photo_is_tracked() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    # The car model that ships lies in a folder of its own, with its notice and its card.
    secret = [
        name
        for name in listed
        if re.search(r"\.(key|pem|der|p12|pfx|pth|onnx|dat|heic)$", name) and "vision/car_model/" not in name
    ]
    pictures = [name for name in listed if re.search(r"\.(jpe?g)$", name) and "demo/people/" not in name]
    assert secret == []
    assert pictures == []


def test_the_repository_names_no_path_of_a_workplace() -> None:
    command = ["git", "grep", "-nIE", r"/(root|home/[a-z]+)/|/work/", "--", ".", ":!LICENSE"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert [line for line in found.splitlines() if "test_house.py" not in line] == []

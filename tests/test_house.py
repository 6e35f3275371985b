"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "core",
    "music",
    "media",
    "inference",
    "db",
    "bot",
    "cogs",
    "training",
    "benchmarks",
    "soak",
    "fuzzing",
    "sandbox",
    "scripts",
)
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py")
MAX_LINES = 400


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_says_what_it_is_for_and_keeps_its_size(path):
    source = path.read_text()
    assert ast.get_docstring(ast.parse(source)), f"{relative(path)} has no docstring"
    assert source.count("\n") <= MAX_LINES, f"{relative(path)} has over {MAX_LINES} lines: split it"


def test_no_module_is_named_after_nothing():
    vague = {"utils.py", "helpers.py", "misc.py", "common.py"}
    assert not [relative(path) for path in MODULES if path.name in vague]


def test_every_test_folder_is_a_package():
    """Without an ``__init__.py``, tests/bot would be imported as ``bot`` and hide the application."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert not [relative(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_init_files_are_empty():
    filled = [path for folder in FOLDERS for path in (ROOT / folder).rglob("__init__.py") if path.read_text().strip()]
    assert [relative(path) for path in filled] in ([], ["music/tokenizers/__init__.py"])


def test_make_help_names_every_target_of_the_readme():
    help_text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "check", "bench", "evaluate", "train", "migrate", "setup"):
        assert f"make {target} " in help_text

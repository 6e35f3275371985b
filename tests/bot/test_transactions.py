"""Every writing transaction of the bot may be tried again: it is alone in a function that is ``unbroken``."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_WRITING = {"writing", "writing_beside_others"}


def test_each_writing_transaction_is_alone_in_an_unbroken_function():
    """A second one in there would be done twice when the other is tried again."""
    found, faults = 0, []
    for file in (ROOT / "bot").rglob("*.py"):
        for function in functions_of(ast.parse(file.read_text())):
            num_blocks = sum(is_writing(node) for node in own_nodes(function))
            found += num_blocks
            if num_blocks > 1 or (num_blocks == 1 and "unbroken" not in decorators_of(function)):
                faults.append(f"{file.relative_to(ROOT)}: {function.name}")
    assert found > 20
    assert faults == []


def functions_of(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def own_nodes(function):
    """Yield what is in a function, but not in functions inside it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def is_writing(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _WRITING


def decorators_of(function):
    return {each.id for each in function.decorator_list if isinstance(each, ast.Name)}

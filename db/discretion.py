"""What a failed database may say: errors of drivers, without the values of the rows they are about. It decides nothing else.

Errors go to the log with their whole chain of causes, and PostgreSQL explains a refused row by quoting it ("Failing row contains …",
"Key (name)=(…) already exists"); asyncpg quotes an argument that no column takes. Both are content. Names of tables, columns and
constraints, codes and tracebacks stay, so a fault of ours is still found.
"""

from __future__ import annotations

from collections.abc import Iterator

_QUOTES_VALUES = frozenset({"21", "22", "2F", "38", "39", "HV", "P0", "XX"})
"""Classes of PostgreSQL's codes whose very message may quote a value: data exceptions, and what functions raise.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_EXPLANATIONS = ("detail", "context", "query", "internal_query", "hint")


def forget_values(error: BaseException) -> None:
    """Take the values of rows and arguments out of an error and of all that led to it; those of SQLite hold none."""
    chain = list(_chain(error))
    codes = {code for each in chain if isinstance(code := getattr(each, "sqlstate", None), str)}
    if not codes:
        return
    is_quoting = any(code[:2] in _QUOTES_VALUES for code in codes)
    for each in reversed(chain):  # the innermost first: those around it repeat its words
        for name in _EXPLANATIONS if _is_of(each, "asyncpg") else ():
            setattr(each, name, None)
        if is_quoting or _is_of(each, "asyncpg", "sqlalchemy"):
            each.args = (_words_of(each, is_quoting=is_quoting),)


def _words_of(error: BaseException, *, is_quoting: bool) -> str:
    """Return what an error may say of itself."""
    code = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    names = [
        f"{kind} {name}" for kind in ("table", "column", "constraint") if (name := getattr(error, f"{kind}_name", None))
    ]
    about = ", ".join(filter(None, (code, *names)))
    if is_quoting or not error.args:
        return about
    first_line = str(error.args[0]).partition("\nDETAIL:")[0]
    return f"{first_line} ({about})" if about else first_line


def _is_of(error: BaseException, *libraries: str) -> bool:
    return type(error).__module__.partition(".")[0] in libraries


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything behind it, each once, outermost first."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [getattr(each, "orig", None), each.__cause__, each.__context__]

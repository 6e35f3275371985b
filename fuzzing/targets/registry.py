"""The targets by name. Each is loaded only when it is asked for: the engine instruments what it imports."""

from __future__ import annotations

from importlib import import_module

from fuzzing.target import Target

MODULES = {
    "midi": "fuzzing.targets.midi",
    "musicxml": "fuzzing.targets.musicxml",
    "abc": "fuzzing.targets.abc_tunes",
    "frames": "fuzzing.targets.frames",
    "words": "fuzzing.targets.words",
    "interactions": "fuzzing.targets.interactions",
}
NAMES = tuple(MODULES)


def load_target(name: str) -> Target:
    """Return a target by its name, or by ``module:attribute`` for one that is not listed."""
    module_name, _, attribute = (MODULES.get(name) or name).partition(":")
    target = getattr(import_module(module_name), attribute or "TARGET")
    assert isinstance(target, Target), name
    return target

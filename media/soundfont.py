"""Finding the SoundFont to play with. It knows nothing of pieces or of FluidSynth.

FluidR3 GM (Debian package fluid-soundfont-gm, MIT) sounds better; TimGM6mb travels inside the pretty_midi package, so
there is always one.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from core.errors import ConfigurationError

_CANDIDATES = (
    Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    Path("/usr/share/soundfonts/FluidR3_GM.sf2"),
    Path("/usr/share/sounds/sf2/default-GM.sf2"),
)
_FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/sounds/sf3"), Path("/usr/share/soundfonts"))


def find_soundfont(configured: str = "") -> Path:
    """Return the configured SoundFont, else the best one on this machine.

    Raises:
        ConfigurationError: if the configured file does not exist, or none is found.
    """
    if configured:
        path = Path(configured)
        if not path.is_file():
            raise ConfigurationError(f"TUTTI_SOUNDFONT: there is no file {path}", variable="TUTTI_SOUNDFONT")
        return path
    for path in (*_CANDIDATES, *_packaged()):
        if path.is_file():
            return path
    raise ConfigurationError("No SoundFont found: install fluid-soundfont-gm", variable="TUTTI_SOUNDFONT")


def _packaged() -> tuple[Path, ...]:
    """Return where the pretty_midi package keeps its SoundFont, without importing it."""
    spec = find_spec("pretty_midi")
    if spec is None or spec.origin is None:
        return ()
    return (Path(spec.origin).parent / "TimGM6mb.sf2",)


def list_soundfonts(configured: str = "") -> dict[str, Path]:
    """Return the SoundFonts on this machine by the names that people read, each file once, the best one first.

    Beside the configured one and the packaged one: every .sf2 and .sf3 in the system's folders.
    """
    found = [Path(configured)] if configured else []
    found += [*_CANDIDATES, *_packaged()]
    for folder in _FOLDERS:
        found += sorted(path for path in folder.glob("*.sf[23]"))
    named: dict[str, Path] = {}
    seen: set[Path] = set()
    for path in found:
        if path.is_file() and path.resolve() not in seen:
            seen.add(path.resolve())
            named.setdefault(path.stem, path)
    return named

"""File hygiene before a commit: no merge marks, no carriage returns, a final newline, nothing over 4 MB but weights."""

from __future__ import annotations

import sys
from pathlib import Path

TEXT = {".py", ".md", ".toml", ".js", ".css", ".html", ".sh", ".yaml", ".json", ".lock", ".ini", ".mako", ".txt"}
MAX_BYTES = 4_000_000


def complaints(path: Path) -> list[str]:
    """Return what is wrong with one file, a sentence each."""
    data = path.read_bytes()
    found: list[str] = []
    if len(data) > MAX_BYTES and path.suffix != ".safetensors":
        found.append(f"{path}: {len(data) / 1e6:.1f} MB is too heavy for the repository")
    if path.suffix in TEXT:
        if b"\r\n" in data:
            found.append(f"{path}: has carriage returns")
        if data and not data.endswith(b"\n"):
            found.append(f"{path}: has no newline at its end")
        if b"\n<<<<<<< " in data or b"\n>>>>>>> " in data:
            found.append(f"{path}: has merge marks")
    return found


def main() -> int:
    """Check the files named on the command line."""
    found = [line for name in sys.argv[1:] if Path(name).is_file() for line in complaints(Path(name))]
    sys.stdout.writelines(line + "\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

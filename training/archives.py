"""Unpacks data sets into a scratch folder, once for all runs. It knows nothing of their content."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from core.errors import ConfigurationError


def unpack_set(data_folder: Path, name: str, *, scratch: Path | None = None) -> Path:
    """Return the folder of a data set, unpacked if it is not there yet.

    A folder ``name`` beside the archives is used as it is. Otherwise ``name.tar.xz`` (also in ``second_choice``) goes to
    ``scratch`` (left out: ``tutti-data`` in the system's temporary folder): into a fresh name first, then renamed, so two
    runs may start at once.

    Raises:
        ConfigurationError: when neither the folder nor the archive exists.
    """
    ready = data_folder / name
    if ready.is_dir():
        return ready
    scratch = scratch or Path(tempfile.gettempdir()) / "tutti-data"
    target = scratch / name
    if target.is_dir():
        return target
    archive = next(
        (
            path
            for path in (data_folder / f"{name}.tar.xz", data_folder / "second_choice" / f"{name}.tar.xz")
            if path.exists()
        ),
        None,
    )
    if archive is None:
        raise ConfigurationError(
            f"The data set {name} is neither a folder nor an archive in {data_folder}. Point TUTTI_DATA at it.",
            variable="TUTTI_DATA",
        )
    scratch.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=scratch))
    with tarfile.open(archive, "r:xz") as file:
        file.extractall(fresh, filter="data")
    try:
        (fresh / name).rename(target)
    except OSError:  # another run was faster
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target

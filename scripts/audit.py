"""Audit of what we install: versions against the lock files, licences against a list, known weaknesses against a list and a service.

The first three need no network and always run. The service of advisories is asked through pip-audit; where it does not answer, one line
says that nobody was asked, and ``--demand`` makes that an error. It is first asked about a version known to be weak: a mirror that
answers without advisories would otherwise pass for good news.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
KNOWLEDGE = ROOT / "scripts" / "audit.toml"
INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
"""They bring the rest, so no lock can hold them."""
KNOWN_WEAK = "idna==3.6"
"""PYSEC-2024-60: a service that says nothing of it has no advisories."""
PATIENCE_SECONDS = 180

_LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package. ``licence``: how its metadata calls it, empty where it is silent."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service said: weaknesses, a sentence each, or why nobody was asked."""

    weaknesses: tuple[str, ...] = ()
    not_asked: str = ""


def normal_name(name: str) -> str:
    """Return a package's name as the index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).casefold()


def read_lock(path: Path) -> dict[str, str]:
    """Return the versions of a lock file by name."""
    matches = (_LOCKED.match(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {normal_name(match["name"]): match["version"] for match in matches if match}


def installed_packages(found: Iterable[Distribution] | None = None) -> list[Package]:
    """Return what is installed beside this program, by name."""
    return sorted(
        (
            Package(name=normal_name(each.metadata["Name"]), version=each.version, licence=_licence_of(each))
            for each in (distributions() if found is None else found)
        ),
        key=lambda package: package.name,
    )


def wrong_versions(installed: Iterable[Package], locks: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return what differs from the lock files, and where they differ from each other."""
    run, dev = (locks[name] for name in LOCKS)
    found = [
        f"{name}: {LOCKS[0]} has {version}, {LOCKS[1]} {dev.get(name, 'nothing')}"
        for name, version in run.items()
        if dev.get(name) != version
    ]
    packages = {package.name: package for package in installed}
    found += [f"{name}: is in {LOCKS[0]} and not installed; run make setup" for name in run if name not in packages]
    for package in packages.values():
        locked = dev.get(package.name)
        if locked is None:
            if package.name not in INSTALLERS:
                found.append(f"{package.name}: installed, and in no lock file; lock it or remove it")
        elif Version(package.version).public != Version(locked).public:  # a build for the processor adds +cpu
            found.append(f"{package.name}: {package.version} is installed, {locked} is locked; run make setup")
    return found


def wrong_licences(installed: Iterable[Package], knowledge: Mapping[str, Any]) -> list[str]:
    """Return the packages whose licence is not on the list, and names on the list that are not installed any more."""
    licences = knowledge["licences"]
    packages = list(installed)
    found = [
        f"{package.name}: its licence is “{package.licence or 'not told'}”; allow it in scripts/audit.toml, or name it there"
        for package in packages
        if package.name not in licences["named"]
        and not _is_allowed(package.licence, allowed=set(licences["allowed"]), spelled=licences["spelled"])
    ]
    names = {package.name for package in packages}
    return found + [
        f"{name}: named in scripts/audit.toml and not installed" for name in licences["named"] if name not in names
    ]


def known_weaknesses(versions: Iterable[tuple[str, str]], knowledge: Mapping[str, Any]) -> list[str]:
    """Return the packages with a weakness from our own list."""
    return [
        f"{name} {version}: {advisory['id']}, {advisory['what']} ({advisory['affected']}); {advisory['url']}"
        for name, version in sorted(set(versions))
        for advisory in knowledge["advisory"]
        if advisory["package"] == name and Version(version) in SpecifierSet(advisory["affected"], prereleases=True)
    ]


def ask_service(lock: Path) -> Answer:
    """Ask pip-audit's service about everything in a lock file."""
    with tempfile.TemporaryDirectory(prefix="tutti-audit-") as folder:
        trial = Path(folder, "trial.txt")
        trial.write_text(KNOWN_WEAK + "\n", encoding="utf-8")
        first = read_answer(*_run(trial))
        if first.not_asked:
            return first
        if not first.weaknesses:
            return Answer(not_asked=f"it knows nothing of {KNOWN_WEAK}, which is weak")
    return read_answer(*_run(lock))


def read_answer(output: str, errors: str) -> Answer:
    """Return what pip-audit's JSON says. A package that was skipped was not asked about, whatever its exit code says."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        return Answer(not_asked=last[:200])
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped:
        return Answer(not_asked=f"it could not look up {len(skipped)} of {len(packages)} packages")
    return Answer(
        weaknesses=tuple(
            f"{each['name']} {each['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions']) or 'none yet'}"
            for each in packages
            for weakness in each["vulns"]
        )
    )


def main(arguments: list[str] | None = None) -> int:
    """Print what is wrong, and return 1 when something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demand", action="store_true", help="fail when the service of advisories does not answer")
    parser.add_argument("--offline", action="store_true", help="do not ask the service")
    options = parser.parse_args(arguments)

    knowledge = tomllib.loads(KNOWLEDGE.read_text(encoding="utf-8"))
    locks = {name: read_lock(ROOT / name) for name in LOCKS}
    installed = installed_packages()
    versions = [(package.name, package.version) for package in installed]
    versions += [each for lock in locks.values() for each in lock.items()]
    found = [
        *wrong_versions(installed, locks),
        *wrong_licences(installed, knowledge),
        *known_weaknesses(versions, knowledge),
    ]
    answer = Answer(not_asked="--offline") if options.offline else ask_service(ROOT / LOCKS[1])
    found += answer.weaknesses
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.stdout.write(
        f"{len(installed)} packages: versions, licences and {len(knowledge['advisory'])} kept advisories were checked.\n"
    )
    said = (
        f"was NOT asked: {answer.not_asked}" if answer.not_asked else f"was asked about {len(locks[LOCKS[1]])} packages"
    )
    sys.stdout.write(f"The service of advisories {said}.\n")
    return 1 if found or (options.demand and answer.not_asked) else 0


def _run(requirements: Path) -> tuple[str, str]:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "5"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "", f"no answer in {PATIENCE_SECONDS} seconds"
    return done.stdout, done.stderr


def _licence_of(distribution: Distribution) -> str:
    """Return an SPDX expression where there is one, else the classifier, else the first line of the text."""
    expression, texts, kinds = (
        [str(each) for each in distribution.metadata.get_all(name) or ()]
        for name in ("License-Expression", "License", "Classifier")
    )
    if expression:
        return expression[0]
    kinds = [kind for kind in kinds if kind.startswith("License ::") and "DFSG" not in kind]
    if kinds:
        return " OR ".join(kind.rpartition("::")[2].strip() for kind in kinds)
    lines = "\n".join(texts).strip().splitlines()
    return lines[0].strip() if lines else ""


def _is_allowed(licence: str, *, allowed: set[str], spelled: Mapping[str, str]) -> bool:
    """Tell whether one of the choices of an expression has only licences that we take."""
    choices = (re.split(r"\s+(?:AND|WITH)\s+", choice) for choice in re.split(r"\s+OR\s+", licence))
    return any(all(spelled.get(name, name) in allowed for name in names) for names in choices)


if __name__ == "__main__":
    raise SystemExit(main())

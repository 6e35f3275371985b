"""The audit of dependencies finds what is planted, and takes nobody's silence for good news."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent


def load_audit() -> ModuleType:
    """The script stands alone, outside of any package."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


audit = load_audit()
KNOWLEDGE = tomllib.loads(audit.KNOWLEDGE.read_text(encoding="utf-8"))


def package(name: str, version: str = "1.0", licence: str = "MIT"):
    return audit.Package(name=name, version=version, licence=licence)


def locks(run: dict[str, str], dev: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    return dict(zip(audit.LOCKS, (run, run | (dev or {})), strict=True))


def answer(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages})


def test_what_is_installed_here_passes(capsys):
    """Every version as locked, every licence allowed or named, no weakness that we know of."""
    assert audit.main(["--offline"]) == 0
    assert "NOT asked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("installed", "words"),
    [
        ([package("aiohttp", "3.14.5"), package("left-pad")], "left-pad: installed, and in no lock file"),
        ([package("aiohttp", "3.13.3")], "3.13.3 is installed, 3.14.5 is locked"),
        ([], "aiohttp: is in requirements.lock and not installed"),
    ],
)
def test_what_differs_from_the_lock_is_told(installed, words):
    """Something more, something else, something less."""
    (complaint,) = audit.wrong_versions(installed, locks({"aiohttp": "3.14.5"}))

    assert words in complaint


def test_lock_files_must_agree():
    """What runs is what was tested."""
    (complaint,) = audit.wrong_versions(
        [package("aiohttp", "3.14.5")],
        dict(zip(audit.LOCKS, ({"aiohttp": "3.14.4"}, {"aiohttp": "3.14.5"}), strict=True)),
    )

    assert "requirements.lock has 3.14.4" in complaint


def test_a_build_for_the_processor_is_the_locked_version():
    """The CPU's build adds a local part; tools that install others cannot be locked."""
    installed = [package("torch", "2.13.0+cpu"), package("pip", "25.3")]

    assert audit.wrong_versions(installed, locks({"torch": "2.13.0"})) == []


@pytest.mark.parametrize("advisory", KNOWLEDGE["advisory"], ids=lambda advisory: advisory["id"])
def test_every_kept_advisory_is_complete_and_finds_a_planted_version(advisory):
    """It has an id, an address and a day; a version that it names is found, what is locked is not."""
    assert advisory["url"].startswith("https://")
    assert advisory["retrieved"].year >= 2026
    assert advisory["what"]
    candidates = ("0.1", "1.12.1", "2.0.6", "2.30.0", "2022.12.7", "3.6", "3.10.8", "3.13.3", "41.0.5", "12.1.1")
    bad = next(each for each in candidates if each in SpecifierSet(advisory["affected"]))

    (found,) = [
        line for line in audit.known_weaknesses([(advisory["package"], bad)], KNOWLEDGE) if advisory["id"] in line
    ]
    assert advisory["url"] in found
    locked = audit.read_lock(ROOT / audit.LOCKS[1])
    assert audit.known_weaknesses([(advisory["package"], locked[advisory["package"]])], KNOWLEDGE) == []


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("BSD License", True),
        ("Apache-2.0 WITH LLVM-exception AND MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-only", False),
        ("", False),
    ],
)
def test_a_licence_that_nobody_allowed_is_told(licence, is_allowed):
    """Silence is no licence."""
    knowledge = {"licences": KNOWLEDGE["licences"] | {"named": {}}}
    found = audit.wrong_licences([package("some-package", licence=licence)], knowledge)

    assert (found == []) is is_allowed


def test_a_named_package_is_excused_and_forgotten_when_it_is_gone():
    """A reason for something that is not there any more would mislead."""
    knowledge = {"licences": KNOWLEDGE["licences"] | {"named": {"verovio": "a reason"}}}

    assert audit.wrong_licences([package("verovio", licence="LGPL-3.0-only")], knowledge) == []
    assert "not installed" in audit.wrong_licences([], knowledge)[0]


def test_a_weakness_that_the_service_knows_is_told():
    """With what mends it."""
    said = audit.read_answer(
        answer({"name": "idna", "version": "3.6", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]}), ""
    )

    assert said.weaknesses == ("idna 3.6: PYSEC-2024-60, mended in 3.7",)
    assert not said.not_asked


@pytest.mark.parametrize(
    ("output", "errors", "why"),
    [
        ("", "Max retries exceeded", "Max retries exceeded"),
        ("", "", "it said nothing"),
        ('{"error": "teapot"}', "", "it said nothing"),
        (answer({"name": "idna", "skip_reason": "not found"}), "", "1 of 1 packages"),
    ],
)
def test_silence_is_not_taken_for_good_news(output, errors, why):
    """Also where the tool itself ends with 0 and “No known vulnerabilities found”, because it skipped everything."""
    said = audit.read_answer(output, errors)

    assert why in said.not_asked
    assert said.weaknesses == ()


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ([answer({"name": "idna", "version": "3.6", "vulns": []})], "knows nothing of idna==3.6"),
        ([answer({"name": "idna", "skip_reason": "not found"})], "could not look up"),
    ],
)
def test_a_service_that_does_not_know_a_weak_version_counts_as_not_asked(monkeypatch, capsys, replies, why):
    """A mirror without advisories calls everything well; ``make audit`` then fails, ``make check`` says so."""
    monkeypatch.setattr(audit, "_run", lambda _path: (replies[0], ""))

    assert audit.main([]) == 0
    assert why in capsys.readouterr().out
    assert audit.main(["--demand"]) == 1


def test_a_service_that_answers_is_asked_about_the_lock(monkeypatch, capsys, tmp_path):
    """First about a weak version, then about everything; a weakness among ours fails the audit."""
    asked: list[str] = []

    def reply(path: Path) -> tuple[str, str]:
        asked.append(path.name)
        name, version = ("idna", "3.6") if path.name == "trial.txt" else ("aiohttp", "3.14.5")
        weakness = {"id": "PYSEC-0000-1", "fix_versions": []}
        return answer({"name": name, "version": version, "vulns": [weakness]}), ""

    monkeypatch.setattr(audit, "_run", reply)

    assert audit.main(["--demand"]) == 1
    assert asked == ["trial.txt", "requirements-dev.lock"]
    assert "aiohttp 3.14.5: PYSEC-0000-1, mended in none yet" in capsys.readouterr().out

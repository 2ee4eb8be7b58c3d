"""What we depend on: asked about honestly, and nothing that stands unused."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.house.advisories import answering

ROOT = Path(__file__).resolve().parents[2]
# Used without being imported by us.
UNSEEN = {
    "apispec": "flask-smorest writes with it; its version is pinned for the override in http/openapi.py",
    "granian": "started as a command",
    "tzdata": "the time zones of machines without them",
    "flask-swagger-ui": "its files are served",
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    place = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
    assert place and place.loader
    made = importlib.util.module_from_spec(place)
    place.loader.exec_module(made)
    return made


def package(name: str, *faults: str, skipped: bool = False) -> dict[str, Any]:
    if skipped:
        return {"name": name, "skip_reason": "Dependency not found on PyPI and could not be audited"}
    return {"name": name, "version": "1", "vulns": [{"id": one, "fix_versions": ["2"]} for one in faults]}


@pytest.mark.parametrize(
    ("packages", "strict", "status", "said"),
    [
        ([package("flask"), package("celery")], True, 0, "2 packages asked about, 0 known faults"),
        ([package("flask", "CVE-1")], False, 1, "flask 1: CVE-1, mended in 2"),
        ([package("flask", skipped=True)], False, 0, "NOT DONE"),
        ([package("flask", skipped=True)], True, 1, "NOT DONE"),
        ([package("flask"), package("ours", skipped=True)], True, 1, "does not know them: ours"),
        (None, False, 0, "NOT DONE"),
    ],
)
def test_what_was_not_asked_is_never_called_sound(
    audit: ModuleType, packages: Any, strict: bool, status: int, said: str
) -> None:
    code, words = audit.verdict({"dependencies": packages} if packages else None, strict=strict)
    assert code == status and said in words


def lock(*names: str) -> str:
    return "".join(f"{name}==1.0 \\\n    --hash=sha256:{'0' * 64}\n" for name in names)


@pytest.mark.parametrize(
    ("faults", "strict", "status", "said"),
    [
        ({"ours": [], "theirs": []}, True, 0, "2 packages asked about, 0 known faults"),
        ({"ours": [], "theirs": ["PYSEC-2026-1"]}, False, 1, "theirs 1.0: PYSEC-2026-1, not mended in any version"),
        ({"ours": []}, False, 0, "not asked about, since the service does not know them: theirs"),
        ({"ours": []}, True, 1, "not asked about, since the service does not know them: theirs"),
        ({"theirs": ["PYSEC-2026-1"]}, False, 0, "NOT DONE"),  # the first it is asked about is not there
    ],
)
def test_what_the_service_answers_decides(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    faults: dict[str, list[str]], strict: bool, status: int, said: str,
) -> None:  # fmt: skip
    """pip-audit itself, asking the package index as it does, over a real connection."""
    (tmp_path / "run.txt").write_text(lock("ours", "theirs"), encoding="utf-8")
    monkeypatch.setattr(audit, "LOCK", tmp_path / "run.txt")
    with answering(tmp_path, faults) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert audit.main(*["--strict"] * strict) == status
    assert said in capsys.readouterr().out


def test_one_package_is_asked_about_first(audit: ModuleType) -> None:
    first = audit.first_of(audit.LOCK)
    assert re.match(r"[\w-]+==\S+ \\\n", first) and "--hash=sha256:" in first and first.count("==") == 1


def test_nothing_we_depend_on_stands_unused() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.match(r"[\w-]+", line)[0].lower() for line in wanted}  # type: ignore[index]
    code = "\n".join(
        path.read_text(encoding="utf-8") for part in ("src", "workers") for path in (ROOT / part).rglob("*.py")
    )
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.M))
    brought = {
        re.sub(r"[-_.]+", "-", one).lower() for name in imported for one in packages_distributions().get(name, [])
    }
    assert not names - brought - UNSEEN.keys(), "take it out of pyproject.toml and run `make lock`"

"""Has a version we depend on a known fault? Asks pip-audit about `run.txt`: `make audit`, the end of `make check`.

pip-audit asks the package index's own service of advisories. Where an index has none (a mirror, a machine without
a network) it calls every package "not found" and then reports that no fault is known: an untrue comfort. So one
package is asked about first, and if it is not found we say that nothing was audited. That is no fault of the code,
so `make check` passes; with `--strict`, before a release, it does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("run.txt")
Report = dict[str, Any]


def verdict(report: Report | None, *, strict: bool) -> tuple[int, str]:
    """The exit status, and what to say of a report; None where pip-audit got no answer at all."""
    packages = report["dependencies"] if report else []
    asked = [one for one in packages if "skip_reason" not in one]
    if not asked:
        return int(strict), "audit: NOT DONE, no service of advisories answers from here"
    faults = [(one, fault) for one in asked for fault in one["vulns"]]
    said = [
        f"audit: {one['name']} {one['version']}: {fault['id']}, {_mended(fault['fix_versions'])}"
        for one, fault in faults
    ]
    missed = [one["name"] for one in packages if "skip_reason" in one]
    if missed:
        said.append(f"audit: not asked about, since the service does not know them: {', '.join(missed)}")
    said.append(f"audit: {len(asked)} packages asked about, {len(faults)} known faults")
    return int(bool(faults) or (strict and bool(missed))), "\n".join(said)


def _mended(versions: list[str]) -> str:
    return f"mended in {' or '.join(versions)}" if versions else "not mended in any version"


def asked_about(lock: Path) -> Report | None:
    """pip-audit's report on a lock file; None where it gave none."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "-r",
        str(lock),
        "--disable-pip",
        "--require-hashes",
        "-f",
        "json",
    ]
    done = subprocess.run([*command, "--progress-spinner", "off", "--timeout", "5"], capture_output=True, text=True)
    try:
        found: Report = json.loads(done.stdout)
    except ValueError:
        return None
    return found


def first_of(lock: Path) -> str:
    """The first requirement of a lock file, with its hashes."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if not line.endswith("\\") and not line.startswith("#"))
    return "\n".join(lines[: end + 1]) + "\n"


def main(*arguments: str) -> int:
    strict = "--strict" in arguments
    with tempfile.TemporaryDirectory() as folder:
        (one := Path(folder) / "one.txt").write_text(first_of(LOCK), encoding="utf-8")
        report = asked_about(one)
    if report and any("skip_reason" not in package for package in report["dependencies"]):
        report = asked_about(LOCK)
    status, said = verdict(report, strict=strict)
    sys.stdout.write(said + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

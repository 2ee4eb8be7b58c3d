"""Who runs PostgreSQL, and where: it refuses to run as root, and root's folders are closed to others."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Where root keeps what an unprivileged id must reach, when the folder asked for is closed to it.
OPEN_GROUND = ("/var/lib/asimati-embedded", "/var/tmp/asimati-embedded")  # noqa: S108 (ownership is checked)
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")  # libpq splits host lists at commas; keep socket paths simple


class ClosedGroundError(OSError):
    """No folder of this machine can be entered by the id PostgreSQL must run under."""


@dataclass(frozen=True)
class Owner:
    """The id a server runs under: ourselves, or, when we are root, an unprivileged one."""

    uid: int
    gid: int

    @classmethod
    def current(cls) -> Owner:
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def unprivileged(cls, data: Path) -> Owner:
        """Ourselves; for root the owner of existing data, else `nobody`."""
        us = cls.current()
        if us.uid != 0:
            return us
        if data.exists() and data.stat().st_uid != 0:
            return cls(data.stat().st_uid, data.stat().st_gid)
        for name in ("nobody", "daemon"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise ClosedGroundError("PostgreSQL does not run as root and this machine has no user `nobody`.")

    @property
    def other(self) -> bool:
        """Whether it is somebody else than us."""
        return self.uid != os.geteuid()

    @property
    def popen(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}

    def may(self, test: str, path: Path) -> bool:
        """Ask the machine itself, so that access lists and mounts count too. `test` is one of sh's: x, r, w."""
        if not self.other:
            return True
        return self._try(["/bin/sh", "-c", f'test -{test} "$1"', "sh", str(path)])

    def own(self, folder: Path) -> Path:
        """Make a private folder of this id's."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.other:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)
        return folder

    def temporary(self, prefix: str, limit: int = 4096) -> Path:
        """A fresh private folder in the first temporary folder whose path is short and plain enough."""
        for base in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):  # noqa: S108
            if (
                len(os.fsencode(base)) < limit
                and PLAIN.fullmatch(str(base))
                and base.is_dir()
                and self.may("x", base)
            ):
                return self.own(Path(tempfile.mkdtemp(prefix=prefix, dir=base)))
        raise ClosedGroundError("no temporary folder has a short path that PostgreSQL's user can enter")

    def home_for(self, folder: Path, *, throwaway: bool) -> Path:
        """`folder` if this id can live there, else a place it can, with notes both ways so it is found again."""
        if self.other and not self.may("x", folder.parent):
            return self._temporary_home(folder) if throwaway else self._home_elsewhere(folder)
        return self.own(folder)

    def _temporary_home(self, folder: Path) -> Path:
        note = folder / "elsewhere"
        if note.exists() and (known := Path(note.read_text())).is_dir():
            return known
        made = self.temporary("asimati-data-")
        note.write_text(str(made))
        return made

    def _home_elsewhere(self, folder: Path) -> Path:
        note = folder / "elsewhere"
        if note.exists() and _belongs(known := Path(note.read_text()), folder):
            (known / "home").write_text(str(folder))
            return known
        made = Path(tempfile.mkdtemp(prefix="postgres-", dir=open_ground(self)))
        self.own(made)
        (made / "home").write_text(str(folder))
        note.write_text(str(made))
        return made

    def program_folder(self, installed: Path, version: str) -> Path:
        """`installed` if this id can run what is in it, else a copy it can run, made once for each version."""
        if self._runs(installed):
            return installed
        kept = open_ground(self) / f"program-{version}"
        if not kept.exists():
            self._copy_wheel(installed.parent, kept)
        return kept / installed.parent.name / installed.name

    def _runs(self, programs: Path) -> bool:
        if not self.other:
            return True
        asked = [str(programs / "bin" / "postgres"), "--version"]
        return self._try(asked) and self.may("r", programs / "share")

    def _copy_wheel(self, package: Path, kept: Path) -> None:
        """Copy the programs and the libraries beside the package, keeping how they lie to each other."""
        fresh = Path(tempfile.mkdtemp(prefix="fresh-", dir=kept.parent))
        for part in (package, package.with_name(package.name + ".libs")):
            if part.is_dir():
                shutil.copytree(part, fresh / part.name, ignore=shutil.ignore_patterns("pginstall", "__pycache__"))
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            fresh.rename(kept)
        except OSError:  # another start was quicker
            shutil.rmtree(fresh)
            if not kept.exists():
                raise

    def _try(self, arguments: list[str]) -> bool:
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **self.popen}
        try:
            return subprocess.run(arguments, cwd="/", check=False, **quiet).returncode == 0
        except OSError:
            return False


def open_ground(owner: Owner) -> Path:
    """A folder of root's that everybody may enter and nobody else may change."""
    for name in OPEN_GROUND:
        ground = Path(name)
        try:
            ground.mkdir(mode=0o755, parents=True, exist_ok=True)
            standing = ground.lstat()
        except OSError:
            continue
        if (
            standing.st_uid == 0
            and not standing.st_mode & 0o022
            and not ground.is_symlink()
            and owner.may("x", ground)
        ):
            return ground
    raise ClosedGroundError(f"PostgreSQL's user can enter none of {', '.join(OPEN_GROUND)}")


def _belongs(place: Path, folder: Path) -> bool:
    """Whether `place` holds this folder's data: not those of a checkout this one was copied from."""
    try:
        said = Path((place / "home").read_text())
        return said == folder or (said / "elsewhere").read_text() != str(place)
    except FileNotFoundError:  # the other end has moved or is gone
        return place.is_dir()
    except OSError:
        return False

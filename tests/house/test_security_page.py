"""docs/security.md: each requirement has its row, each row shows what it says; and what the code tells.

The ids are those of the standard at levels 1 and 2 (`asvs_5_0_0.txt`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.kit import db, rotation
from asimati.kit.policy import Role
from asimati.kit.privacy import Group
from asimati.settings import SettingsError, settings
from tests.house.test_everywhere import ROUTES, path_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
SCRIPTS = sorted((ROOT / "src" / "asimati").rglob("static/*.js"))
TEMPLATES = sorted((ROOT / "src" / "asimati" / "console" / "templates").glob("*.html"))
STATES = ("holds", "in part", "not kept", "of the operator", "does not apply")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def rows() -> list[list[str]]:
    told = re.sub(r"## Levels of protection.*?(?=\n## )", "", PAGE, flags=re.DOTALL)
    lines = [line for line in told.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.removeprefix("|").removesuffix("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("risk", "id")]


# --- the page --------------------------------------------------------------------------------------------------


def test_it_names_tests_that_are_there() -> None:
    found = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)
    assert len(found) > 300
    for file, name in found:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_each_requirement_has_its_one_row() -> None:
    said = (ROOT / "tests" / "house" / "asvs_5_0_0.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.split()[0] for line in said if not line.startswith("#")]
    assert len(wanted) == len(set(wanted)) == 253
    assert [row[0] for row in rows() if row[0][0].isdigit()] == wanted
    risks = [row[0].partition(" ")[0] for row in rows() if not row[0][0].isdigit()]
    assert risks == [f"API{number}" for number in range(1, 11)]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0].partition(" ")[0])
def test_each_row_shows_what_it_says(row: list[str]) -> None:
    """What holds names a test, or the document it is; what is missing is said; the operator is told where."""
    what, promise, said, shown = row
    state, _colon, missing = said.partition(": ")
    assert state in STATES, said
    assert bool(missing) == (state in ("in part", "not kept")), f"{what}: say what is missing, where something is"
    assert promise.endswith((".", ")")) and len(promise) > 3, what
    decisions = re.findall(r"decisions/(\d+)", f"{promise} {missing}")
    assert all(list((ROOT / "docs" / "decisions").glob(f"{number}-*")) for number in decisions), what
    files = re.findall(r"[\w/-]*(?:/[\w-]+\.(?:toml|py)|\w\.md|requirements/)", f"{promise} {missing}")
    assert all(any((ROOT / at / file).exists() for at in ("", "docs", "src/asimati")) for file in files), what
    if state == "holds":
        assert "::" in shown or decisions or files, f"{what}: name the test"
    if state == "of the operator":
        assert "operations.md" in promise or "::" in shown, what
    if state == "does not apply":
        assert not shown, what


# --- what the code can be asked for ----------------------------------------------------------------------------


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """All calls and imports of the house, read once."""
    return [
        (path, node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call | ast.Import | ast.ImportFrom)
    ]


def calls() -> Iterator[tuple[Path, ast.Call]]:
    return ((path, node) for path, node in nodes() if isinstance(node, ast.Call))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_ours(said: ast.expr) -> bool:
    """Whether a format is written in the code: a text, a constant, or words of ours in the reader's language."""
    if isinstance(said, ast.Subscript):
        said = said.value
    if isinstance(said, ast.Call):
        if isinstance(said.func, ast.Attribute) and said.func.attr == "get":
            return _is_ours(said.func.value)
        return _name(said.func) in ("_", "translate", "Markup")
    return isinstance(said, ast.Constant) or _name(said).isupper() or _name(said) in ("words", "ours")


def test_no_code_is_run_that_is_not_ours() -> None:
    loading = {"pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle", "code"}
    for path, call in calls():
        assert not (
            isinstance(call.func, ast.Name) and call.func.id in ("eval", "exec", "compile", "__import__")
        ), path
        assert _name(call.func) not in ("system", "popen"), path
        if _name(call.func) in ("from_string", "render_template_string"):
            assert _is_ours(call.args[0]) or ast.unparse(call.args[0]).startswith(
                ("(_FOLDER / ", "(_DOCUMENTS / ")
            ), f"{path}:{call.lineno}: a template is a file or a text of ours"
        assert not [one for one in call.keywords if one.arg == "shell"], path
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("format", "format_map"):
            assert _is_ours(call.func.value), f"{path}:{call.lineno}: what people write is no format"
    for path, node in nodes():
        if isinstance(node, ast.Import | ast.ImportFrom):
            of = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            assert not loading & {name.partition(".")[0] for name in of}, path


def test_chance_that_matters_comes_from_the_system() -> None:
    """Nothing random but from `secrets` and `os.urandom`, and of 128 bits; three uses are nobody's secret."""
    plain = {
        named(path) for path in SOURCES if re.search(r"^import random\b|^from random\b", path.read_text(), re.M)
    }
    assert plain <= {
        "src/asimati/demo.py",
        "src/asimati/notifications/sending.py",
        "src/asimati/impact/disclosure.py",
    }
    short = {
        f"{named(path)}:{_name(call.func)}"
        for path, call in calls()
        if _name(call.func) in ("token_urlsafe", "token_hex", "token_bytes", "urandom")
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value < (12 if _name(call.func) == "urandom" else 16)
    }
    assert short == SHORT


SHORT = {"src/asimati/accounts/actions/codes.py:token_urlsafe"}  # a device's name, beside a keyed hash


def test_every_purpose_of_a_key_is_in_the_inventory() -> None:
    page = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    using = {"seal", "unseal", "blind_index", "blind_indexes", "mac", "pseudonym", "sign"}
    used = {
        call.args[1].value
        for _path, call in calls()
        if _name(call.func) in using and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }
    sealed = {
        one.purpose for one in rotation.SEALED.values() if one.purpose != "words"
    }  # the integrity channel's own
    written = set(re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE))))
    assert len(used) > 20 and not (used | sealed) - written
    whole = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert not [name for name in written if not re.search(rf"[\"'|]{name}[\"'|]", whole)], "nobody uses it any more"


def test_every_group_of_the_data_map_has_its_level() -> None:
    section = PAGE.partition("## Levels of protection")[2].partition("\n## ")[0]
    said = " ".join(line.split("|")[2] for line in section.splitlines() if line.startswith("| "))
    named = re.findall(r"`(\w+)`", said)
    assert sorted(named) == sorted(Group)


def test_every_address_that_is_called_is_in_the_list() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## What it calls")[2].partition("\n## ")[0]
    address = re.compile(r"(^|_)(url|endpoint|clamav|store|file)$")
    named = {
        f"{part}.{name}"
        for part, values in settings().values.items()
        if isinstance(values, dict)
        for name in values
        if address.search(name) and not (part == "keys" or name == "owner_url")
    }
    assert len(named) > 8 and not [one for one in named if f"`{one}`" not in section]


def test_no_weak_algorithm_is_named_in_the_code() -> None:
    weak = re.compile(r"\b(md5|sha1|SHA1|MD5|RC4|ARC4|TripleDES|Blowfish|ECB|CBC|PKCS1v15|DSA|SECP192R1)\b")
    found = {(named(path), one) for path in SOURCES for one in weak.findall(path.read_text(encoding="utf-8"))}
    # These draw lots and make names of lines, in statements.
    assert found == {("src/asimati/impact/queries.py", "md5"), ("src/asimati/volunteering/calling.py", "md5")}


def test_certificates_are_verified_wherever_we_call() -> None:
    for path, call in calls():
        said = {one.arg: one.value for one in call.keywords}
        if "verify" in said and isinstance(said["verify"], ast.Constant):
            assert said["verify"].value is not False, path
        if "follow_redirects" in said:
            assert isinstance(said["follow_redirects"], ast.Constant) and said["follow_redirects"].value is False, (
                path
            )
        assert _name(call.func) not in ("_create_unverified_context", "urlopen", "urlretrieve"), path
    whole = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert not re.search(r"CERT_NONE|check_hostname\s*=\s*False|disable_warnings", whole)


def test_scripts_of_ours_write_text_and_hear_nobody_elses_messages() -> None:
    writing = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.html\(")
    merging = re.compile(r"Object\.assign|__proto__|\.prototype\b|\bmerge\(")
    hearing = set()
    assert SCRIPTS
    for path in SCRIPTS:
        script = path.read_text(encoding="utf-8")
        assert not writing.search(script) and not merging.search(script), path
        if re.search(r'addEventListener\("message"|onmessage', script):
            hearing.add(path.name)
    # The door asks its reader, which is a worker of its own and made by it: no window hears either.
    assert hearing == {"door.js", "reader.js"}
    door = (SCRIPTS[0].parent / "door.js").read_text(encoding="utf-8")
    assert re.findall(r"(\w+)\.onmessage", door) == ["reader"] and "new Worker(" in door


def test_only_the_door_keeps_anything_in_a_browser() -> None:
    keeping = re.compile(r"localStorage|sessionStorage|indexedDB|caches\.open|document\.cookie")
    found = {path.name for path in SCRIPTS if keeping.search(path.read_text(encoding="utf-8"))}
    assert found == {"door.js", "door-keeper.js"}


def test_a_script_that_asks_by_itself_says_so() -> None:
    """But for the door, which is open as long as its page is: else a screen left alone would never be locked."""
    console = (SCRIPTS[0].parent / "console.js").read_text(encoding="utf-8")
    asked = re.findall(r"fetch\((.*)\)", console)
    assert asked and all('"X-Unattended": "1"' in one for one in asked)
    asking = {path.name for path in SCRIPTS if "setInterval" in path.read_text(encoding="utf-8")}
    assert asking == {"console.js", "door.js"}


def test_fields_for_passwords_hide_them_and_let_them_be_filled_in() -> None:
    fields = [one for path in TEMPLATES for one in re.findall(r"<input [^>]*>", path.read_text(encoding="utf-8"))]
    secret = [one for one in fields if re.search(r'name="(password|current|chosen)"', one)]
    assert len(secret) == 4
    for field in secret:
        assert 'type="password"' in field and re.search(r'autocomplete="(current|new)-password"', field), field
        assert "maxlength" not in field and "readonly" not in field, field
    assert not [
        path for path in SCRIPTS if re.search(r'"(paste|copy|contextmenu)"', path.read_text(encoding="utf-8"))
    ]


def test_no_question_stands_for_a_password(client: FlaskClient) -> None:
    shapes = client.get("/api/openapi.json").json["components"]["schemas"]  # type: ignore[index]
    fields = {name.lower() for shape in shapes.values() for name in shape.get("properties", {})}
    assert "password" in fields
    assert not [
        name for name in fields if re.search(r"hint|secret_(question|answer)|security_question|maiden", name)
    ]


def test_every_page_for_who_is_signed_in_can_be_left() -> None:
    frame = (TEMPLATES[0].parent / "base.html").read_text(encoding="utf-8")
    assert re.search(r"\{% if g\.staff %\}.*?url_for\('console\.sign_out'\).*?\{% endif %\}", frame, re.DOTALL)
    parts = {"base.html", "parts.html", "map.html", "sign_on_buttons.html", "reply_words.html"}
    for path in TEMPLATES:
        extends = path.read_text(encoding="utf-8").startswith('{% extends "base.html" %}')
        assert extends or path.name in parts, f"{path.name} has a frame of its own"


def test_nobody_is_sown_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    from asimati import seed

    monkeypatch.setattr(seed, "settings", lambda: type("Production", (), {"profile": "production"}))
    with pytest.raises(SettingsError):
        seed.seed()


def test_the_image_is_made_of_what_is_named() -> None:
    """No history of the source, no tests, no keys: the builder is given what stands in the list, and no more."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "*" and not [line for line in ignore if line.startswith("!.") or line == "!*"]
    last = (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    kept = re.findall(r"^COPY (?:--from=build )?(\S+)", last, re.MULTILINE)
    assert kept == ["/opt/asimati", "config", "deploy/entrypoint.sh"]


GETS = [route for route in ROUTES if route.method == "GET"]


def test_a_question_changes_nothing(
    client: FlaskClient, as_resident: Callable[..., Any], as_staff: Callable[..., Any]
) -> None:
    """What asks leaves the trail's line of who read, when the sign-in was last seen, and what it used up."""
    resident, staff = as_resident(), as_staff(*Role)
    before = kept()
    for route in GETS:
        client.get(path_of(route), headers=staff if "staff" in route.who.kinds else resident)
    after = kept()
    assert len(GETS) > 100
    changed = {table for table in before if before[table] != after[table]}
    assert {"audit_line"} <= changed <= {"audit_line", "account_session", "spending"}


def kept() -> dict[str, str]:
    """All that stands in each table, as one text."""
    tables = [table.name for table in db.Base.metadata.sorted_tables]
    whole = " UNION ALL ".join(
        f"SELECT '{name}', coalesce(string_agg(row::text, ',' ORDER BY row::text), '') FROM \"{name}\" AS row"
        for name in tables
    )
    with db.transaction() as tx:
        return dict(tx.execute(text(whole)).all())  # type: ignore[arg-type]

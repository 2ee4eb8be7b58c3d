"""The command line: `asimati up`, `migrate`, `pack`, `seed`, `verify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from asimati.kit import logs
from asimati.kit.db import transaction
from asimati.kit.policy import Actor, Role
from asimati.settings import SettingsError, settings


@click.group()
@click.version_option(package_name="asimati")
def cli() -> None:
    """Asimati (عاصمتي): the backend of a governorate's e-services app."""


@cli.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def up(arguments: tuple[str, ...]) -> None:
    """Bring the whole house up and stay: servers, web, worker, relay, beat."""
    from asimati.supervisor import main as supervise

    sys.exit(supervise(list(arguments)))


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from asimati.migrations import migrate as bring

    bring()


@cli.group()
def staff() -> None:
    """Who works here."""


@staff.command("add")
@click.argument("email")
@click.option("--arabic", required=True, help="The name in Arabic.")
@click.option("--english", required=True, help="The name in English.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([str(role) for role in Role]))
def add_staff(email: str, arabic: str, english: str, roles: tuple[str, ...]) -> None:
    """Add somebody who works here, the first administrator before all; prints the password to begin with."""
    from asimati.accounts.actions import add_member

    operator = Actor("system", roles=frozenset({Role.ADMINISTRATOR}))
    with transaction() as tx:
        member, password = add_member(
            tx, operator, email, {"ar": arabic, "en": english}, [Role(role) for role in roles]
        )
        until = member.password_until
    click.echo(f"{email}\n{password}\nto be changed for one of their own by {until:%Y-%m-%d %H:%M} UTC")


@cli.group()
def pack() -> None:
    """The configuration pack of the governorate."""


@pack.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
def check(folder: Path | None) -> None:
    """Name every fault of a pack by file and line; exit 1 if there is one."""
    from asimati import pack as packs

    faults = packs.check(folder or settings().governorate.folder)
    for fault in faults:
        click.echo(f"{fault.file}:{fault.line}: {fault.message}")
    click.echo("The pack is sound." if not faults else f"{len(faults)} faults.")
    sys.exit(1 if faults else 0)


@pack.command()
def sync() -> None:
    """Put the pack into the tables. Repeating it changes nothing; what people used is never deleted."""
    from asimati import pack as packs

    folder = settings().governorate.folder
    if faults := packs.check(folder):
        raise click.ClickException("\n".join(f"{fault.file}:{fault.line}: {fault.message}" for fault in faults))
    with transaction(patience=60) as tx:
        counts = packs.sync(tx, packs.load(folder))
    click.echo(json.dumps(counts))


@cli.command()
@click.option("--staff-only", is_flag=True, help="The staff alone, no residents and no past.")
def seed(staff_only: bool) -> None:
    """Demonstration data: staff, residents and a little past. Never in production."""
    from asimati.seed import seed as sow

    click.echo(json.dumps(sow(staff_only=staff_only)))


@cli.command()
@click.argument("what", type=click.Choice(["audit", "tallies", "seats", "outbox"]))
def verify(what: str) -> None:
    """Prove an invariant on the tables as they are; JSON, exit 0 or 1."""
    _verify(what)


def _verify(what: str) -> None:
    from asimati.verify import VERIFIERS

    with transaction(patience=600) as tx:
        report = VERIFIERS[what](tx)
    click.echo(json.dumps(report, default=str))
    sys.exit(0 if report["ok"] else 1)


@cli.command("end-sessions")
def end_sessions() -> None:
    """Sign everybody out, after a theft from the house itself; JSON with the number of sign-ins."""
    from asimati.accounts.actions import end_all_sessions

    with transaction(patience=600) as tx:
        click.echo(json.dumps({"ended": end_all_sessions(tx)}))


@cli.command()
@click.option("--dry-run", is_flag=True, help="Say what would end, and end nothing.")
def purge(dry_run: bool) -> None:
    """End what was kept as long as the pack's [retention] says; JSON by period and table. It runs nightly too."""
    from asimati import models  # noqa: F401 - the rooms say what they keep
    from asimati.dataprotection import actions as desk

    with transaction(patience=600) as tx:
        click.echo(json.dumps(desk.due(tx) if dry_run else desk.purge(tx)))


@cli.command("erase-again")
def erase_again() -> None:
    """After a backup was put back: erase once more whom the ledger names; JSON with their number."""
    from asimati import models  # noqa: F401 - the rooms say what they keep
    from asimati.dataprotection import actions as desk

    with transaction(patience=600) as tx:
        click.echo(json.dumps({"erased_again": desk.erase_again(tx)}))


@cli.group("outbox")
def outbox_of_messages() -> None:
    """Messages that could not be delivered."""


@outbox_of_messages.command("dead")
def dead_deliveries() -> None:
    """What was parked after too many runs, and why; one JSON object a line."""
    from asimati.kit import outbox

    with transaction() as tx:
        for one in outbox.dead(tx, limit=10_000):
            click.echo(json.dumps(one, default=str))


@outbox_of_messages.command()
@click.option("--listener", help="Of this listener alone.")
def revive(listener: str | None) -> None:
    """Put what was parked back in line, once its cause is mended."""
    from asimati.kit import outbox

    with transaction() as tx:
        click.echo(json.dumps({"revived": outbox.revive(tx, listener)}))


@cli.group("audit")
def audit_trail() -> None:
    """The audit trail: who did what, and who opened whose file."""


@audit_trail.command("verify")
def verify_audit() -> None:
    """Walk the chain, its signatures and its anchors; JSON, exit 0 or 1. The same as `verify audit`.

    What the kinds of faults mean, and what to do, is in docs/operations.md.
    """
    _verify("audit")


@audit_trail.command()
def keys() -> None:
    """The public keys (Ed25519, hex) that sign checkpoints, for auditors who keep anchors of their own."""
    from asimati.kit import secrets

    click.echo(json.dumps({version: secrets.public_key("audit", version).hex() for version in secrets.versions()}))


@cli.group("keys")
def master_keys() -> None:
    """The master keys and their versions."""


@master_keys.command()
def status() -> None:
    """How many sealed values stand with each version of the master key; by name, the same of keys kept apart."""
    from asimati import models  # noqa: F401 - the rooms say what they seal
    from asimati.kit import rotation

    told = {}
    with transaction(patience=600) as tx:
        for by in rotation.KEYS:
            newest, standing = rotation.newest(by), rotation.standing(tx, by)
            old = {version for counts in standing.values() for version in counts} - {newest}
            told[by] = {"newest": newest, "still_needed": sorted(old), "sealed": standing}
    click.echo(json.dumps(told.pop(rotation.HOUSE) | told))


@master_keys.command()
@click.option("--batch", default=500, show_default=True, help="Values in one transaction.")
def rotate(batch: int) -> None:
    """Seal everything anew with the newest version; may be stopped and begun again. Exit 1 if some did not open.

    Reports of wrongdoing too, with their own key where it is set; where it is not, null stands beside them.
    """
    from asimati import models  # noqa: F401 - the rooms say what they seal
    from asimati.kit import rotation

    done = rotation.rotate(lambda: transaction(patience=60), batch)
    click.echo(json.dumps({name: progress and vars(progress) for name, progress in done.items()}))
    sys.exit(1 if any(progress and progress.unsealable for progress in done.values()) else 0)


@cli.group()
def intake() -> None:
    """Cases that come in by file."""


@intake.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--channel", default="tawasul", show_default=True, help="Where they come from.")
@click.option("--dry-run", is_flag=True, help="Say what would be, and leave nothing behind.")
def import_cases(file: Path, channel: str, dry_run: bool) -> None:
    """Bring the cases of another system (CSV, XLSX or JSON). Bringing a file again changes nothing.

    Prints what came of each line as JSON; exit 1 if some were refused.
    """
    from asimati import models  # noqa: F401 - every table is known before the first query
    from asimati.kit.errors import Invalid
    from asimati.kit.policy import SYSTEM
    from asimati.service_requests.intake.importing import bring
    from asimati.service_requests.rules import Channel

    if channel not in set(Channel):
        raise click.BadParameter(", ".join(Channel), param_hint="--channel")
    try:
        with transaction(patience=600) as tx:
            report = bring(tx, SYSTEM, file.read_bytes(), Channel(channel), dry_run=dry_run)
    except Invalid as wrong:
        raise click.ClickException("; ".join(words for _, words in wrong.errors)) from None
    click.echo(json.dumps(report, ensure_ascii=False))
    sys.exit(1 if report["refused"] else 0)


@cli.group()
def impact() -> None:
    """The figures on the Sustainable Development Goals."""


@impact.command("sync")
def sync_impact() -> None:
    """Put catalogue, measures, aims and crosswalk of the pack into the tables; a changed rule recounts its acts."""
    from asimati import pack as packs
    from asimati.impact.sync import sync as bring

    folder = settings().governorate.folder
    if faults := packs.check(folder):
        raise click.ClickException("\n".join(f"{fault.file}:{fault.line}: {fault.message}" for fault in faults))
    with transaction(patience=600) as tx:
        click.echo(json.dumps(bring(tx, packs.load(folder).impact())))


@impact.command()
@click.argument("form")
@click.option("--from", "start", required=True, metavar="MONTH", help="The first month, such as 2026-01.")
@click.option("--to", "end", required=True, metavar="MONTH", help="The last month.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder.")
def dossier(form: str, start: str, end: str, out: Path) -> None:
    """Write a report of a period as PDF and DOCX, with its data, and print the hash of these."""
    from datetime import date

    from asimati.impact import dossiers

    first, last = (date.fromisoformat(f"{month}-01") for month in (start, end))
    out.mkdir(parents=True, exist_ok=True)
    with transaction(patience=60) as tx:
        for kind in ("pdf", "docx"):
            (out / f"{form}-{start}-{end}.{kind}").write_bytes(dossiers.make(tx, form, first, last, kind))
        told = dossiers.data(tx, form, first, last)
    (out / f"{form}-{start}-{end}.json").write_bytes(dossiers.written(told))
    click.echo(json.dumps({"sha256": dossiers.digest(told), "folder": str(out)}))


@impact.command()
def rebuild() -> None:
    """Make every tally anew from the contributions."""
    from asimati.impact.actions import rebuild_all

    with transaction(patience=600) as tx:
        click.echo(json.dumps(rebuild_all(tx), default=str))


@cli.command()
def routes() -> None:
    """Every route, who may enter it, and what it needs."""
    from asimati.app import ROOMS

    for room in ROOMS:
        for route in room.blp.routes:
            click.echo(f"{route.method:7}{route.rule:60}{route.who.name}")


def main() -> Any:
    """Entry point of `asimati`; a wrong setting is one sentence, not a traceback."""
    try:
        settings()
        logs.configure()
        return cli(prog_name="asimati")
    except SettingsError as fault:
        sys.exit(f"asimati: {fault}")


if __name__ == "__main__":
    main()

"""What is remembered of providers, by all workers together: who fails and rests, and how much of a rate is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit import clock
from asimati.notifications.channels import Outcome, Provider
from asimati.notifications.models import ProviderState

PATIENCE = 5  # failures in a row before a provider rests
REST = timedelta(seconds=15)  # the first rest; each further one is twice as long
LONGEST_REST = timedelta(minutes=5)
PROBE = 5  # letters given to one that comes back from a rest
FAILED = frozenset({Outcome.AGAIN, Outcome.UNKNOWN})


def awake(tx: Session, providers: Sequence[Provider]) -> list[tuple[Provider, int | None]]:
    """Those that do not rest, and how many letters each may have at once (None: any number)."""
    states = {state.name: state for state in tx.scalars(_of(providers))}
    now = clock.now(tx)
    found: list[tuple[Provider, int | None]] = []
    for provider in providers:
        state = states.get(provider.name)
        if state is None or state.failures < PATIENCE:
            found.append((provider, max(1, int(provider.rate)) if provider.rate else None))
        elif state.rests_until is None or state.rests_until <= now:
            found.append((provider, PROBE))
    return found


def reserve(tx: Session, provider: Provider, calls: int) -> float:
    """Take calls out of a provider's rate; how many seconds to wait before making them.

    The allowance may fall below nothing: whoever comes next then waits for what was lent.
    """
    if not provider.rate:
        return 0.0
    tx.execute(insert(ProviderState).values(name=provider.name, allowance=provider.rate).on_conflict_do_nothing())
    state = tx.scalars(_of([provider]).with_for_update(key_share=True)).one()
    now = clock.now(tx)
    gained = provider.rate * (now - state.counted_at).total_seconds()
    state.allowance = min(provider.rate, state.allowance + gained) - calls
    state.counted_at = now
    return max(0.0, -state.allowance / provider.rate)


def learn(tx: Session, results: Mapping[str, Sequence[Outcome]]) -> None:
    """Remember how calls to providers (by name) went. One that succeeded at all is well again."""
    for name in sorted(results):
        failed = sum(outcome in FAILED for outcome in results[name])
        if failed < len(results[name]):
            state = tx.get(ProviderState, name)
            if state is not None and state.failures:
                state.failures, state.rests_until = 0, None
        elif failed:
            _failed(tx, name, failed)
    tx.flush()


def _failed(tx: Session, name: str, times: int) -> None:
    more = insert(ProviderState).values(name=name, failures=times)
    failures = tx.execute(
        more.on_conflict_do_update(
            index_elements=["name"], set_={"failures": ProviderState.failures + times}
        ).returning(ProviderState.failures)
    ).scalar_one()
    if failures >= PATIENCE:
        rest = min(REST * 2 ** min(failures // PATIENCE - 1, 10), LONGEST_REST)
        tx.execute(
            update(ProviderState).where(ProviderState.name == name).values(rests_until=func.app_now() + rest)
        )


def _of(providers: Sequence[Provider]) -> Any:
    names = [provider.name for provider in providers]
    return select(ProviderState).where(ProviderState.name.in_(names)).execution_options(populate_existing=True)

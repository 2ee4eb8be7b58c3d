"""Counts of people in groups, with small ones withheld, and none left to be worked out from the others."""

from __future__ import annotations

from collections.abc import Mapping


def told(groups: Mapping[str, int], smallest: int) -> dict[str, int | None]:
    """Each group's count, or None where it is withheld: about fewer than `smallest` people, but not about nobody.

    The whole is assumed known, so what is withheld together must not be few either: the next smallest groups are
    withheld too until at least two are, of `smallest` people or more in all (secondary suppression).
    """
    hidden = {name for name, count in groups.items() if 0 < count < smallest}
    spare = sorted((count, name) for name, count in groups.items() if count >= smallest)
    while hidden and (len(hidden) < 2 or sum(groups[name] for name in hidden) < smallest):
        if not spare:
            hidden = {name for name, count in groups.items() if count}
            break
        hidden.add(spare.pop(0)[1])
    return {name: None if name in hidden else count for name, count in groups.items()}

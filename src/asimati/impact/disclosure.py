"""Which figures may be told so that no sum or difference of them tells one about few people: plain Python.

Everything that is ever told of one table (a measure toward a target in a month) is weighed together: all its
groupings are sums over the same atoms, so all of them are lines of one system of equations. Figures are offered one
after the other, the plainest and largest first, and one is told only if what is sensitive still does not follow.
So what goes untold is a small figure, or the other one that would give it away by subtraction, in whatever
grouping. docs/decisions/0045 says why this also holds against linear programming.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from random import Random

PERSONAL = ("sex", "age_band", "disability", "nationality", "area", "block")
OTHER = ("programme", "partner", "channel")
DIMENSIONS = PERSONAL + OTHER
UNKNOWN = "unknown"
_PRIME = 2**61 - 1
_WORK = 3 * 10**8  # steps, some ten seconds; a table that would take more is told in fewer groupings

Names = tuple[str, ...]


@dataclass
class Atom:
    """What one group of the finest grouping adds: its sum, and numbers that tell its people apart."""

    group: Mapping[str, str]
    value: Decimal
    people: frozenset[int]


@dataclass
class Figure:
    """A sum over atoms, in one group of one grouping."""

    by: Names
    group: dict[str, str]
    atoms: list[int] = field(default_factory=list)
    value: Decimal = Decimal(0)
    people: int = 0
    told: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it names nothing about people: such a figure is always told."""
        return not set(self.by) & set(PERSONAL)


def figures(atoms: Sequence[Atom], groupings: Iterable[Names], threshold: int) -> list[Figure]:
    """Every figure of the groupings, each told or not.

    A figure that is not told is about fewer than `threshold` people, or would give such a one away. Groups that
    nobody is in are not among them, except where saying so would tell: then they stand there untold.
    """
    whole = [*atoms, *_nobodies(atoms)]
    wanted = [*_open_groupings(), *sorted(set(groupings), key=lambda by: (len(by), by))]
    made = [one for by in wanted for one in _sums(whole, by)]
    while len(whole) * sum(one.people >= threshold for one in made) ** 2 > _WORK:
        sizes = Counter(one.by for one in made if not one.is_open and len(one.by) > 1)
        if not sizes:
            break
        largest = max(sizes, key=lambda by: (sizes[by], by))
        made = [one for one in made if one.by != largest]
    _tell(made, len(whole), threshold, _secrets(made, whole, threshold))
    return [one for one in made if one.people or not one.told]


def _open_groupings() -> list[Names]:
    return [names for size in range(len(OTHER) + 1) for names in combinations(OTHER, size)]


def _nobodies(atoms: Sequence[Atom]) -> list[Atom]:
    """For each programme, partner and channel, the group of whom nothing is known, where it is empty.

    Nobody outside can rule it out, so that even where all are alike it does not follow that they are.
    """
    places = {tuple(atom.group[name] for name in OTHER) for atom in atoms}
    blank = dict.fromkeys(PERSONAL, UNKNOWN)
    known = [dict(atom.group) for atom in atoms]
    empty = [blank | dict(zip(OTHER, place, strict=True)) for place in sorted(places)]
    return [Atom(group, Decimal(0), frozenset()) for group in empty if group not in known]


def _sums(atoms: Sequence[Atom], by: Names) -> list[Figure]:
    found: dict[Names, Figure] = {}
    people: dict[Names, set[int]] = {}
    for number, atom in enumerate(atoms):
        key = tuple(atom.group[name] for name in by)
        figure = found.setdefault(key, Figure(by, dict(zip(by, key, strict=True))))
        figure.atoms.append(number)
        figure.value += atom.value
        people.setdefault(key, set()).update(atom.people)
    for key, figure in found.items():
        figure.people = len(people[key])
    return sorted(found.values(), key=lambda one: (-one.people, tuple(one.group.values())))


def _secrets(made: Sequence[Figure], atoms: Sequence[Atom], threshold: int) -> list[list[int]]:
    """Sums nobody may be able to reckon: every small figure, and all small ones of a line together if still few."""
    found = {tuple(one.atoms) for one in made if not one.is_open and 0 < one.people < threshold}
    for line in _lines(made):
        small = [one for one in line if one.people < threshold]
        together = sorted(number for one in small for number in one.atoms)
        few = len(frozenset[int]().union(*(atoms[number].people for number in together))) if small else 0
        if 1 < len(small) < len(line) and 0 < few < threshold:
            found.add(tuple(together))
    return [list(one) for one in sorted(found)]


def _lines(made: Sequence[Figure]) -> Iterable[list[Figure]]:
    """Figures that differ in one dimension only: they add up to a figure of a coarser grouping."""
    lines: dict[tuple[object, ...], list[Figure]] = {}
    for one in made:
        if not one.is_open:
            for free in one.by:
                rest = tuple((name, value) for name, value in one.group.items() if name != free)
                lines.setdefault((one.by, free, rest), []).append(one)
    return lines.values()


def _tell(made: Sequence[Figure], size: int, threshold: int, secrets: Sequence[list[int]]) -> None:
    """Mark what is told. Atoms that every tellable figure takes together count as one."""
    offered = [one for one in made if one.is_open or not 0 < one.people < threshold]
    member: list[list[int]] = [[] for _ in range(size)]
    for number, one in enumerate(offered):
        for atom in one.atoms:
            member[atom].append(number)
    classes: dict[tuple[int, ...], int] = {}
    place = [classes.setdefault(tuple(of), len(classes)) for of in member]
    sizes = [place.count(number) for number in range(len(classes))]

    def in_classes(numbers: Sequence[int]) -> list[int] | None:
        """The classes a sum is made of; None if it splits one, for then nothing told can ever add up to it."""
        counts: dict[int, int] = {}
        for atom in numbers:
            counts[place[atom]] = counts.get(place[atom], 0) + 1
        return sorted(counts) if all(sizes[number] == count for number, count in counts.items()) else None

    told = _Told(len(classes))
    for one in offered:
        if one.is_open:
            told.add(in_classes(one.atoms) or [])
            one.told = True
    told.keep([found for found in map(in_classes, secrets) if found])
    for one in offered:
        one.told = one.told or not told.secrets or told.add(in_classes(one.atoms) or [])


class _Told:
    """The sums told so far, and whether a further one would let a secret be reckoned.

    Held by their opposite: random ways in which the numbers could differ while every sum told stays the same
    (modulo a large prime). A secret follows from what is told just when no such way moves it; that a random one
    does not move it by chance has the odds of 1 to 2**61, and two are asked.
    """

    def __init__(self, size: int) -> None:
        self._random = Random(size)  # noqa: S311 - the same figures are told at every asking
        self._size = size
        self._steps: list[tuple[list[int], list[int], int]] = []
        self._ways = [self._way(), self._way()]
        self._spare: list[int] | None = None
        self.secrets: list[list[int]] = []
        self._moved: list[list[int]] = [[] for _ in self._ways]

    def keep(self, secrets: Iterable[list[int]]) -> None:
        """From now on tell nothing from which one of these follows. What follows already cannot be kept."""
        self.secrets = [one for one in secrets if any(_sum(way, one) for way in self._ways)]
        self._moved = [[_sum(way, one) for one in self.secrets] for way in self._ways]

    def add(self, atoms: list[int]) -> bool:
        """Tell this sum too; False, and nothing is told, if it would give a secret away."""
        spare = self._spare = self._spare or self._way()
        if not (moved := _sum(spare, atoms)):
            return True  # it follows from what is told already
        inverse = pow(moved, -1, _PRIME)
        shares = [_sum(way, atoms) * inverse % _PRIME for way in self._ways]
        by_spare = [_sum(spare, one) for one in self.secrets]
        left = [
            [(one - share * other) % _PRIME for one, other in zip(row, by_spare, strict=True)]
            for share, row in zip(shares, self._moved, strict=True)
        ]
        if not all(any(pair) for pair in zip(*left, strict=True)):
            return False
        self._moved = left
        self._ways = [_less(way, share, spare) for way, share in zip(self._ways, shares, strict=True)]
        self._steps.append((atoms, spare, inverse))
        self._spare = None
        return True

    def _way(self) -> list[int]:
        way = [self._random.randrange(_PRIME) for _ in range(self._size)]
        for atoms, spare, inverse in self._steps:
            way = _less(way, _sum(way, atoms) * inverse % _PRIME, spare)
        return way


def _sum(way: Sequence[int], atoms: Iterable[int]) -> int:
    return sum(way[number] for number in atoms) % _PRIME


def _less(way: Sequence[int], share: int, other: Sequence[int]) -> list[int]:
    return [(one - share * two) % _PRIME for one, two in zip(way, other, strict=True)] if share else list(way)

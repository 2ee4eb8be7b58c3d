"""Which figures may be told so that no sum or difference of them tells one about few people: plain Python.

Everything that is ever told of the same acts in a month is weighed together: all measures that count them, toward
all targets, in all groupings. All these figures are sums over the same atoms (acts alike in every dimension, and
counted in the same tables), so all of them are lines of one system of equations. Figures are offered one after the
other, the plainest and largest first, and one is told only if what is sensitive still does not follow. So what goes
untold is a small figure, or the other one that would give it away by subtraction, in whatever grouping and whatever
measure. docs/decisions/0045 says why this also holds against linear programming, and 0088 why across measures.
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
NONE = "none"  # the act has no programme, no partner, or no channel
BLANK = dict.fromkeys(PERSONAL, UNKNOWN) | dict.fromkeys(OTHER, NONE)
_PRIME = 2**61 - 1
_WORK = 3 * 10**7  # steps, a second or two; tables that would take more are told in fewer groupings

Names = tuple[str, ...]
Table = tuple[str, str]  # a measure, and the target it counts toward


@dataclass
class Atom:
    """Acts alike in everything: what they add to each table they count in, and numbers that tell people apart."""

    group: Mapping[str, str]
    adds: dict[Table, Decimal]
    people: frozenset[int]


@dataclass
class Figure:
    """A sum over atoms, in one group of one grouping of a table."""

    table: Table
    by: Names
    group: dict[str, str]
    atoms: list[int] = field(default_factory=list)
    value: Decimal = Decimal(0)
    people: int = 0
    told: bool = False

    @property
    def is_total(self) -> bool:
        """Whether it is a table's total. It is weighed like all others, and before them."""
        return not self.by


def figures(
    atoms: Sequence[Atom],
    groupings: Iterable[Names],
    threshold: int,
    keeps: Mapping[str, Sequence[str] | None] | None = None,
) -> list[Figure]:
    """Every figure of the groupings, each told or not; `keeps`: the dimensions a measure asks for, where not all.

    A figure that is not told is about fewer than `threshold` people, or would give such a one away. Groups that
    nobody is in are not among them, except where saying so would tell: then they stand there untold.
    """
    whole = [*atoms, *_nobodies(atoms)]
    wanted = sorted({*open_groupings(), *groupings}, key=lambda by: (len(by), by))
    tables = {table: _Table(table, whole, (keeps or {}).get(table[0])) for table in _tables(atoms)}
    made = [one for by in wanted for table in tables.values() for one in table.sums(by)]
    secrets, large = _secrets(made, whole, threshold), _large(atoms, threshold)
    made = [one for one in made if one.is_total or one.table in large]
    while len(whole) * sum(one.people >= threshold for one in made) ** 2 > _WORK:
        sizes = Counter((one.by, one.table) for one in made if not one.is_total)
        if not sizes:
            break
        largest = max(sizes, key=lambda of: (len(of[0]) > 1, sizes[of], of))  # the plain ones last
        made = [one for one in made if (one.by, one.table) != largest]
    _tell(made, len(whole), threshold, secrets)
    return [one for one in made if one.people or not one.told]


def _large(atoms: Sequence[Atom], threshold: int) -> set[Table]:
    """The tables that are told in groups: none of few people, nor two of which few people make the difference.

    The total of another table may be told; within bounds so narrow, groups would say too much.
    """
    kept: list[Table] = []
    counts = Counter(table for atom in atoms for table in atom.adds for _ in atom.people)
    for table in sorted(counts, key=lambda one: (-counts[one], one)):
        parts: dict[tuple[bool, ...], set[int]] = {}
        for atom in atoms:
            place = tuple(one in atom.adds for one in (*kept, table))
            parts.setdefault(place, set()).update(atom.people)
        if all(len(people) >= threshold for place, people in parts.items() if any(place)):
            kept.append(table)
    return set(kept)


def open_groupings() -> list[Names]:
    """Every combination of programme, partner and channel, none of them among these: figures of a table's total."""
    return [names for size in range(len(OTHER) + 1) for names in combinations(OTHER, size)]


def _tables(atoms: Iterable[Atom]) -> list[Table]:
    return sorted({table for atom in atoms for table in atom.adds})


def _nobodies(atoms: Sequence[Atom]) -> list[Atom]:
    """For each programme, partner, channel and set of tables, those of whom nothing is known, where there is none.

    Nobody outside can rule them out, so that even where all are alike it does not follow that they are.
    """
    places = {(tuple(atom.group[name] for name in OTHER), tuple(sorted(atom.adds))) for atom in atoms}
    known = {(tuple(atom.group[name] for name in DIMENSIONS), tuple(sorted(atom.adds))) for atom in atoms}
    found = []
    for place, tables in sorted(places):
        group = BLANK | dict(zip(OTHER, place, strict=True))
        if (tuple(group.values()), tables) not in known:
            found.append(Atom(group, dict.fromkeys(tables, Decimal(0)), frozenset()))
    return found


class _Table:
    """The atoms of one table, as its measure tells them apart."""

    def __init__(self, table: Table, atoms: Sequence[Atom], keeps: Sequence[str] | None) -> None:
        self._table = table
        self._atoms = [(number, atom) for number, atom in enumerate(atoms) if table in atom.adds]
        self._blank = {} if keeps is None else {name: BLANK[name] for name in DIMENSIONS if name not in keeps}

    def sums(self, by: Names) -> list[Figure]:
        """The figures of a grouping, the largest first."""
        found: dict[Names, Figure] = {}
        people: dict[Names, set[int]] = {}
        for number, atom in self._atoms:
            key = tuple(self._blank.get(name, atom.group[name]) for name in by)
            figure = found.setdefault(key, Figure(self._table, by, dict(zip(by, key, strict=True))))
            figure.atoms.append(number)
            figure.value += atom.adds[self._table]
            people.setdefault(key, set()).update(atom.people)
        for key, figure in found.items():
            figure.people = len(people[key])
        return sorted(found.values(), key=lambda one: (-one.people, tuple(one.group.values())))


def _secrets(made: Sequence[Figure], atoms: Sequence[Atom], threshold: int) -> list[list[int]]:
    """Sums nobody may be able to reckon.

    Every small figure, and all small ones of a line together if still few. And in each group those few who count in
    some tables and not in others: what subtracting one measure from another would tell.
    """

    def people(numbers: Iterable[int]) -> int:
        return len(frozenset[int]().union(*(atoms[number].people for number in numbers)))

    def together(parts: Sequence[Sequence[int]]) -> set[tuple[int, ...]]:
        small = [part for part in parts if people(part) < threshold]
        whole = tuple(sorted(number for part in small for number in part))
        return {whole} if 1 < len(small) < len(parts) else set()

    found = {tuple(one.atoms) for one in made}
    for line in _lines(made):
        found |= together(line)
    for tables in _groups(made):
        apart = _apart(tables)
        found |= {*apart, *together(apart), *_differences(tables)}
    return [list(one) for one in sorted(found) if 0 < people(one) < threshold]


def _groups(made: Sequence[Figure]) -> Iterable[list[frozenset[int]]]:
    """For each group, the different sets of acts that tables count in it."""
    same: dict[tuple[object, ...], set[frozenset[int]]] = {}
    for one in made:
        same.setdefault((one.by, *one.group.values()), set()).add(frozenset(one.atoms))
    return [sorted(tables, key=sorted) for tables in same.values() if len(tables) > 1]


def _apart(tables: Sequence[frozenset[int]]) -> list[tuple[int, ...]]:
    """The acts of a group, apart by the tables that count them."""
    cells: dict[tuple[bool, ...], list[int]] = {}
    for atom in sorted(frozenset[int]().union(*tables)):
        cells.setdefault(tuple(atom in table for table in tables), []).append(atom)
    return [tuple(cell) for cell in cells.values()]


def _differences(tables: Sequence[frozenset[int]]) -> set[tuple[int, ...]]:
    return {tuple(sorted(one - other)) for one in tables for other in tables if one & other and one - other}


def _lines(made: Sequence[Figure]) -> Iterable[list[list[int]]]:
    """Figures that differ in one dimension only: they add up to a figure of a coarser grouping."""
    lines: dict[tuple[object, ...], list[list[int]]] = {}
    for one in made:
        for free in one.by:
            rest = tuple((name, value) for name, value in one.group.items() if name != free)
            lines.setdefault((one.table, one.by, free, rest), []).append(one.atoms)
    return lines.values()


def _tell(made: Sequence[Figure], size: int, threshold: int, secrets: Sequence[list[int]]) -> None:
    """Mark what is told. Atoms that every tellable figure takes together count as one."""
    offered = [one for one in made if not 0 < one.people < threshold]
    offered.sort(key=lambda one: (len(one.by), -one.people if one.is_total else 0))
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

    told = _Told(len(classes), [found for found in map(in_classes, secrets) if found])
    for one in offered:
        said = in_classes(one.atoms) or []
        # Nothing is below nothing: that a group is empty says so of each of its parts.
        parts = [said] if one.people else [[number] for number in said]
        one.told = told.add_all(parts)


class _Told:
    """The sums told so far, and whether a further one would let a secret be reckoned.

    Held by their opposite: random ways in which the numbers could differ while every sum told stays the same
    (modulo a large prime). A secret follows from what is told just when no such way moves it; that a random one
    does not move it by chance has the odds of 1 to 2**61, and two are asked.
    """

    def __init__(self, size: int, secrets: list[list[int]]) -> None:
        """From nothing told follows nothing, so every secret can be kept."""
        self._random = Random(size)  # noqa: S311 - the same figures are told at every asking
        self._size = size
        self._steps: list[tuple[list[int], list[int], int]] = []
        self._ways = [self._way(), self._way()]
        self._spare: list[int] | None = None
        self._secrets = secrets
        self._moved = [[_sum(way, one) for one in secrets] for way in self._ways]

    def add_all(self, sums: Sequence[list[int]]) -> bool:
        """Tell all of these sums, or none."""
        before = self._moved, self._ways, self._spare, len(self._steps)
        if all(self.add(one) for one in sums):
            return True
        self._moved, self._ways, self._spare, steps = before
        del self._steps[steps:]
        return False

    def add(self, atoms: list[int]) -> bool:
        """Tell this sum too; False, and nothing is told, if it would give a secret away."""
        spare = self._spare = self._spare or self._way()
        if not (moved := _sum(spare, atoms)):
            return True  # it follows from what is told already
        inverse = pow(moved, -1, _PRIME)
        shares = [_sum(way, atoms) * inverse % _PRIME for way in self._ways]
        by_spare = [_sum(spare, one) for one in self._secrets]
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

"""`asimati up`: the whole house on one machine, in the foreground, under one supervisor.

It prepares the home folder, starts the embedded servers where no addresses are given, brings schema, pack and
the demonstration data up to date, then runs web, worker, relay and beat, and restarts what dies. Whatever ends
it, Ctrl-C, SIGTERM or kill -9, no process of its stays. In production each process has its own container instead.
"""

from __future__ import annotations


def main(arguments: list[str]) -> int:
    """Bring the house up and stay until stopped; the exit code (0 when it was asked to stop)."""
    from asimati.supervisor.house import run  # late: each supervised child imports this package

    return run(arguments)

"""`python -m asimati.supervisor.child <parent> <module> <arguments…>`: a module that dies with its parent.

What the module forks dies with it in turn: a process killed without a chance to clean up, be it the supervisor,
the master of the web server or of a worker's pool, leaves no orphan behind.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys

from asimati.embedded.processes import die_with_parent


def main() -> None:
    parent, module = int(sys.argv[1]), sys.argv[2]
    die_with_parent(signal.SIGKILL, parent)
    if hasattr(os, "register_at_fork"):
        forker = [os.getpid()]
        os.register_at_fork(
            before=lambda: forker.__setitem__(0, os.getpid()),
            after_in_child=lambda: die_with_parent(signal.SIGKILL, forker[0]),
        )
        multiprocessing.set_start_method("fork")  # the servers' own choice before Python 3.14
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

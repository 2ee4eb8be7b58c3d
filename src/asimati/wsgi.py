"""Where the web server comes in: the application, loaded without the collector of garbage looking over it.

Loading makes a million objects that stay for good. The collector would go through them over and over while they are
made, which is a quarter of the time of a start, and again while requests are answered.
"""

from __future__ import annotations

import gc

from flask import Flask


def create_app() -> Flask:
    """The WSGI application of this process; for a process that serves it and nothing else."""
    gc.disable()
    try:
        from asimati.app import create_app as make  # here, because loading it is what takes long

        return make()
    finally:
        gc.freeze()
        gc.enable()

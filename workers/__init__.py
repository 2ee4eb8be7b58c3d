"""The hands: Celery and the relay. Nothing here decides; every task calls one thing of `asimati` and ends.

    python -m workers.relay                                             outbox → broker; several may run
    celery -A workers.app worker -Q codes -c 2 -n codes@%h              sign-in codes wait for nobody
    celery -A workers.app worker -Q notify,effects,files,reports -n all@%h
    celery -A workers.app beat                                          the tick; several may run

With `REMAP_SIGTERM=SIGQUIT` in a worker's environment SIGTERM hands unfinished tasks back instead of awaiting them.
"""

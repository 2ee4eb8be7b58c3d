"""Celery, set up so that it may fail: the outbox holds the truth, the broker only hints.

Why each setting is as it is: late acknowledgement, because an early one loses the task with its worker; no
re-queueing of a task that killed its worker, because that repeats without end (the delivery's run counter bounds it
instead); a visibility timeout longer than any task, because a shorter one only makes duplicates; bounded sockets,
because a frozen broker must not freeze us; no results, no remote control, no events: nothing of it is read.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery, signals
from kombu import Exchange, Queue

from asimati.kit import db, logs
from asimati.settings import settings
from workers.queues import EFFECTS, QUEUES

SETTINGS: dict[str, Any] = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": False,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_soft_time_limit": 45,
    "task_time_limit": 60,
    "task_queues": [Queue(name, Exchange(name, type="direct"), routing_key=name) for name in QUEUES],
    "task_default_queue": EFFECTS,
    "task_create_missing_queues": False,
    "task_publish_retry": False,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 1000,
    "worker_max_memory_per_child": 300_000,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_soft_shutdown_timeout": 25,
    "worker_enable_soft_shutdown_on_idle": False,  # nothing delayed to give back: an idle one just goes
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "beat_scheduler": "celery.beat:Scheduler",  # keeps its schedule in memory: no process relies on local disk
    "enable_utc": True,
    "timezone": "UTC",
}


def transport(*, relay: bool = False) -> dict[str, Any]:
    """Limits on talking to the broker; the relay's are tighter, it has other things to do meanwhile."""
    if settings().broker_address.startswith("amqp"):
        return {"confirm_publish": True, **({"read_timeout": 2, "write_timeout": 2} if relay else {})}
    return {
        "visibility_timeout": 3600,
        "socket_timeout": 0.5 if relay else 5,
        "socket_connect_timeout": 0.5 if relay else 2,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": False,
        **({"max_retries": 0} if relay else {}),
    }


app = Celery("asimati", include=["workers.tasks.deliver", "workers.tasks.tick"])
app.conf.update(SETTINGS, broker_url=settings().broker_address or None, broker_transport_options=transport())


@signals.setup_logging.connect
def _log_like_the_rest(**_: Any) -> None:
    logs.configure()
    # Two lines for each task and tick; the pool, asked for everything, tells what tasks were called with.
    for chatty in ("celery.beat", "celery.worker.strategy", "celery.app.trace", "celery.pool"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@signals.worker_init.connect
@signals.beat_init.connect
def _need_a_broker(**_: Any) -> None:
    need_broker()


def need_broker() -> None:
    """Stop at once, with a sentence, when no broker is set."""
    if not settings().broker_address:
        raise SystemExit("asimati: set ASIMATI_REDIS_URL or ASIMATI_BROKER_URL; there is no broker to talk to.")


@signals.worker_process_init.connect
def _own_connections(**_: Any) -> None:
    db.forget_engine()

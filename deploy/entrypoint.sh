#!/bin/sh
# The image's commands. Each replaces this shell, so that signals reach the process itself.
set -eu
port=${ASIMATI_PORT:-8000}
case "${1:-web}" in
web)
	exec python -m granian --interface wsgi --factory --host "${ASIMATI_HOST:-0.0.0.0}" --port "$port" \
		--workers "${ASIMATI_WEB_WORKERS:-2}" --blocking-threads "${ASIMATI_WEB_THREADS:-8}" \
		--http 1 --http1-header-read-timeout 10000 --http1-buffer-size 65536 \
		--no-ws --no-access-log --respawn-failed-workers --workers-kill-timeout 25 --log-level warning asimati.wsgi:create_app
	;;
worker) # the queues it serves may follow, separated by commas; all of them otherwise
	export REMAP_SIGTERM=SIGQUIT # SIGTERM lets tasks finish for a while, then gives the rest back
	exec python -m celery -q -A workers.app worker --hostname "worker@%h" ${2:+--queues "$2"} \
		--concurrency "${WORKER_CONCURRENCY:-4}" --without-gossip --without-mingle
	;;
relay) exec python -m workers.relay ;;
beat) exec python -m celery -q -A workers.app beat ;;
healthy)
	exec python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/readyz', timeout=2)" 2>/dev/null
	;;
*) exec python -m asimati "$@" ;; # migrate, pack sync, verify …
esac

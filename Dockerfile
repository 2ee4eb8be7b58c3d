# One image for every process of the house; the command chooses: web (default), worker, relay, beat, migrate, or any
# command of `asimati`. Nothing is built in the final stage and nothing in it runs as root.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/asimati
COPY requirements/run.txt requirements/build.txt requirements/
RUN /opt/asimati/bin/python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements/run.txt
RUN python -m venv /build/tools \
 && tools/bin/python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md ./
COPY src src
COPY workers workers
RUN tools/bin/python -m hatchling build -t wheel \
 && /opt/asimati/bin/python -m pip install --no-deps --no-index dist/*.whl \
 && /opt/asimati/bin/python -m compileall -q /opt/asimati/lib \
 && /opt/asimati/bin/python -m pip uninstall --quiet --yes pip

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/asimati --create-home asimati
COPY --from=build /opt/asimati /opt/asimati
COPY config /etc/asimati
COPY deploy/entrypoint.sh /opt/asimati/bin/entrypoint
ENV PATH=/opt/asimati/bin:$PATH PYTHONUNBUFFERED=1 \
    ASIMATI_PROFILE=production ASIMATI_CONFIG=/etc/asimati ASIMATI_HOME=/var/lib/asimati
USER asimati
WORKDIR /var/lib/asimati
EXPOSE 8000
STOPSIGNAL SIGTERM
# For web only; the other processes are judged by the metrics, and their compose entries switch this off.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["entrypoint", "healthy"]
ENTRYPOINT ["entrypoint"]
CMD ["web"]

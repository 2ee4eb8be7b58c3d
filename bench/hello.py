"""The least a Flask view can do, for comparison on the same server."""

from __future__ import annotations

import os

from flask import Flask, Response, jsonify, request
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool

ROW = text("INSERT INTO bare (id, body) VALUES (gen_random_uuid(), CAST(:body AS jsonb))")


def create_app() -> Flask:
    """One route that answers a word, and one that writes what it is sent down as a row."""
    app = Flask(__name__)
    database = create_engine(os.environ["ASIMATI_DATABASE_URL"], poolclass=QueuePool, pool_size=8)
    with database.begin() as tx:
        tx.execute(text("SELECT pg_advisory_xact_lock(1)"))
        tx.execute(text("CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, body jsonb NOT NULL)"))

    @app.get("/hello")
    def hello() -> Response:
        return jsonify(hello="world")

    @app.post("/insert")
    def insert() -> tuple[Response, int]:
        request.get_json()
        with database.begin() as tx:
            tx.execute(ROW, {"body": request.get_data(as_text=True)})
        return jsonify(done=True), 201

    return app

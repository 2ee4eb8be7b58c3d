"""The least a Flask view can do, for comparison on the same server."""

from flask import Flask, Response, jsonify


def create_app() -> Flask:
    """One route that answers a word."""
    app = Flask(__name__)

    @app.get("/hello")
    def hello() -> Response:
        return jsonify(hello="world")

    return app

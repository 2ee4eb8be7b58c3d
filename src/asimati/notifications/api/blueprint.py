"""The one blueprint all routes of this room stand on."""

from asimati.http.routes import Blueprint

blp = Blueprint("notifications", __name__, description="The inbox, broadcasts, templates, webhooks")

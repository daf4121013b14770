"""The application: ctsec's routes under /auth, its own under /v1, and one page."""

from flask import Flask, Response, abort
from pydantic import ValidationError

from examples.cloudthinker import page
from examples.cloudthinker.models import Base
from examples.cloudthinker_flask import organization, workspace
from examples.cloudthinker_flask.parts import engine, guard

Base.metadata.create_all(engine)
app = Flask(__name__, static_folder=None)
app.register_blueprint(guard.blueprint(), url_prefix="/auth")
app.register_blueprint(workspace.routes)
app.register_blueprint(organization.routes)


@app.errorhandler(ValidationError)
def malformed(error: ValidationError) -> tuple[dict[str, object], int]:
    return {"detail": error.errors(include_url=False, include_input=False, include_context=False)}, 422


@app.get("/")
@app.get("/verify-email")
@app.get("/accept-invitation")
@app.get("/sso/<connection_id>")
@guard.public
def index(**_: str) -> Response:
    return Response(page.index(), mimetype="text/html", headers=page.HEADERS)


@app.get("/page/<name>")
@guard.public
def file(name: str) -> Response:
    found = page.file(name)
    if found is None:
        abort(404)
    return Response(found[0], mimetype=found[1], headers=page.HEADERS)

"""CloudThinker as a Flask application: `flask --app examples.cloudthinker_flask.app run`."""

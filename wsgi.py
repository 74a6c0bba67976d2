"""For WSGI servers and ``flask --app wsgi``."""

from kbadmin.app import create_app

app = create_app()

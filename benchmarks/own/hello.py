"""The smallest Flask application under the server that kbadmin uses: what a page could cost at best."""

from flask import Flask

from benchmarks.own.installation import environment
from kbadmin import config, serving
from kbadmin.config import read_environment


def main() -> None:
    """Serve until a signal; the address is printed first."""
    app = Flask(__name__)
    app.extensions[config.EXTENSION] = read_environment(environment("."), dotenv=False)

    @app.get("/")
    def hello() -> str:
        return "Hello"

    web = serving.WebServer(app, host="127.0.0.1", port=0)
    print(web.address, flush=True)
    while True:
        web.turn()


if __name__ == "__main__":
    main()

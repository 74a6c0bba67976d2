"""An identity provider over TLS: the operator's extra authorities count, beside those of the public web."""

import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask, jsonify
from werkzeug.serving import make_server

from kbadmin.encryption import Secret
from kbadmin.smtp.oauth_client import ProviderFailed, ProviderSession
from tests.fakes import certificates


@contextmanager
def provider(pem):
    """A provider that answers one JSON object over TLS, with the certificate of this file."""
    app = Flask("provider")
    app.add_url_rule("/keys", view_func=lambda: jsonify(keys=[]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.port}/keys"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(settings, url):
    with ProviderSession(settings, client_id="c", client_secret=Secret("canary-secret"), scope="s") as session:
        session.request("GET", url, withhold_token=True)
        return session.answer


def test_the_operators_extra_authority_counts_for_the_provider(settings):
    chest = certificates.chest()

    with provider(chest["good"]) as url:
        assert ask(replace(settings, smtp_ca_file=chest.ca_file), url) == {"keys": []}


def test_without_it_such_a_provider_is_not_trusted(settings):
    with provider(certificates.chest()["good"]) as url, pytest.raises(ProviderFailed, match="unreachable"):
        ask(replace(settings, smtp_ca_file=None), url)


def test_the_name_is_checked_all_the_same(settings):
    chest = certificates.chest()

    with provider(chest["wrong_name"]) as url, pytest.raises(ProviderFailed, match="unreachable"):
        ask(replace(settings, smtp_ca_file=chest.ca_file), url)

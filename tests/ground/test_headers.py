"""Security headers: on pages, errors, redirects and files alike."""

from dataclasses import replace

import pytest

from kbadmin.headers import allow_form_action

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/sign-in", "/no-such-page", "/", "/healthz", "/static/css/site.css"])
def test_every_response_carries_the_policy(browser, path):
    with browser.client.get(path, base_url="http://localhost") as response:
        assert response.headers["Content-Security-Policy"] == POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in response.headers


def test_pages_are_not_cached_and_files_are(browser):
    with browser.client.get("/static/css/site.css", base_url="http://localhost") as file:
        assert "max-age=31536000" in file.headers["Cache-Control"]
    assert browser.open("/sign-in").response.headers["Cache-Control"] == "no-store"


def test_over_https_browsers_are_told_to_stay_there(settings, make_app):
    client = make_app(replace(settings, base_url="https://localhost")).test_client()
    response = client.get("/healthz", base_url="https://localhost")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_page_may_let_its_forms_end_at_the_provider(app):
    with app.test_request_context("/healthz", base_url="http://localhost"):
        allow_form_action("https://login.microsoftonline.com")
        response = app.process_response(app.response_class())
    assert "form-action 'self' https://login.microsoftonline.com;" in response.headers["Content-Security-Policy"]


def test_a_foreign_host_header_is_refused(browser):
    assert browser.client.get("/sign-in", base_url="http://evil.example.net").status_code == 400

"""Every code of Microsoft's and every reply of a mail server that we know: who must act, and what to type."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kbadmin
from kbadmin.smtp import explanation_rows
from kbadmin.smtp.diagnosis import (
    Explanation,
    Who,
    explain_authorization,
    explain_outcome,
    explain_submission,
    it_note,
)
from kbadmin.smtp.explanation_rows import CODES, KINDS, OUTCOMES, PLACEHOLDERS, REPLIES
from kbadmin.smtp.failures import SENTENCES, exception_name
from kbadmin.smtp.replies import Answer

VALUES = {
    "login_email": "mailer@contoso.example",
    "mailbox": "mailer@contoso.example",
    "send_from": "news@contoso.example",
    "client_id": "6731de76-14a6-49ae-97bc-6eba6914391e",
    "tenant_id": "72f988bf-86f1-41af-91ab-2d7cd011db47",
    "redirect_uri": "https://kb.example.com/oauth2/custom-smtp-token",
    "host": "mail.contoso.example",
    "port": "587",
    "service_name": "Contoso",
    "recipient": "reader@example.net",
}

# Numbers, who must act, and the state that follows where the OAuth error does not decide.
MICROSOFTS_CODES = [
    ("7000215", "you", "fix_config"),
    ("7000222", "it", "fix_config"),
    ("70002 7000218", "you", "fix_config"),
    ("700025", "it", "fix_config"),
    ("700027 50012 500133 50013", "you", "fix_config"),
    ("700016 700011 70001", "you", "fix_config"),
    ("7000112 1000031", "it", "admin"),
    ("50194", "you", "fix_config"),
    ("90130 90124 9001023 9002332 9002331 9002346", "you", "fix_config"),
    ("90002", "you", "fix_config"),
    ("90038 900382 900432 900439", "you", "fix_config"),
    ("90019 50059 50128 90013", "you", "fix_config"),
    ("50020 50034 51004 50014 90072 16000 500208 16003", "you", "reauth"),
    ("500212 500213 500021 500022 50002", "it", "admin"),
    ("50011 500112 70004 900971", "it", "fix_config"),
    ("65001", "you", "reauth"),
    ("65004", "you", "reauth"),
    ("90094 90095 900941 900981 90008 90093", "it", "admin"),
    ("650052 650054 500011 50001", "it", "admin"),
    ("650053", "us", "bug"),
    ("65005 650056 650057", "it", "fix_config"),
    ("70011 28002 28003 700023 1002012", "us", "bug"),
    ("28000 700022", "us", "bug"),
    ("900144 90014", "us", "bug"),
    ("50076 50079 50072 50074 50078 50158 53004 53010", "you", "reauth"),
    ("53003 53000 53001 53002 50131 530032 530035 50005 53011", "it", "admin"),
    ("50105", "it", "admin"),
    ("50055 50126 50144", "you", "reauth"),
    ("50053 50057 80012", "it", "reauth"),
    ("700082 70008", "you", "reauth"),
    ("50173 50132 50133 50089", "you", "reauth"),
    ("700084", "it", "fix_config"),
    ("70043", "it", "admin"),
    ("70000 700005 7000012 9002313", "you", "reauth"),
    ("54005 501481 50147 501491", "you", "reauth"),
    ("50196", "us", "bug"),
    ("90055 90024 90033 90006 90012 50033 50087 90090", "microsoft", "retry"),
    ("50058", "you", "reauth"),
]

SEND_AS = "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message"
QUOTA = "STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Message submission rate exceeded"
FULL = "STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded"

# Stage, reply as it comes over the wire, who must act, state, what the queue does, and a word of the steps.
REPLIES_SEEN = [
    (
        "sign_in",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit …",
        ("it", "admin", "pause", "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled"),
    ),
    (
        "sign_in",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit …",
        ("it", "admin", "pause", "tick **Authenticated SMTP**"),
    ),
    (
        "sign_in",
        "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
        ("it", "admin", "pause", "One more thing to check".lower()),
    ),
    (
        "sign_in",
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        ("you", "fix_config", "pause", "Choose **OAuth2**"),
    ),
    (
        "sign_in",
        "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated",
        ("it", "admin", "pause", "AuthenticationPolicy"),
    ),
    ("sign_in", "535 5.7.139 Authentication unsuccessful", ("it", "admin", "pause", "Set-CASMailbox")),
    ("sign_in", "535 5.7.3 Authentication unsuccessful [X.PROD]", ("it", "admin", "refresh", "**Login Email**")),
    (
        "sign_in",
        "550 5.7.30 Basic authentication is not supported for Client Submission.",
        ("you", "fix_config", "pause", "**OAuth2**"),
    ),
    (
        "sign_in",
        "550 Basic authentication is not supported for Client Submission.",
        ("you", "fix_config", "pause", "**OAuth2**"),
    ),
    (
        "sender",
        "530 5.7.57 Client not authenticated to send mail. [X.PROD]",
        ("you", "fix_config", "pause", "**Login Email**"),
    ),
    ("sign_in", "454 4.7.0 Temporary authentication failure", ("microsoft", "retry", "retry", "no need to authorize")),
    (
        "message",
        "554 5.2.252 SendAsDenied; a@contoso.example not allowed to send as b@contoso.example",
        ("it", "fix_config", "pause", "Add-RecipientPermission"),
    ),
    (
        "sender",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        ("it", "fix_config", "pause", "Add-RecipientPermission"),
    ),
    (
        "sender",
        "550 5.7.1 Client does not have permissions to send as this sender",
        ("it", "fix_config", "pause", "Add-RecipientPermission"),
    ),
    ("message", f"554 5.2.0 {SEND_AS}", ("it", "fix_config", "pause", "Add-RecipientPermission")),
    ("message", f"554 5.2.0 {QUOTA}", ("it", "retry", "pause", "24 hours")),
    ("message", f"554 5.2.0 {FULL}", ("it", "admin", "pause", "**Sent Items**")),
    ("message", "554 5.2.0 STOREDRV.Submission.Exception:OtherException", ("it", "admin", "pause", "exception's name")),
    ("message", f"554 5.2.2 mailbox full; {FULL}", ("it", "admin", "pause", "**Sent Items**")),
    ("message", "554 5.2.2 mailbox full", ("it", "admin", "pause", "**Sent Items**")),
    *[
        (
            "message",
            f"550 5.2.{detail} Sender throttled due to continuous {why} errors",
            ("it", "admin", "pause", "Wait at least an hour"),
        )
        for detail, why in [
            (251, "mailbox full"),
            (252, "SendAsDenied"),
            (253, "license"),
            (254, "too many recipients"),
            (255, "invalid recipients"),
        ]
    ],
    (
        "message",
        "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
        ("microsoft", "retry", "retry", "slows down"),
    ),
    (
        "message",
        "421 4.4.2 Message submission rate for this client has exceeded the configured limit",
        ("you", "retry", "retry", "slows down"),
    ),
    ("sender", "421 4.7.66 Too many sessions", ("you", "retry", "retry", "slows down")),
    (
        "sender",
        "451 4.7.500 Server busy. Please try again later (AS77713)",
        ("microsoft", "retry", "retry", "Wait an hour"),
    ),
    ("sender", "451 4.7.699 Access denied (AS4)", ("microsoft", "retry", "retry", "Wait an hour")),
    (
        "sender",
        "451 4.7.0 Temporary server error. Please try again later. PRX4",
        ("microsoft", "retry", "retry", "smtp-mail.outlook.com"),
    ),
    (
        "message",
        "550 5.1.8 Access denied, bad outbound sender AS(42003)",
        ("it", "admin", "pause", "**Restricted entities**"),
    ),
    *[
        (
            "message",
            f"550 5.7.{detail} Access denied, spam abuse detected",
            ("it", "admin", "pause", "**Restricted entities**"),
        )
        for detail in (501, 502, 503)
    ],
    *[
        ("message", f"550 5.7.{detail} Access denied", ("it", "admin", "pause", "service request"))
        for detail in (705, 708, 750)
    ],
    ("message", "550 5.7.232 Your message can't be sent", ("it", "retry", "pause", "24 hours")),
    ("message", "550 5.4.5 Daily user sending limit exceeded.", ("you", "retry", "pause", "24 hours")),
    (
        "recipient",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
        ("recipient", "fix_config", "fail_recipient", "mistyped"),
    ),
    ("recipient", "550 5.1.1 No such user", ("recipient", "fix_config", "fail_recipient", "mistyped")),
    (
        "recipient",
        "550 5.4.1 Recipient address rejected: Access denied",
        ("recipient", "fix_config", "fail_recipient", "mistyped"),
    ),
    ("recipient", "554 5.7.1 Relay access denied", ("it", "fix_config", "pause", "relay")),
    *[
        (
            "recipient",
            f"550 5.7.{detail} Sender not authenticated for group",
            ("recipient", "fix_config", "fail_recipient", "administrator"),
        )
        for detail in (1, 12, 124, 133, 134, 135, 136)
    ],
    ("message", "550 5.7.509 Access denied, sending domain does not pass DMARC", ("it", "admin", "fail", "SPF")),
    ("message", "550 5.7.515 Access denied, sending domain …", ("it", "admin", "fail", "DMARC")),
    ("message", "550 5.7.26 This mail is blocked: the sender is unauthenticated", ("it", "admin", "fail", "SPF")),
    ("message", "421 4.7.32 Your email has been rate limited because DMARC …", ("it", "admin", "fail", "DKIM")),
    ("message", "552 5.3.4 Message size exceeds fixed maximum", ("you", "fix_config", "fail", "Shorten")),
    ("sign_in", "503 5.5.1 Bad sequence of commands", ("you", "fix_config", "pause", "**Port**")),
    ("sign_in", "535 5.7.8 Username and Password not accepted", ("you", "reauth", "refresh", "**Authorize again**")),
    ("recipient", "450 4.2.0 Greylisted", ("recipient", "retry", "retry", "fifteen minutes")),
    ("recipient", "550 Unknown", ("recipient", "fix_config", "fail_recipient", "mistyped")),
    ("sender", "553 Sender address rejected", ("it", "fix_config", "pause", "**Send From Address**")),
    ("message", "452 4.3.1 Insufficient system storage", ("it", "retry", "retry", "fifteen minutes")),
    ("message", "451 4.3.0 Local error", ("you", "retry", "retry", "fifteen minutes")),
    ("recipient", "553 5.1.3 Bad address syntax", ("recipient", "fix_config", "fail_recipient", "mistyped")),
    ("recipient", "550 No such user here", ("recipient", "fix_config", "fail_recipient", "mistyped")),
    ("message", "550 5.7.1 Rejected as spam", ("it", "admin", "fail", "filter")),
    ("message", "451 4.7.1 Rate limit exceeded", ("you", "retry", "retry", "slows down")),
    ("message", "421 Service shutting down", ("it", "retry", "retry", "slows down")),
    ("message", "452 4.4.2 Try later", ("it", "retry", "retry", "slows down")),
    ("tls", "501 5.5.4 No TLS for you", ("it", "admin", "pause", "begin TLS")),
    ("sender", "555 Parameters not recognized", ("us", "bug", "fail", "operator")),
    ("message", "554 Transaction failed", ("it", "fix_config", "fail", "server's reply")),
]  # fmt: skip

# Kind, stage, values, who must act, and a word of the steps.
CONNECTIONS_SEEN = [
    ("unreachable", "reach", {"host": "smtp.office365.com", "port": "465"}, "you", "`587`"),
    ("unreachable", "reach", {"port": 465, "security": "starttls"}, "you", "**TLS from the start**"),
    ("unreachable", "reach", {"port": "587", "security": "implicit_tls"}, "you", "**STARTTLS**"),
    ("tls_failed", "reach", {"port": "587", "security": "implicit_tls"}, "you", "**STARTTLS**"),
    ("unreachable", "reach", {"port": "25"}, "you", "`587`"),
    ("unreachable", "reach", {}, "you", "mistyped"),
    ("timed_out", "message", {}, "it", "465 with TLS"),
    ("connection_lost", "message", {}, "it", "few minutes"),
    ("not_smtp", "greeting", {}, "you", "IMAP"),
    ("reply_too_long", "greeting", {}, "you", "**SMTP Host**"),
    ("no_starttls", "tls", {}, "you", "465"),
    ("no_starttls", "tls", {"port": "465", "security": "starttls"}, "you", "**TLS from the start**"),
    ("injected_after_starttls", "tls", {}, "it", "update"),
    ("tls_failed", "tls", {}, "it", "TLS 1.2"),
    ("certificate_wrong_name", "tls", {}, "you", "**SMTP Host**"),
    ("certificate_expired", "tls", {}, "it", "Renew"),
    ("certificate_not_yet_valid", "tls", {}, "it", "clock"),
    ("certificate_untrusted", "tls", {}, "it", "KBADMIN_SMTP_CA_FILE"),
    ("tls_required", "sign_in", {}, "you", "**STARTTLS**"),
    ("auth_not_offered", "sign_in", {"host": "smtp.office365.com"}, "you", "**OAuth2**"),
    ("no_token", "sign_in", {}, "microsoft", "no need to authorize"),
    ("auth_not_offered", "sign_in", {}, "you", "**Authentication**"),
    ("credentials_too_long", "sign_in", {}, "us", "operator"),
    ("smtputf8_not_offered", "sender", {}, "you", "news@contoso.example"),
    ("smtputf8_not_offered", "recipient", {}, "you", "reader@example.net"),
    ("smtputf8_missing", "recipient", {}, "you", "reader@example.net"),
    ("8bitmime_not_offered", "message", {}, "us", "operator"),
    ("too_large", "message", {}, "you", "Shorten"),
    ("refused", "message", {}, "us", "operator"),
]


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split()]


def explained_reply(stage: str, line: str, **values: object) -> Explanation:
    """What the page says about a line of a server, read as the transport reads it."""
    reply = Answer(int(line[:3]), (line[4:].replace("…", "..."),)).reply()
    return explain_submission(
        stage=stage,
        kind="refused",
        code=reply.code,
        enhanced=reply.enhanced,
        text=reply.text,
        exception_name=exception_name(reply.text),
        **{**VALUES, **values},
    )


def assert_complete(explanation: Explanation) -> None:
    assert explanation.what.endswith(".")
    assert explanation.do
    assert explanation.who_label
    for text in (explanation.what, *explanation.do):
        assert not re.search(r"[{}]|\bNone\b|!", text), text
        assert text.count("**") % 2 == 0


@pytest.mark.parametrize(
    ("number", "who", "state"),
    [(number, who, state) for group, who, state in MICROSOFTS_CODES for number in numbers(group)],
)
def test_every_aadsts_number_says_who_must_act_and_what_to_do(number, who, state):
    explanation = explain_authorization(None, None, number, **VALUES)
    assert_complete(explanation)
    assert (explanation.who, explanation.state) == (who, state)
    assert explanation.code == f"AADSTS{number}"


def test_no_number_is_known_that_the_table_above_does_not_list():
    assert set(CODES) == {number for group, _, _ in MICROSOFTS_CODES for number in numbers(group)}


def test_a_wrong_secret_names_the_secret_id_and_the_value():
    explanation = explain_authorization("invalid_client", None, 7000215, **VALUES)
    assert "Secret ID" in explanation.what
    assert "Value" in explanation.what
    assert explanation.who_label == "You"


def test_the_redirect_uri_to_register_is_spelled_out():
    explanation = explain_authorization(None, None, 50011, **VALUES)
    assert "`https://kb.example.com/oauth2/custom-smtp-token`" in explanation.do[0]


@pytest.mark.parametrize(
    ("error", "suberror", "state"),
    [
        ("invalid_client", None, "fix_config"),
        ("invalid_grant", None, "reauth"),
        ("invalid_grant", "token_expired", "reauth"),
        ("invalid_grant", "consent_required", "reauth"),
        ("invalid_grant", "user_password_expired", "reauth"),
        ("invalid_grant", "never_heard_of", "reauth"),
        ("interaction_required", "basic_action", "reauth"),
        ("consent_required", None, "reauth"),
        ("login_required", None, "reauth"),
        ("temporarily_unavailable", None, "retry"),
        ("server_error", None, "retry"),
        ("invalid_scope", None, "bug"),
    ],
)
@pytest.mark.parametrize("number", [None, 7000215, 53003, 90033, 28000, 1234567])
def test_an_oauth_error_that_is_clear_decides_whatever_the_number_says(error, suberror, state, number):
    explanation = explain_authorization(error, suberror, number, **VALUES)
    assert_complete(explanation)
    assert explanation.state == state


@pytest.mark.parametrize(
    ("error", "number", "state"),
    [
        ("access_denied", None, "reauth"),
        ("access_denied", 65004, "reauth"),
        ("access_denied", 90094, "admin"),
        ("unauthorized_client", None, "fix_config"),
        ("unauthorized_client", 7000112, "admin"),
        ("invalid_request", None, "bug"),
        ("invalid_request", 90002, "fix_config"),
        ("invalid_request", 50194, "fix_config"),
        ("invalid_resource", 500011, "admin"),
        ("unsupported_response_type", None, "bug"),
    ],
)
def test_where_the_error_means_many_things_the_number_decides(error, number, state):
    assert explain_authorization(error, None, number, **VALUES).state == state


def test_the_number_still_selects_the_words_when_the_error_decides():
    explanation = explain_authorization("invalid_grant", None, 53003, **VALUES)
    assert (explanation.state, explanation.who) == ("reauth", Who.IT)
    assert "Conditional Access" in explanation.what


@pytest.mark.parametrize(
    ("error", "number", "code"),
    [(None, 1234567, "AADSTS1234567"), ("odd_error", None, "odd_error"), (None, None, None)],
)
def test_an_unknown_code_still_gets_steps_and_is_named(error, number, code):
    explanation = explain_authorization(error, None, number)
    assert_complete(explanation)
    assert explanation.code == code
    assert "correlation ID" in " ".join(explanation.do)


@pytest.mark.parametrize(("stage", "line", "expected"), REPLIES_SEEN)
def test_every_reply_says_who_must_act_and_what_to_do(stage, line, expected):
    who, state, action, words = expected
    explanation = explained_reply(stage, line)
    assert_complete(explanation)
    assert (explanation.who, explanation.state, explanation.action) == (who, state, action)
    assert words in " ".join(explanation.do)
    assert explanation.code.startswith(line[:3])


def test_every_row_about_replies_can_be_reached():
    reached = {explained_reply(stage, line).do for stage, line, _ in REPLIES_SEEN}
    for stage, line in [("sign_in", "535 5.7.3 Authentication unsuccessful"), ("sign_in", "535 5.7.8 Not accepted")]:
        reached.add(explained_reply(stage, line, authentication="password").do)
    for status in ("400", "401"):
        challenge = f'{{"status": "{status}", "schemes": "bearer"}}'
        reached.add(explain_submission("sign_in", "refused", 535, "5.7.8", challenge=challenge, **VALUES).do)
    unreached = [row for row in REPLIES if explain_with(row) not in reached]
    assert unreached == []


def explain_with(row: explanation_rows.Row) -> tuple[str, ...]:
    return tuple(re.sub(r"\{(\w+)\}", lambda name: VALUES[name[1]], step) for step in row.words.do)


@pytest.mark.parametrize(("kind", "stage", "values", "who", "words"), CONNECTIONS_SEEN)
def test_every_trouble_with_the_connection_says_who_must_act(kind, stage, values, who, words):
    explanation = explain_submission(stage=stage, kind=kind, **{**VALUES, "port": "2525", **values})
    assert_complete(explanation)
    assert explanation.who == who
    assert words in " ".join(explanation.do)
    assert explanation.code is None


def test_every_row_about_connections_can_be_reached():
    reached = {
        explain_submission(stage=stage, kind=kind, **{**VALUES, "port": "2525", **values}).what
        for kind, stage, values, _, _ in CONNECTIONS_SEEN
    }
    words = {re.sub(r"\{(\w+)\}", lambda name: {**VALUES, "port": "2525"}[name[1]], row.words.what) for row in KINDS}
    assert {re.sub(r"port \d+", "port", what) for what in words} == {
        re.sub(r"port \d+", "port", what) for what in reached
    }


def test_every_kind_of_failure_that_the_transport_knows_has_a_row_of_its_own():
    explained = {kind for row in KINDS for kind in row.kinds}
    assert set(SENTENCES) - {"refused"} <= explained


def test_every_outcome_that_the_product_raises_has_words_of_its_own():
    raised = {"provider_error"}
    for path in Path(kbadmin.__file__).parent.glob("smtp/*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in RAISERS and call.args:
                raised |= {word.value for word in ast.walk(call.args[0]) if isinstance(word, ast.Constant)}
    words = {word for word in raised if re.fullmatch(r"[a-z]+(_[a-z]+)+", str(word))}
    assert len(words) > 10
    assert words <= set(OUTCOMES)


RAISERS = {"AuthorizationFailed", "ProviderFailed", "GrantUnusable"}


@pytest.mark.parametrize("kind", [*OUTCOMES, "never_heard_of"])
def test_every_outcome_says_who_must_act_and_what_to_do(kind):
    assert_complete(explain_outcome(kind, **VALUES))
    assert_complete(explain_outcome(kind))


def test_a_wrong_mailbox_is_named_beside_the_expected_one():
    explanation = explain_outcome("wrong_mailbox", **VALUES, signed_in_as="chief@contoso.example")
    assert "mailer@contoso.example; chief@contoso.example signed in" in explanation.do[0]


def test_a_command_has_the_mailbox_filled_in():
    explanation = explained_reply("sign_in", "535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox")
    command = "`Set-CASMailbox -Identity mailer@contoso.example -SmtpClientAuthenticationDisabled $false`"
    assert command in explanation.do[1]
    explanation = explained_reply("message", "554 5.2.252 SendAsDenied; not allowed")
    command = "`Add-RecipientPermission news@contoso.example -AccessRights SendAs -Trustee mailer@contoso.example`"
    assert command in explanation.do[1]


def test_a_command_without_a_mailbox_shows_where_it_goes():
    explanation = explain_submission("sign_in", "refused", 535, "5.7.139", "is disabled for the Mailbox")
    assert "`Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $false`" in explanation.do[1]


@pytest.mark.parametrize(
    ("mailbox", "argument"),
    [
        ("a.b+c_d-e@x-y.example", "a.b+c_d-e@x-y.example"),
        ("a&calc@x.example", "'a&calc@x.example'"),
        ("a|Remove-Mailbox@x.example", "'a|Remove-Mailbox@x.example'"),
        ("$env@x.example", "'$env@x.example'"),
        ("o'neill@x.example", "'o''neill@x.example'"),
        ("-Confirm@x.example", "'-Confirm@x.example'"),
    ],
)
def test_an_address_cannot_become_a_command_of_its_own(mailbox, argument):
    explanation = explained_reply("sign_in", "535 5.7.139 is disabled for the Mailbox", mailbox=mailbox)
    assert f"-Identity {argument} -Smtp" in explanation.do[1]


def test_values_are_put_in_once_and_on_one_line():
    explanation = explain_authorization(None, None, 90002, tenant_id="{client_id}\nsecond {0}")
    assert "It was: {client_id} second {0}." in explanation.do[1]


def test_what_depends_on_the_kind_of_sign_in_is_said_for_that_kind():
    line = "535 5.7.3 Authentication unsuccessful"
    assert "**Password**" in " ".join(explained_reply("sign_in", line, authentication="password").do)
    assert "**Authorize again**" in " ".join(explained_reply("sign_in", line, authentication="oauth2").do)


@pytest.mark.parametrize("challenge", ["", "no json", "[1]", '{"status": 7}', "[" * 10_000])
def test_a_providers_explanation_that_is_none_does_no_harm(challenge):
    assert_complete(explain_submission("sign_in", "refused", 535, "5.7.8", challenge=challenge, **VALUES))


def test_an_enhanced_code_in_the_middle_of_a_reply_counts_but_an_address_does_not():
    inside = explain_submission("sign_in", "refused", 535, None, "Authentication unsuccessful (5.7.3)", **VALUES)
    assert inside.code == "535 5.7.3"
    address = explain_submission("recipient", "refused", 550, None, "rejected by 5.1.10.7", **VALUES)
    assert address.code == "550"


def test_the_exceptions_name_decides_where_one_code_stands_for_many():
    def explained(name):
        return explain_submission("message", "refused", 554, "5.2.0", "STOREDRV", exception_name=name, **VALUES)

    assert explained("SendAsDeniedException").state == "fix_config"
    assert explained("SubmissionQuotaExceededException").state == "retry"
    assert explained("QuotaExceededException").state == "admin"
    assert "exception's name" in explained("SomethingElseException").do[0]


def test_what_is_unsure_is_one_more_thing_to_check():
    explanation = explained_reply("sign_in", "535 5.7.3 Authentication unsuccessful")
    about_defaults = [step for step in explanation.do if "security defaults" in step]
    assert all(step.startswith("One more thing to check") for step in about_defaults)
    assert about_defaults


def test_the_note_for_it_holds_what_support_asks_for_and_leaves_out_what_is_not_known():
    note = it_note(
        what="The secret's `Value` is **wrong**.",
        service="Contoso\nInjected: line",
        code="AADSTS7000215",
        correlation_id="c-1",
        trace_id="t-1",
        at=datetime(2026, 7, 2, 13, 30, 5, tzinfo=UTC),
        server_reply="535 5.7.3 no",
        client_id="6731de76",
        tenant_id=None,
    )
    assert note.splitlines() == [
        "What happened: The secret's Value is wrong.",
        "SMTP service: Contoso Injected: line",
        "Code: AADSTS7000215",
        "Correlation ID: c-1",
        "Trace ID: t-1",
        "Time: 2026-07-02 13:30:05 UTC",
        "Server's reply: 535 5.7.3 no",
        "Application (client) ID: 6731de76",
    ]


ROW = {"what": "It failed.", "who": "you", "do": ["Try `this`."], "state": "retry", "action": "retry"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": "No full stop"},
        {"what": "With **bold**."},
        {"who": "somebody"},
        {"do": []},
        {"do": ["Half a `command"]},
        {"do": ["About {password}."]},
        {"do": ["About {host.__class__}."]},
        {"do": ["About {host!r}."]},
        {"state": "unsure"},
        {"action": "panic"},
        {"enhanced": ["5.7"]},
        {"weather": ["rain"]},
        {"slow": True, "action": "pause"},
        {"service": True, "action": "fail"},
        {"suppress": True},
        {"resumes_hours": 24},
        {"resumes_hours": 25, "action": "pause"},
        {"resumes_hours": 0, "action": "pause"},
        {"slow": "yes"},
        {"slow": False},
    ],
)
def test_a_wrong_row_is_refused_at_the_start(wrong):
    explanation_rows._row(ROW)
    with pytest.raises(ValueError):
        explanation_rows._row({**ROW, **wrong})


def test_a_wrong_row_names_itself():
    explanation_rows._DATA["broken"] = {"replies": [ROW, {**ROW, "who": "somebody"}]}
    try:
        with pytest.raises(ValueError, match=r"broken\.toml: \[\[replies\]\] 2 \('It failed\.'\)"):
            explanation_rows._checked("broken", "replies", explanation_rows._row)
    finally:
        del explanation_rows._DATA["broken"]


def test_two_rows_for_one_number_are_refused():
    words = explanation_rows._words({**ROW, "action": ""})
    other = explanation_rows._words({**ROW, "action": "", "what": "It failed again."})
    with pytest.raises(ValueError, match="50011 has two rows"):
        explanation_rows._keyed([[(50011, words)], [(50011, other)]])


def test_every_value_that_texts_may_mention_has_words_for_when_it_is_missing():
    assert all(PLACEHOLDERS.values())

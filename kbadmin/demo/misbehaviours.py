"""How the identity provider can be told to go wrong: one word each, for visitors on the consent page and for tests."""

from enum import StrEnum


class Misbehaviour(StrEnum):
    """What happens instead of a good answer."""

    DECLINED = "declined"
    ADMIN_APPROVAL = "admin_approval"
    WRONG_SECRET = "wrong_secret"
    EXPIRED_SECRET = "expired_secret"
    MFA_REQUIRED = "mfa_required"
    REVOKED = "revoked"
    SERVER_ERROR = "server_error"
    HTML = "html"
    SLOW = "slow"
    NO_ANSWER = "no_answer"
    REDIRECT = "redirect"
    HUGE = "huge"
    NO_REFRESH_TOKEN = "no_refresh_token"
    BAD_SIGNATURE = "bad_signature"
    WRONG_NONCE = "wrong_nonce"
    WRONG_AUDIENCE = "wrong_audience"


LABELS = {
    Misbehaviour.DECLINED: "You decline the permissions (AADSTS65004)",
    Misbehaviour.ADMIN_APPROVAL: "An administrator must approve first (AADSTS90094)",
    Misbehaviour.WRONG_SECRET: "The client secret is wrong (AADSTS7000215)",
    Misbehaviour.EXPIRED_SECRET: "The client secret has expired (AADSTS7000222)",
    Misbehaviour.MFA_REQUIRED: "Multi-factor authentication is required (AADSTS50076)",
    Misbehaviour.REVOKED: "The grant was revoked (AADSTS50173)",
    Misbehaviour.SERVER_ERROR: "The token endpoint answers 500",
    Misbehaviour.HTML: "The token endpoint answers a web page instead of JSON",
    Misbehaviour.SLOW: "The token endpoint takes half a minute",
    Misbehaviour.NO_ANSWER: "The token endpoint hangs up without an answer",
    Misbehaviour.REDIRECT: "The token endpoint redirects to another host",
    Misbehaviour.HUGE: "The token endpoint answers 50 MB",
    Misbehaviour.NO_REFRESH_TOKEN: "The answer has no refresh token",
    Misbehaviour.BAD_SIGNATURE: "The identity token has a bad signature",
    Misbehaviour.WRONG_NONCE: "The identity token belongs to another sign-in (nonce)",
    Misbehaviour.WRONG_AUDIENCE: "The identity token is for another app (audience)",
}

# On the way back from the consent page, by a redirect.
AT_CONSENT = {Misbehaviour.DECLINED: 65004, Misbehaviour.ADMIN_APPROVAL: 90094}

# The token endpoint refuses in Microsoft's JSON.
AT_TOKEN = {
    Misbehaviour.WRONG_SECRET: 7000215,
    Misbehaviour.EXPIRED_SECRET: 7000222,
    Misbehaviour.MFA_REQUIRED: 50076,
    Misbehaviour.REVOKED: 50173,
}

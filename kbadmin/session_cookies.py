"""The cookie that carries a session's token: users have one, readers another, alike in all but the name."""

from dataclasses import dataclass

from flask import Request, Response

from kbadmin import config


@dataclass(frozen=True)
class SessionCookie:
    """A cookie of this installation, for one kind of people."""

    plain_name: str

    @property
    def name(self) -> str:
        """The cookie's name. ``__Host-`` ties it to this host and to TLS; plain http cannot have that."""
        return f"__Host-{self.plain_name}" if config.current().is_https else self.plain_name

    def token_of(self, request: Request) -> str | None:
        """The token that the browser sent, if any."""
        return request.cookies.get(self.name) or None

    def give(self, response: Response, token: str, *, kept_seconds: int | None) -> None:
        """Hand the token to the browser: out of reach of scripts, not sent along with other sites' requests."""
        response.set_cookie(
            self.name,
            token,
            max_age=kept_seconds,
            secure=config.current().is_https,
            httponly=True,
            samesite="Lax",
            path="/",
        )

    def take_back(self, response: Response) -> None:
        """Have the browser forget the token and what it cached.

        Of Clear-Site-Data only "cache": "cookies" would sign the other kind of people out, "storage" forget the theme.
        """
        response.delete_cookie(self.name, path="/", secure=config.current().is_https, httponly=True, samesite="Lax")
        response.headers["Clear-Site-Data"] = '"cache"'

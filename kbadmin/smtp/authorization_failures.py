"""How an authorization can come to nothing: our word for it, and what the provider said."""

from kbadmin import clock
from kbadmin.smtp.oauth_client import ProviderFailed


class AuthorizationFailed(Exception):
    """An authorization came to nothing. ``kind`` is our word; the rest is the provider's, for explanation and IT."""

    def __init__(
        self,
        kind: str,
        *,
        error: str | None = None,
        suberror: str | None = None,
        aadsts: int | None = None,
        correlation_id: str | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.error, self.suberror, self.aadsts = error, suberror, aadsts
        self.correlation_id, self.trace_id = correlation_id, trace_id

    @classmethod
    def of(cls, failed: ProviderFailed) -> "AuthorizationFailed":
        """What a provider's failure means here."""
        return cls(
            failed.kind,
            error=failed.error,
            suberror=failed.suberror,
            aadsts=failed.aadsts,
            correlation_id=failed.correlation_id,
            trace_id=failed.trace_id,
        )

    def as_facts(self) -> dict[str, str | int | None]:
        """What is kept on the service, so that its page can explain; no tokens, no free text from outside."""
        return {
            "kind": self.kind,
            "error": self.error,
            "suberror": self.suberror,
            "aadsts": self.aadsts,
            "correlation_id": self.correlation_id,
            "trace_id": self.trace_id,
            "at": clock.now().isoformat(timespec="seconds"),
        }

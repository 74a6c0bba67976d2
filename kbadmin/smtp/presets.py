"""What choosing a provider fills in, and what its own announcements mean for a service."""

from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.providers import PROVIDERS, password_notice
from kbadmin.smtp.security import Authentication


def presets_by_provider() -> dict[str, dict[str, str]]:
    """Field values by provider, for the form: only what is still empty or a default is filled in."""
    return {
        key: {
            "host": provider.clouds["global"].smtp_host,
            "port": str(provider.port),
            "security": provider.security.value,
        }
        for key, provider in PROVIDERS.items()
    }


def retirement_notice(service: SmtpService) -> str | None:
    """What the provider announced about passwords, for services that use one there."""
    if service.authentication != Authentication.PASSWORD:
        return None
    notice = password_notice(service.host)
    return notice.text if notice else None

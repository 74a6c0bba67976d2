"""Which app and which person may use which endpoint: Microsoft's rules about tenants, as refusals.

These refusals stay on the provider's own page: without a known app and address there is nowhere safe to redirect to
(RFC 6749 §4.1.2.1).
"""

from kbadmin.demo.directory import CONSUMERS_TENANT, Audience, Directory, Person, Registration
from kbadmin.demo.refusals import Refused

SHARED = ("common", "organizations")
SMTP_SEND = "https://outlook.office.com/SMTP.Send"
GRAPH = "https://graph.microsoft.com/"
GRAPH_SCOPES = ("SMTP.Send", "Mail.Send", "Mail.Send.Shared", "User.Read")
OPENID_SCOPES = ("openid", "profile", "email", "offline_access")


def authority(directory: Directory, name: str) -> str:
    """One spelling for an endpoint's tenant, so that a domain and its id are the same authority."""
    tenant = directory.tenant(name)
    return tenant.id if tenant else name.casefold()


def admit_app(directory: Directory, tenant_name: str, client_id: str) -> Registration:
    """The registration, if it may be used at this tenant's endpoint; raises :class:`Refused`."""
    tenant = directory.tenant(tenant_name)
    if tenant is None and tenant_name.casefold() not in SHARED:
        raise Refused(90002, tenant=tenant_name)
    found = directory.registration(client_id)
    is_elsewhere = found and found.audience is Audience.SINGLE and tenant and tenant.id != found.tenant
    if found is None or (is_elsewhere and tenant and tenant.id != CONSUMERS_TENANT):
        raise Refused(700016, client=client_id, tenant=tenant.name if tenant else tenant_name)
    if tenant is None and found.audience is Audience.SINGLE:
        raise Refused(50194, client=client_id, name=found.name)
    if tenant and tenant.id == CONSUMERS_TENANT and found.audience in (Audience.SINGLE, Audience.MULTIPLE):
        raise Refused(9002332, client=client_id, name=found.name)
    if found.audience is Audience.PERSONAL and (tenant is None or tenant.id != CONSUMERS_TENANT):
        raise Refused(9002331, client=client_id, name=found.name)
    return found


def require_redirect_uri(registration: Registration, redirect_uri: str) -> None:
    """Exact comparison, as Microsoft does it; raises :class:`Refused`."""
    if redirect_uri not in registration.redirect_uris:
        raise Refused(50011, redirect_uri=redirect_uri, client=registration.client_id)


def admit_person(directory: Directory, tenant_name: str, registration: Registration, person: Person) -> None:
    """Whether this person may sign in here to this app; raises :class:`Refused`."""
    tenant = directory.tenant(tenant_name)
    is_personal = person.tenant == CONSUMERS_TENANT
    if tenant and person.tenant != tenant.id:
        home = "live.com" if is_personal else f"https://sts.windows.net/{person.tenant}/"
        raise Refused(50020, user=person.username, home=home, tenant=tenant.name, client=registration.client_id)
    if is_personal and (tenant_name.casefold() == "organizations" or registration.audience is Audience.MULTIPLE):
        raise Refused(500208)


def require_known_scopes(registration: Registration, scope: str) -> None:
    """Every scope must exist on its resource; a bare name means Microsoft Graph. Raises :class:`Refused`."""
    known = {SMTP_SEND, *OPENID_SCOPES, *GRAPH_SCOPES, *(GRAPH + name for name in GRAPH_SCOPES)}
    for name in scope.split():
        if name not in known:
            raise Refused(650053, name=registration.name, scope=name)


def resource_scopes(scope: str) -> list[str]:
    """The scopes that name a resource, in full."""
    return [GRAPH + name if name in GRAPH_SCOPES else name for name in scope.split() if name not in OPENID_SCOPES]


def require_one_resource(scope: str) -> None:
    """The token endpoint gives tokens for one resource at a time; raises :class:`Refused`."""
    if len({name.rpartition("/")[0] for name in resource_scopes(scope)}) > 1:
        raise Refused(28000)

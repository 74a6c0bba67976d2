"""What touches the world has one named place: sockets, secrets, addresses in links, the demo.

Each list below is the whole truth. Whoever adds to one says in the commit why no listed place would do.
"""

import ast

from tests.house.source import dotted, modules, modules_that_call

# Where a secret is taken out of its wrapper: the lines that hand it to a server, seal it, or compare it.
REVEALS = {
    "delivery.running_tests",
    "demo.authorization_server",
    "demo.mail_session",
    "demo.sample",
    "encryption",
    "installation",
    "smtp.authorization",
    "smtp.grants",
    "smtp.identity",
    "smtp.oauth_client",
    "smtp.sign_in",
    "subscriptions.people",
}
# Names that open, accept or resolve; the demo listens on loopback.
OPENS = {"socket.socket", "socket.create_connection", "socket.create_server", "socket.getaddrinfo"}
HOST_OF_THE_REQUEST = {f"request.{name}" for name in ("host", "host_url", "url_root", "root_url", "base_url", "url")}
OPENERS = {"smtp.addresses": {"socket.socket", "socket.getaddrinfo"}}


def test_secrets_are_revealed_in_few_places():
    assert modules_that_call("reveal") == REVEALS


def test_one_module_opens_sockets_to_hosts_that_customers_chose():
    found: dict[str, set[str]] = {}
    for module in modules():
        for called, _ in module.calls():
            if called in OPENS and not module.name.startswith("demo."):
                found.setdefault(module.name, set()).add(called)
    assert found == OPENERS


def test_nobody_uses_a_mail_client_or_raw_urls_of_the_standard_library():
    forbidden = ("smtplib", "urllib.request", "http.client", "ftplib", "telnetlib", "asyncio.open_connection")
    found = {m.name for m in modules() for name in m.imports() if name.startswith(forbidden)}
    assert found - {"demo.command"} == set()  # The demo asks itself whether its first page answers.


def test_links_never_come_from_the_host_header():
    # Only KBADMIN_BASE_URL may stand in a link: a forged Host header would otherwise lead readers elsewhere.
    found = []
    for module in (module for module in modules() if not module.name.startswith("demo")):
        for called, call in module.calls():
            if called.endswith("url_for") and any(keyword.arg == "_external" for keyword in call.keywords):
                found.append(f"{module.name}: url_for(_external)")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and dotted(node) in HOST_OF_THE_REQUEST:
                found.append(f"{module.name}: {dotted(node)}")
    assert found == []


def test_only_the_command_line_knows_the_demo():
    found = {
        module.name
        for module in modules()
        for name in module.imports()
        if name.startswith("kbadmin.demo") and not module.name.startswith("demo")
    }
    assert found <= {"cli"}


def test_nobody_runs_programs_or_text_as_code():
    imports = {m.name for m in modules() for name in m.imports() if name.split(".")[0] in ("subprocess", "pickle")}
    calls = {m.name for m in modules() for called, _ in m.calls() if called in ("eval", "exec", "os.system")}
    assert imports - {"demo.command", "postgresql_programs"} == set()  # pg_dump and its like have no other door.
    assert calls == set()


def test_nobody_swallows_every_error():
    # `except Exception` without a word to the log or a raise hides what happened.
    silent = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not any(isinstance(inner, ast.Raise | ast.Call) for part in node.body for inner in ast.walk(part))
    ]
    assert silent == []

"""What people paste and attackers try, field by field, with words of the sentence that each must get."""

from kbadmin.demo.directory import READY_CLIENT_ID
from tests.world import CLIENT_SECRET, MAILBOX

OTHER_GUID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
GENERAL = {
    "Friendly Name": "Mail", "SMTP Host": "smtp.example.com", "Port": "587", "Send From Address": MAILBOX,
    "Reply To Address": "", "Send From Name": "",
}  # fmt: skip
OAUTH = {"Login Email": MAILBOX, "Client ID": READY_CLIENT_ID, "Client Secret": CLIENT_SECRET, "Tenant ID": ""}

HOSTS = {
    "": "Enter the SMTP host",
    "   ": "Enter the SMTP host",
    "a" * 250 + ".com": "letters, digits",
    ".".join(["abcdefg"] * 33): "too long",
    **dict.fromkeys(["localhost", "db", "redis"], "complete host name"),
    **dict.fromkeys(["localhost.", "LOCALHOST"], "complete host name"),
    **dict.fromkeys(["127.1", "2130706433", "0x7f.1", "017700000001"], "not an IP address"),
    **dict.fromkeys(["①②⑦.⓪.⓪.①", "127。0。0。1", "ⓛocalhost"], "host name"),
    **dict.fromkeys(["::1", "::ffff:127.0.0.1", "169.254.169.254", "100.100.100.200", "8.8.8.8"], "not an IP address"),
    **dict.fromkeys(["[::1]", "fe80::1%eth0"], "not an"),
    "fd00:ec2::254": "not an IP address",
    "smtp.example.com:25": "port has a field of its own",
    "http://smtp.example.com": "without http://",
    "user@smtp.example.com": "without a user name",
    "smtp.example.com/..": "without a path",
    "127.0.0.1\x00.example.com": "invisible character",
    "smtp.example\r\nEHLO a": "line break",
    "smtp.example.com\u202e": "invisible character",
    **dict.fromkeys(["metadata.google.internal", "printer.local", "x.onion"], "that the Internet knows"),
    "*.example.com": "not a pattern",
}
DIGITS = "Enter a port as digits, such as 587."
PORTS = {
    **dict.fromkeys(["22", "80", "443", "3306", "6379", "9200"], "is not allowed"),
    **dict.fromkeys(["٥٨٧", "５８７", "5_87", "+587", "587.0", "1e3", "0x24b", "587;"], DIGITS),
    **dict.fromkeys(["", "0", "65536", "9" * 5000], DIGITS),
}
ONE = "Enter one address only."
ADDRESSES = {
    **dict.fromkeys(["a@b", "@b.com", "a@@b.com", '"a\\"@x"@b.com', "plain"], "Enter an e-mail address"),
    **dict.fromkeys(["a@example.com, c@example.com", "a@example.com;c@example.com"], ONE),
    "a@example.com\nBcc: x@example.com": "line break",
    "a" * 65 + "@example.com": "at most 64 characters",
    "a@" + ".".join(["b" * 60] * 4) + ".example.com": "too long",
    "Name <a@example.com>": "address only",
}
NAMES = {
    "=?utf-8?q?x=0D=0ABcc:_e@e?=": "encoded word",
    "x\r\nBcc: e@example.com": "line break",
    "x" * 500: "120 characters",
    "x\u202ey": "invisible character",
}
CLIENT_IDS = {
    "": "Enter the Application (client) ID",
    "not-a-guid": "36 letters, digits",
    "x" * 10_000: "36 letters, digits",
    READY_CLIENT_ID[:18] + "\n" + READY_CLIENT_ID[18:]: "36 letters, digits",
}
SECRETS = {
    "": "Enter the client secret",
    "••••••••": "dots",
    "********": "dots",
    "abc" + "*" * 20: "dots",
    OTHER_GUID: "looks like the Secret ID",
    OTHER_GUID.upper(): "looks like the Secret ID",
    "first\nsecond": "without line breaks",
    "x" * 1001: "without line breaks",
}
TENANTS = {
    READY_CLIENT_ID: "Client ID again",
    READY_CLIENT_ID.upper(): "Client ID again",
    "common": "not a tenant",
    **dict.fromkeys(
        [
            "../../x",
            "evil.com/",
            "%2e%2e/",
            "common?x=",
            "@evil",
            "\\evil",
            "٧٢f988bf",
            "evil.com:443",
            "a b.com",
            "http://evil.com",
            OTHER_GUID + "\nx",
            "evil.com#",
            "..",
            "localhost",
        ],
        "Directory (tenant) ID",
    ),
}

#: Fields whose wrong values can be tried together, for none of them excuses another.
TOGETHER = [
    {
        "SMTP Host": HOSTS, "Port": PORTS, "Send From Address": {"": "Enter the address", **ADDRESSES},
        "Reply To Address": ADDRESSES, "Send From Name": NAMES,
        "Friendly Name": {"": "Enter a name", "   ": "Enter a name", **NAMES},
    },
    {"Login Email": {"": "Enter the mailbox", **ADDRESSES}, "Client Secret": SECRETS, "Tenant ID": TENANTS},
    {"Client ID": CLIENT_IDS},
]  # fmt: skip

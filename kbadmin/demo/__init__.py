"""The outside world on one machine: a mail server, its Mailbox page and an identity provider.

They speak the real protocols (SMTP with STARTTLS and XOAUTH2, Microsoft's OAuth 2.0 paths), so that the product's own
code runs unchanged against them, in ``kbadmin demo`` and in the tests. Everything binds loopback only.
Nothing of the product imports this room; ``create_app`` never registers it.
"""

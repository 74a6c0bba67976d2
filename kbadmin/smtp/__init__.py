"""An account's SMTP services: what it sends e-mail through, how it signs in there, and if that works.

Here live the services and their pages, the authorization with an identity provider, the addresses we are
willing to connect to and the conversation with a mail server. The queue of messages is in
:mod:`kbadmin.outbox`; carrying them, with limits and retries, is in :mod:`kbadmin.delivery`.
"""

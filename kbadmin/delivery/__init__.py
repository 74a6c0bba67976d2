"""Handing messages to mail servers: test e-mails with their steps, and the queue of the outbox.

What is sent is decided elsewhere and waits in the outbox; how a server is spoken to is ``smtp``'s subject.
"""

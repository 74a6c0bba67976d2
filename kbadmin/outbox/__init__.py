"""The outbox: every e-mail of the product is a row here first, in the same transaction as its cause.

Low in the house, so that every room may send. Handing messages to a mail server is ``delivery``'s subject.
"""

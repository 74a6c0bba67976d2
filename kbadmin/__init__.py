"""kbadmin: knowledge bases whose reader e-mail leaves through the company's own mail server.

A Flask application in rooms, one for each thing a customer can name (accounts, users, smtp, …).
Start reading at :mod:`kbadmin.app`; the map of the house is in ``docs/architecture.md``.
"""

__version__ = "0.1.0"

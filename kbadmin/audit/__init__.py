"""The audit log: who did what to which thing, and which requests were refused. Never a secret.

Every room above writes here through :func:`kbadmin.audit.operations.record`; owners read it.
"""

"""Readers: the people who read an account's knowledge bases, their groups, and the e-mails they get for it.

They are a population of their own: a reader never signs in to the admin, and a user is no reader. Signing in to the
portal is the room ``portal``.
"""

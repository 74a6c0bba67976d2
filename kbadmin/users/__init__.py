"""People who sign in to the admin: who they are, what they are in each account, and their sessions.

A user is a person, unique by e-mail over the installation; a membership is what that person is in one account.
Readers, who sign in to the portal only, are another population and live in ``readers``.
"""

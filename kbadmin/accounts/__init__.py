"""The customer: an account, its name and time zone, and how one is opened.

The people of an account live in ``users``; what an account owns lives in the rooms above.
"""

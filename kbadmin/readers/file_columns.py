"""What the columns of a file of readers are called: in files that we write, and in those that people bring."""

from kbadmin.readers.keys import key

EMAIL, FIRST_NAME, LAST_NAME = "E-mail Address", "First Name", "Last Name"
FURTHER = ["Status", "Groups", "May Open", "Added At", "Last Signed In At"]  # written only
#: How the columns may be called, besides what our own files call them.
_ALSO = {
    "email": ("email", "e-mail", "email address", "mail"),
    "first_name": ("firstname", "given name", "forename"),
    "last_name": ("lastname", "surname", "family name"),
}
_OURS = {"email": EMAIL, "first_name": FIRST_NAME, "last_name": LAST_NAME}
#: The columns by what they may be called, as it is compared.
BY_NAME = {name: column for column, label in _OURS.items() for name in (key(label), *_ALSO[column])}
_TAKEN = BY_NAME.keys() | {key(label) for label in FURTHER}


def is_taken(label: str) -> bool:
    """Whether a column of ours is called so: a field of that label would stand in files twice, and none be read."""
    return key(label) in _TAKEN

"""What is said of digests that do not leave, or leave late: in the history of runs and on the command line."""

NOT_SET_UP = "No SMTP service is chosen. Choose one in the subscription settings."
NOT_USABLE = "The SMTP service {name} cannot be used: it {state}. Choose another one, or have it put right."
STATES = {"needs_authorizing": "needs authorizing", "disabled": "is disabled"}
OFF = "Subscriptions are off. Turn them on in the subscription settings."
PAUSED = "Digests are paused. Resume them in the subscription settings."
ARCHIVED = "The knowledge base is archived."
NO_DAYS = "No weekday is chosen. Choose one in the subscription settings."
MISSED = "kbadmin was not running at that time. What was new is in the next digest."
LATE = "Sent late: kbadmin was not running at the planned time."
NOTHING_LEFT = "Nothing left that this reader may see."
TOO_LATE = "It was too late to be of use."

"""Reader e-mails: which way they leave, what becomes of them when it is blocked, and welcomes."""

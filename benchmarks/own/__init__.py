"""kbadmin's own part: an installation with one account and one SMTP service, its queue, its claims, its pages."""

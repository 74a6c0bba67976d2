"""Test e-mails and the platform queue, through pages, the real engine and real mail servers."""

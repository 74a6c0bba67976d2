"""Tests of kbadmin.smtp, file by file."""

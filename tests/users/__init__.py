"""Tests of kbadmin.users, subject by subject."""

"""Tests of kbadmin.accounts."""

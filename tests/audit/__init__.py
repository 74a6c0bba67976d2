"""Tests of kbadmin.audit."""

"""Tests: sentences about what a person or a mail server would see. CONTRIBUTING.md says how to run them."""

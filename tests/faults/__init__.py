"""The fault matrix: what may break while mail is sent, each row tried with real processes and measured.

``pytest tests/faults`` tries every row in small; ``python -m tests.faults`` in full, and writes the figures down.
"""

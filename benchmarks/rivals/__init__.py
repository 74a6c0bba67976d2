"""What one would take instead of kbadmin: a program each, run in a virtual environment of its own.

A program is called twice: ``prepare`` fills its queue, ``deliver`` works it off. What it needs to know stands in the
environment (``ground.py``). Standard library and the rival only: kbadmin is not installed there.
"""

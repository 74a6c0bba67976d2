"""The command line, run as an operator runs it: a process, its output, its status."""

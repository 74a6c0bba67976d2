"""How fast kbadmin sends, beside what one would take instead. ``python -m benchmarks``; read README.md first."""

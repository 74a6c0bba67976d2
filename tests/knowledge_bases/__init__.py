"""The room of knowledge bases: created, set up, archived, and who works in which of them."""

"""What goes into the outbox, as the bytes that leave it."""

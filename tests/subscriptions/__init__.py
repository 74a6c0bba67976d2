"""The room of subscriptions: when a digest is due, what is in it, who gets which, and what becomes of it."""

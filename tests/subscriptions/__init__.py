"""Subscriptions: who hears of a knowledge base by e-mail, and who does not."""

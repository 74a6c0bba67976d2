"""Who hears about a knowledge base by e-mail, of what, and when."""

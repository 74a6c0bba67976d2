"""The portal: who gets in, what they read, find and see, how they sign in, and what is never shown."""

"""Who people are, how they sign in, and their one calendar."""

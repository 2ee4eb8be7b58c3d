"""Tasks: five lines each, and every decision elsewhere."""

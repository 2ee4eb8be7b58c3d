"""From acts to figures on the Sustainable Development Goals. A listener: it knows only messages."""

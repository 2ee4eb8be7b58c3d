"""What the house tells people, in their language, by the channels they have. A listener: it knows only messages."""

"""The governorate as a place: its blocks and its working time."""

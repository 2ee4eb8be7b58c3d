"""The integrity channel: whoever knows of wrongdoing says so without a name, and returns with a code.

Nothing ties a report to whoever sent it: no account, no address, no remembered answer. What is said is sealed with
a master key of its own, and read by the integrity officer alone.
"""

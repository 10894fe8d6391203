"""A user's project: its settings, the scaffold it was made with, changes to its code, and upgrades."""

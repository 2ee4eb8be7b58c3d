"""What every feature stands on: no feature, no Flask."""

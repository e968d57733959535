"""One file per question a caller asks."""

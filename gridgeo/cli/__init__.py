"""The commands: one file per kind of work, one service called by each."""

from gridgeo.cli.app import app, main

__all__ = ["app", "main"]

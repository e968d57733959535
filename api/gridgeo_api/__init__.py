"""The HTTP face of gridgeo: thin routes over published layers."""

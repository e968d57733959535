"""The same analyses past one machine: on the workers of a Dask cluster.

Points never travel: workers read them from a storage that all of them see, and write their answers
there. What travels is the grids, once, and figures. Whatever a worker held can be made again by
another from what the scheduler knows, so that a lost worker loses nothing.
"""

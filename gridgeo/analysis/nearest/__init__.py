"""The polygon nearest to a point that lies in none, to the bit as GEOS measures it.

*Rings* are the borders as they were drawn: GEOS's distance to an edge depends in its last bit on
the way the edge is walked, so a border that two polygons share is kept twice. An edge is two
vertices that follow each other, so this takes no more memory than the distinct segments would.

A *leaf* is up to 8 edges in a row with their box. The *tree* over the leaves is packed: leaves
stand in strips, up one and down the next; 8 in a row make a block, and 8 blocks the block above. A
search goes down from the root, nearest box first, and leaves out what is farther away than the best
edge so far. Points are asked in an order in which neighbours follow each other: the edge nearest
to the one before is a good first guess, and what it needs is in the cache.

Boxes are a little wider than their edges, by more than the rounding of GEOS's formula, and every
edge that may be nearest, or as near, is measured by that very formula. So the answer is that of
measuring everything: of the least distance the first polygon.

Numba's disk cache looks at a kernel's own file only: whoever changes a function that another
file's kernel calls must delete ``__pycache__/*.nb*`` in this folder.
"""

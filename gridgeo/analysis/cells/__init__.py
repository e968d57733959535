"""The cell index behind ``GridIndex``: which polygon covers a point, exactly, at memory speed.

Meaning, for valid and invalid polygons alike: polygon k covers q when q lies on one of its
segments, or when a ray from q crosses its rings (shells, holes, all parts together) an odd
number of times. GEOS's prepared predicates mean the same. The orientation of rings is never used.

A *label* is position + 1; 0 is "no polygon". The plane is cut into a lattice of square top
cells; a top cell that segments touch is cut into a *block* of 2^k x 2^k sub cells, and a sub cell
where very many crowd into a block of its own, so that a town is answered fast although one grid
lies a thousand kilometres away:

==================== ============================================================================
code of a cell       meaning
==================== ============================================================================
≥ 0                  label of every point of the cell
< 0, in ``top``      the cell is divided; −(code + 1) is its block: (offset in ``sub`` / 16) · 8 + k
< 0, in ``sub``      the last two bits of −(code + 1) say what the others are: a segment
                     (``LOW_LEFT``, ``LOW_RIGHT``), an offset in ``records``, or a block
==================== ============================================================================

Segments stand once in ``table``, each with its lowest owner and what crossing it changes; all
else points to them. Of the cells that segments touch, two thirds are cut in two by one segment
that ends outside: there the side of its line on which a point lies is the answer.

A record answers by walking from the point to the cell's *anchor*, its lower right corner: right
along y to the cell's right side, the *wall*, then down the wall. Every segment crossed on the
way toggles who covers. A segment crosses a wall at most once, so its ``side`` says how:
``CLEAR`` (never), ``RISES_RIGHT`` or ``RISES_LEFT``. Cells are taken a little wider than they
are, by more than the rounding of finding the cell of a point.

A *clean* record belongs to a cell no open part of which lies inside two polygons, so one label
is carried along; every distinct segment stands in it once. A *dirty* record keeps the candidate
polygons apart, in ascending order, and the first that covers the point is the answer. Whether a
cell is clean is decided by an exact sweep.

Numba's disk cache looks at a kernel's own file only: whoever changes a function that another
file's kernel calls must delete ``__pycache__/*.nb*`` in this folder. Kernels that call themselves
crash when they are loaded from that cache.
"""

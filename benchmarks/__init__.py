"""Side-by-side measurements against peers; a timing here never decides a test."""

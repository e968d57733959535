"""The only SQL: an embedded PostGIS, tables, migrations, rows in and out, row security."""

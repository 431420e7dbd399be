"""The tables of the first schema, a page for each part of it. They stay as they are: what changes later is a revision of its own."""

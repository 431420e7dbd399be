"""RSS and Atom: asks a stranger's server for a feed, and reads what it answers. Neither is trusted in anything."""

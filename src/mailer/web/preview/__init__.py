"""The preview: a campaign before anybody gets it, as each of them would get it. Nothing here can send or make a database."""

"""Telling a person, by mail and at one web address, that something waits for them. `storage/alerts.py` keeps what is to be told."""

"""The demo: the example project, from its files to mail in an inbox, on this machine alone.

stage   what is running: site, inbox, worker, scheduler over a copy of the project
play    what happens there, act by act, through the same functions as the commands
story   what is told about it, on the terminal and beside the inbox
"""

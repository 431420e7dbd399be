"""What carries messages: one file for each way, `smtp_*.py` the parts of one. They know the contract and nothing above."""

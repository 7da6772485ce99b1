"""A study on the disk: its store while it goes on, its page and numbers when it is done."""

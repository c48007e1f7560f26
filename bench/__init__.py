"""What has to stay fast, measured: `make bench`. A module a subject; each lists its LINES, and `__main__` names the modules."""

"""What Prometheus reads at `/metrics`: `requests` are counted in this process, `figures` come from the database."""

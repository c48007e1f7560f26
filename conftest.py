"""The test run's own PostgreSQL and Valkey: started before the first test that needs them, stopped after the last."""

from tests.servers import django_db_setup, pytest_collection_finish, pytest_unconfigure

__all__ = ["django_db_setup", "pytest_collection_finish", "pytest_unconfigure"]

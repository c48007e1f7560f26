"""Forms made of what a tool declares: fields with the types of its arguments, and what is wrong said at each."""

from approvals.deciding.forms.typed import Field, Read, again, fields_of, read

__all__ = ["Field", "Read", "again", "fields_of", "read"]

"""The schema of the API (OpenAPI 3.1), as drf-spectacular walks its addresses."""

from drf_spectacular.drainage import error
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from controlplane.openapi import building, calls, codes
from controlplane.openapi.building import HEADERS
from controlplane.openapi.shapes import SHAPES

PREFIX = "/api/v1/"


class DeclaredSchema(AutoSchema):
    """Finds the operation of a view in the table of calls. A view that isn't there is an error of the schema."""

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        """Return the declared operation."""
        call = calls.CALLS.get((method, path.removeprefix(PREFIX)))
        if call is None:
            error(f"{method} {path} isn't declared: add it to controlplane/openapi/calls.py")
            return None
        return building.operation(method, path, call, codes.catalogue())


class Generator(SchemaGenerator):
    """Walks the addresses, and gives each view the schema that it goes without until then."""

    def create_view(self, callback, method, request=None):
        """Return the view of an address, with its schema."""
        view = super().create_view(callback, method, request)
        view.schema = DeclaredSchema()
        return view


def complete(result: dict, generator, request, public) -> dict:
    """Add what operations refer to: shapes, headers, and how one shows who one is."""
    result["components"] = {
        "schemas": SHAPES,
        "headers": {name: {"schema": schema} for name, schema in HEADERS.items()},
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "an agent's or a client's; never decides"},
            "session": {"type": "apiKey", "in": "cookie", "name": "countersign_session"},
            "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
        },
    }
    return result

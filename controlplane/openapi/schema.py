"""The schema of the API (OpenAPI 3.1), as drf-spectacular walks its addresses."""

from drf_spectacular.drainage import error
from drf_spectacular.openapi import AutoSchema

PREFIX = "/api/v1/"

# The framework reads this module while the views are being made, and the table of calls is made of the views: it is
# imported when the schema is asked for.


class DeclaredSchema(AutoSchema):
    """Finds the operation of a view in the table of calls. A view that isn't there is an error of the schema."""

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        """Return the declared operation."""
        from controlplane.openapi import building, calls, codes

        call = calls.CALLS.get((method, path.removeprefix(PREFIX)))
        if call is None:
            error(f"{method} {path} isn't declared: add it to controlplane/openapi/calls.py")
            return None
        return building.operation(method, path, call, codes.catalogue())


def complete(result: dict, generator, request, public) -> dict:
    """Add what operations refer to: shapes, headers, and how one shows who one is."""
    from controlplane.openapi.building import HEADERS
    from controlplane.openapi.shapes import SHAPES

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

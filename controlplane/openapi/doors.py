"""Where the schema and its page are: open to everybody, the same for everybody, made once a process."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from controlplane.openapi import reading

_WRITTEN = {
    "json": (OpenApiJsonRenderer, "application/vnd.oai.openapi+json"),
    "yaml": (OpenApiYamlRenderer, "application/vnd.oai.openapi"),
}


@cache
def document() -> dict:
    """Return the schema as plain data: the addresses are known when the process starts, and don't change."""
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def _written(form: str) -> bytes:
    return _WRITTEN[form][0]().render(document(), renderer_context={})


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """`GET /api/schema/`: OpenAPI 3.1, as JSON for whoever asks for that (`?format=json`, Accept), else as YAML."""
    wanted = request.GET.get("format") or ("json" if "json" in request.headers.get("Accept", "") else "yaml")
    form = wanted if wanted in _WRITTEN else "yaml"
    return HttpResponse(_written(form), content_type=f"{_WRITTEN[form][1]}; charset=utf-8")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """`GET /api/docs/`: the same for people, and every code of a problem."""
    return render(request, "api_docs.html", {"docs": reading.of(document())})

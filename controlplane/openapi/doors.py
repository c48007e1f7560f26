"""Where the schema and its page are: open to everybody, the same for everybody, made once a process."""

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

_MEDIA = {"json": "application/vnd.oai.openapi+json", "yaml": "application/vnd.oai.openapi"}

# What makes the schema is loaded when somebody asks for it first: it takes room, and few ever do.


@cache
def document() -> dict:
    """Return the schema as plain data: the addresses are known when the process starts, and don't change."""
    from controlplane.openapi.schema import Generator

    return Generator().get_schema(request=None, public=True)


@cache
def _written(form: str) -> bytes:
    from drf_spectacular import renderers

    made = {"json": renderers.OpenApiJsonRenderer, "yaml": renderers.OpenApiYamlRenderer}[form]
    return made().render(document(), renderer_context={})


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """`GET /api/schema/`: OpenAPI 3.1, as JSON for whoever asks for that (`?format=json`, Accept), else as YAML."""
    wanted = request.GET.get("format") or ("json" if "json" in request.headers.get("Accept", "") else "yaml")
    form = wanted if wanted in _MEDIA else "yaml"
    return HttpResponse(_written(form), content_type=f"{_MEDIA[form]}; charset=utf-8")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """`GET /api/docs/`: the same for people, and every code of a problem."""
    from controlplane.openapi import reading

    return render(request, "api_docs.html", {"docs": reading.of(document())})

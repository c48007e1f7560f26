"""The product's addresses and the floor's."""

from django.urls import path
from rest_framework.decorators import api_view

from bench.floor import take
from controlplane.urls import *  # noqa: F403
from controlplane.urls import urlpatterns as product

urlpatterns = [path("floor/", api_view(["POST"])(take)), *product]

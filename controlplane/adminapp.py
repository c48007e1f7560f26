"""Django's admin with our own front page and overviews."""

from django.contrib.admin.apps import AdminConfig as Stock


class AdminConfig(Stock):
    default_site = "controlplane.adminsite.Site"

"""Every address of the product."""

from allauth.account import views as account
from django.contrib import admin
from django.urls import include, path

from agents import api as agents_api
from agents import api_policies
from approvals import api as approvals_api
from controlplane import health, problems

api = [
    path("actions/", agents_api.propose, name="api-propose"),
    path("actions/<uuid:action_id>/", agents_api.action, name="api-action"),
    path("actions/<uuid:action_id>/decisions/", approvals_api.decide, name="api-decide"),
    path("queue/", approvals_api.queue, name="api-queue"),
    path("policies/validate/", api_policies.validate, name="api-validate-policy"),
]

# Only these of allauth's pages: people can't sign up or reset a password by themselves.
accounts = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include(api)),
    path("accounts/", include(accounts)),
    # Django's way from an object of the admin to its page on the site: ours have none, and odd ids broke it.
    path("admin/r/<path:rest>", problems.not_found),
    path("admin/", admin.site.urls),
    path("", include("approvals.urls")),
]

handler404 = "controlplane.problems.not_found"
handler500 = "controlplane.problems.server_error"

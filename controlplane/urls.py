"""Every address of the product."""

from allauth.account import views as account
from django.contrib import admin
from django.urls import include, path

from agents.rest import actions, agents, policies, runs
from approvals.rest import deciding, decisions, dossiers, queue, record, search, staffing
from controlplane import health, own_sessions, problems
from controlplane.metrics.door import metrics
from controlplane.openapi import doors
from controlplane.reauthentication import reauthenticate

api = [
    path("actions/", actions.collection, name="api-propose"),
    path("actions/<uuid:action_id>/", actions.action, name="api-action"),
    path("actions/<uuid:action_id>/withdraw/", actions.withdraw, name="api-withdraw-action"),
    path("actions/<uuid:action_id>/decision/", actions.decision, name="api-decision"),
    path("actions/<uuid:action_id>/decisions/", decisions.decide, name="api-decide"),
    path("actions/<uuid:action_id>/passkey-challenge/", decisions.passkey_challenge, name="api-passkey-challenge"),
    path("actions/<uuid:action_id>/decisions/<int:decision_id>/withdraw/", deciding.withdraw, name="api-withdraw"),
    path("actions/<uuid:action_id>/questions/", deciding.questions, name="api-questions"),
    path("actions/<uuid:action_id>/answer/", deciding.answer, name="api-answer"),
    path("actions/<uuid:action_id>/revisions/", deciding.revise, name="api-revise"),
    path("actions/<uuid:action_id>/renew/", deciding.renew, name="api-renew"),
    path("actions/<uuid:action_id>/undo/", deciding.undo, name="api-undo"),
    path("decisions/", deciding.decide_together, name="api-decide-together"),
    path("actions/<uuid:action_id>/handover/", deciding.hand_on, name="api-hand"),
    path("actions/<uuid:action_id>/handover/answer/", deciding.answer_handover, name="api-answer-handover"),
    path("actions/<uuid:action_id>/escalate/", staffing.escalate, name="api-escalate"),
    path("absences/", staffing.collection, name="api-absences"),
    path("absences/<int:absence_id>/", staffing.absence, name="api-absence"),
    path("actions/<uuid:action_id>/claim/", queue.claim, name="api-claim"),
    path("actions/<uuid:action_id>/release/", queue.release, name="api-release"),
    path("queue/", queue.queue, name="api-queue"),
    path("search/", search.search, name="api-search"),
    path("actions/<uuid:action_id>/dossier/", dossiers.of_action, name="api-action-dossier"),
    path("runs/<uuid:run_id>/dossier/", dossiers.of_run, name="api-run-dossier"),
    path("agents/<slug:slug>/dossier/", dossiers.of_agent, name="api-agent-dossier"),
    path("people/<str:username>/dossier/", dossiers.of_person, name="api-person-dossier"),
    path("runs/", runs.collection, name="api-runs"),
    path("runs/<uuid:run_id>/", runs.run, name="api-run"),
    path("runs/<uuid:run_id>/cancel/", runs.cancel, name="api-cancel-run"),
    path("runs/<uuid:run_id>/outcome/", runs.outcome, name="api-run-outcome"),
    path("runs/<uuid:run_id>/resume/", runs.resume, name="api-resume-run"),
    path("runs/<uuid:run_id>/stop/", runs.stop, name="api-stop-run"),
    path("agents/", agents.collection, name="api-agents"),
    path("agents/<slug:slug>/", agents.agent, name="api-agent"),
    path("agents/<slug:slug>/stop/", agents.stop, name="api-stop-agent"),
    path("agents/<slug:slug>/resume/", agents.resume, name="api-resume-agent"),
    path("agents/<slug:slug>/readiness/", agents.ready, name="api-readiness"),
    path("audit/events/", record.events, name="api-events"),
    path("policies/validate/", policies.validate, name="api-validate-policy"),
]

# Only these of allauth's pages: people can't sign up or reset a password by themselves.
accounts = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", reauthenticate, name="account_reauthenticate"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/", include(api)),
    path("api/schema/", doors.schema, name="api-schema"),
    path("api/docs/", doors.page, name="api-docs"),
    path("accounts/", include(accounts)),
    path("preferences/sessions/", own_sessions.sessions_page, name="own-sessions"),
    path("preferences/sessions/end/", own_sessions.end_one, name="end-session"),
    path("preferences/sessions/end-others/", own_sessions.end_others, name="end-other-sessions"),
    # Django's way from an object of the admin to its page on the site: ours have none, and odd ids broke it.
    path("admin/r/<path:rest>", problems.not_found),
    path("admin/", admin.site.urls),
    path("", include("approvals.urls")),
]

handler400 = "controlplane.problems.bad_request"
handler404 = "controlplane.problems.not_found"
handler500 = "controlplane.problems.server_error"

"""The pages of the desk."""

from django.urls import path

from approvals import views, views_runs, views_stops

urlpatterns = [
    path("queue/", views.queue_page, name="queue"),
    path("", views.queue_page, name="queue"),  # the last of a name is what reverse() answers
    path("actions/<uuid:action_id>/", views.action_page, name="action"),
    path("actions/<uuid:action_id>/decide/", views.decide, name="decide"),
    path("actions/<uuid:action_id>/outcome/", views.state_outcome, name="state-outcome"),
    path("decisions/", views.decisions_page, name="decisions"),
    path("decisions/<int:decision_id>/", views.receipt_page, name="receipt"),
    path("runs/", views_runs.runs_page, name="runs"),
    path("runs/<uuid:run_id>/", views_runs.run_page, name="run"),
    path("runs/<uuid:run_id>/live/", views_runs.run_live, name="run-live"),
    path("runs/<uuid:run_id>/stop/", views_runs.stop_run, name="stop-run"),
    path("runs/<uuid:run_id>/resume/", views_runs.resume_run, name="resume-run"),
    path("runs/<uuid:run_id>/cancel/", views_runs.cancel_run, name="cancel-run"),
    path("runs/<uuid:run_id>/seen/", views_runs.see_run, name="see-run"),
    path("agents/", views.agents_page, name="agents"),
    path("agents/<slug:slug>/", views.agent_page, name="agent"),
    path("agents/<slug:slug>/policy/", views.policy_page, name="policy"),
    path("agents/<slug:slug>/stop/", views.stop_agent, name="stop-agent"),
    path("agents/<slug:slug>/resume/", views.resume_agent, name="resume-agent"),
    path("agents/<slug:slug>/tool/stop/", views_stops.stop_tool, name="stop-tool"),
    path("agents/<slug:slug>/tool/resume/", views_stops.resume_tool, name="resume-tool"),
    path("everything/stop/", views_stops.stop_everything, name="stop-everything"),
    path("everything/resume/", views_stops.resume_everything, name="resume-everything"),
    path("incidents/", views_stops.incidents_page, name="incidents"),
    path("incidents/close/", views_stops.close_incident, name="close-incident"),
    path("policies/", views.policies_page, name="policies"),
]

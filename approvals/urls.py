"""The pages of the desk."""

from django.urls import path

from approvals import views

urlpatterns = [
    path("queue/", views.queue_page, name="queue"),
    path("", views.queue_page, name="queue"),  # the last of a name is what reverse() answers
    path("actions/<uuid:action_id>/", views.action_page, name="action"),
    path("actions/<uuid:action_id>/decide/", views.decide, name="decide"),
    path("actions/<uuid:action_id>/outcome/", views.state_outcome, name="state-outcome"),
    path("decisions/", views.decisions_page, name="decisions"),
    path("decisions/<int:decision_id>/", views.receipt_page, name="receipt"),
    path("agents/", views.agents_page, name="agents"),
    path("agents/<slug:slug>/", views.agent_page, name="agent"),
    path("agents/<slug:slug>/policy/", views.policy_page, name="policy"),
    path("agents/<slug:slug>/stop/", views.stop_agent, name="stop-agent"),
    path("agents/<slug:slug>/resume/", views.resume_agent, name="resume-agent"),
    path("policies/", views.policies_page, name="policies"),
]

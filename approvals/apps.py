from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = "Approvals"

    def ready(self):
        from agents.actions import attending
        from approvals.attending import clocks, escalating, forgetting

        attending.register(
            attending.Desk(
                climb=escalating.climb,
                why_late=clocks.why_late,
                unanswered=clocks.unanswered,
                forget=forgetting.forget,
            )
        )

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Agents"

    def ready(self):
        from agents.runtimes import base, scripted

        base.register(scripted.KIND, scripted.Scripted)

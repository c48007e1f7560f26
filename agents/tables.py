"""Many tables in one step of a migration."""

from django.db.migrations.operations import CreateModel, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation


class CreateTables(Operation):
    """Create the tables of these models, which may point at each other in a circle.

    Django draws every model that is connected to a new one anew after each operation: with all of them connected by
    people, that took nine tenths of a first start. Here the models are drawn once, when all are known.
    """

    def __init__(self, models: list[CreateModel]):
        self.models = models

    def state_forwards(self, app_label, state) -> None:
        state.__dict__.pop("apps", None)  # drawn again when somebody asks
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state) -> None:
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state) -> None:
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create the tables of {', '.join(model.name for model in self.models)}"


class ChangeIndexes(SeparateDatabaseAndState):
    """Change indexes by SQL, and tell Django which fields have none from now on.

    Django would take each foreign key away and hold every row against it anew, and draw all connected models once a field.
    """

    def state_forwards(self, app_label, state) -> None:
        state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)

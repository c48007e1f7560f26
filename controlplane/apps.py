import logging

from django.apps import AppConfig
from django.conf import settings
from django.contrib import admin
from django.http import Http404


class ControlplaneConfig(AppConfig):
    name = "controlplane"
    verbose_name = "Control plane"

    def ready(self):
        # Importing the checks registers them; the Celery application, and `shared_task` finds its broker in every process.
        from controlplane import celery, checks, operator  # noqa: F401

        logging.captureWarnings(True)  # or they go to stderr as they are, past form and redaction
        try:
            self.operators_mark = operator.load(settings.HOME).mark
        except operator.BadOperatorFile as error:
            raise SystemExit(f"countersign can't start: {error}") from error
        _close_side_doors()


def _close_side_doors() -> None:
    """One way in, and no way to a new password: a re-credentialed signer must be one that the operator made."""
    from allauth.account.decorators import secure_admin_login

    admin.site.site_header = admin.site.site_title = "Countersign"
    admin.site.index_title = "Registry"
    admin.site.login = secure_admin_login(admin.site.login)
    admin.site.password_change = admin.site.password_change_done = _no_such_page


def _no_such_page(request, *args, **kwargs):
    raise Http404

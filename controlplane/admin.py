"""What other packages put into the admin and ours doesn't offer."""

from allauth.account import admin as accounts  # noqa: F401  (registers its models, which are taken out below)
from allauth.account.models import EmailAddress
from django.contrib import admin

# An address that can be edited is one more way to somebody's account.
admin.site.unregister(EmailAddress)

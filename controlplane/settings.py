"""Django settings. Importable with no server running; every knob is an environment variable, listed in docs/settings.md."""

import os
import sys
from datetime import timedelta
from urllib.parse import urlsplit

from controlplane import bodies, databases, domains, home, logs, mailing
from controlplane.embedded import broker_url

BASE_DIR = home.CHECKOUT
HOME = home.data_folder()
SERVICES = home.running_services(HOME)


def setting(name: str, default: str = "") -> str:
    """Return the environment's word, else what `up` wrote for its neighbours, else the default."""
    return os.environ.get(name) or SERVICES.get(name.lower(), "") or default


SECRET_KEY = home.secret_key(HOME)
DEBUG = setting("COUNTERSIGN_DEBUG") == "1"
PORT = int(setting("COUNTERSIGN_PORT", "8000"))
PUBLIC_URL = setting("COUNTERSIGN_URL", f"http://localhost:{PORT}").rstrip("/")
SECURE = PUBLIC_URL.startswith("https://")
_public_host = urlsplit(PUBLIC_URL).hostname or "localhost"
ALLOWED_HOSTS = sorted({_public_host, "127.0.0.1", "localhost", "[::1]"})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
PASSKEY_ORIGIN = domains.passkey_origin(PUBLIC_URL)

LEASE = timedelta(seconds=float(setting("COUNTERSIGN_LEASE_SECONDS", "45")))
RUN_LEASE = timedelta(seconds=float(setting("COUNTERSIGN_RUN_LEASE_SECONDS", "60")))
TOOL_TIMEOUT = timedelta(seconds=float(setting("COUNTERSIGN_TOOL_SECONDS", "30")))
FACT_TIMEOUT = timedelta(seconds=float(setting("COUNTERSIGN_FACT_SECONDS", "2")))
CLOCK_INTERVAL = timedelta(seconds=float(setting("COUNTERSIGN_CLOCK_SECONDS", "1")))
RETRY_FIRST = timedelta(seconds=float(setting("COUNTERSIGN_RETRY_SECONDS", "5")))
MAX_BODY_BYTES = bodies.MAX_BODY_BYTES
TOKEN_PER_MINUTE = int(setting("COUNTERSIGN_TOKEN_PER_MINUTE", "1200"))

INSTALLED_APPS = [
    "audit",
    "agents",
    "approvals",
    "controlplane",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "controlplane.adminapp.AdminConfig",
    "django.contrib.postgres",
    "guardian",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "controlplane.traffic.TrafficMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "controlplane.fences.FetchMetadataMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "controlplane.apiheaders.ApiHeaders",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "controlplane.sessions.SessionLimitsMiddleware",
    "controlplane.problems.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "controlplane.problems.ProblemMiddleware",
]

ROOT_URLCONF = "controlplane.urls"
WSGI_APPLICATION = "controlplane.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = databases.aliases(
    setting("DATABASE_URL", "postgresql://cs_app@localhost/countersign"),
    setting("DATABASE_OWNER_URL", setting("DATABASE_URL", "postgresql://postgres@localhost/countersign")),
    pool=int(os.environ.get("COUNTERSIGN_POOL", "0")),
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits of the sign-in page are counted in the process: signing in must not depend on the broker we may lose, and
# a cache that others can write to is a way to run code here, because Django's caches unpickle what they read.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "agents.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "agents.passwords.GuessableValidator"},
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_AUTO_PREFETCH = False

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "queue"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "controlplane.accounts.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Behind proxies every visitor comes from the nearest one: the address they name is believed only of so many.
ALLAUTH_TRUSTED_PROXY_COUNT = int(setting("COUNTERSIGN_PROXIES", "0"))
# Per name it is generous: whoever knows a reviewer's name must not be able to keep them out with a few wrong passwords.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/5m/ip,100/15m/key"}

SESSION_ENGINE = "controlplane.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE = timedelta(minutes=float(setting("COUNTERSIGN_IDLE_MINUTES", "30")))
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "countersign_session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "countersign_csrf"
CSRF_FAILURE_VIEW = "controlplane.problems.csrf_failure"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_SSL_REDIRECT = SECURE
# Putting their whole domain on the browsers' list is for its owners to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY = {name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb")}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "agents.rest.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["agents.rest.throttling.TokenThrottle"],
    "DEFAULT_PARSER_CLASSES": ["agents.rest.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "controlplane.problems.as_problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    # The generator gives views theirs: what makes a schema is loaded once somebody asks for it.
    "DEFAULT_SCHEMA_CLASS": "rest_framework.schemas.inspectors.ViewInspector",
}
SPECTACULAR_SETTINGS = {
    "DEFAULT_GENERATOR_CLASS": "controlplane.openapi.schema.Generator",
    "TITLE": "Countersign",
    "DESCRIPTION": "The system of record and the human sign-off desk for AI agents. A token can never decide.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["controlplane.openapi.schema.complete"],
}

REDIS_URL = setting("REDIS_URL", "redis://localhost:6379/0")
CELERY_BROKER_URL = broker_url(REDIS_URL)

# Mails say what waits for whom. Without a server nobody is mailed, and whoever looks at their preferences reads so.
globals().update(mailing.from_url(setting("COUNTERSIGN_MAIL_URL")))
DEFAULT_FROM_EMAIL = setting("COUNTERSIGN_MAIL_FROM", f"countersign@{_public_host}")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# `up` collects the files before it serves. Where nobody has (`runserver`, tests), they are served from where they lie.
COLLECTED = (STATIC_ROOT / "staticfiles.json").exists() or "collectstatic" in sys.argv
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not COLLECTED
_static = "whitenoise.storage.CompressedManifestStaticFilesStorage" if COLLECTED else None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static or "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

LOGGING = logs.configuration(setting("COUNTERSIGN_LOG_FORMAT", "text"))
# Without one, `/metrics` answers on this machine alone.
METRICS_TOKEN = setting("COUNTERSIGN_METRICS_TOKEN")

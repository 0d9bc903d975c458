"""Settings of the Django REST rival: no middleware, no admin, no sessions; one pooled database."""

import os

SECRET_KEY = os.environ["RIVAL_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.rivals.django_rest.api"
INSTALLED_APPS = ["rest_framework"]
MIDDLEWARE: list[str] = []
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LOGGING_CONFIG = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["RIVAL_DATABASE"],
        "USER": os.environ["RIVAL_USER"],
        "HOST": os.environ["RIVAL_HOST"],
        "PORT": "5432",
        "CONN_MAX_AGE": None,  # a connection a thread, kept
        "CONN_HEALTH_CHECKS": False,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        # Prepared statements with parameters bound by the server; Django's default is neither.
        "OPTIONS": {"server_side_binding": True},
    }
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bench.rivals.django_rest.access.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["bench.rivals.django_rest.access.MayDo"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "bench.rivals.django_rest.access.OnlyJson",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}

"""A Django REST version of the sale and the list: one process, gunicorn with threads."""

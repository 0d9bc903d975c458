"""A FastAPI version of the sale and the list, with SQLAlchemy's ORM: one process, uvicorn."""

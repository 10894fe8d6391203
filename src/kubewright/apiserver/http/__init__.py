"""The HTTP face of the API server, as one ASGI application."""

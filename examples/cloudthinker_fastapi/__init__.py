"""CloudThinker as a FastAPI application: `uvicorn examples.cloudthinker_fastapi.app:app`."""

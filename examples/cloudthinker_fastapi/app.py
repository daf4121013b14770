"""The application: ctsec's routes under /auth, its own under /v1, and one page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse, Response

from examples.cloudthinker import page
from examples.cloudthinker.models import Base
from examples.cloudthinker_fastapi import organization, workspace
from examples.cloudthinker_fastapi.parts import engine, guard, security


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the application's tables, and close what is open at the end."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()
    await security.aclose()


app = FastAPI(title="CloudThinker", lifespan=lifespan)
app.include_router(guard.router(), prefix="/auth")
app.include_router(workspace.router)
app.include_router(organization.router)


@app.get("/", include_in_schema=False)
@app.get("/verify-email", include_in_schema=False)
@app.get("/accept-invitation", include_in_schema=False)
@app.get("/sso/{connection_id}", include_in_schema=False)
@guard.public
async def index() -> HTMLResponse:
    return HTMLResponse(page.index(), headers=page.HEADERS)


@app.get("/page/{name}", include_in_schema=False)
@guard.public
async def file(name: str) -> Response:
    found = page.file(name)
    if found is None:
        raise HTTPException(404)
    return Response(found[0], media_type=found[1], headers=page.HEADERS)

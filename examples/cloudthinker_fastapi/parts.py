"""What the routes work with: ctsec's bundle and guard, and the application's own engine and session."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from ctsec import Principal, ambient
from ctsec.audit import Change, Target
from ctsec.audit.event import NOTHING, Detail
from ctsec.fastapi import Guard
from ctsec.ids import WorkspaceId
from ctsec.presets import async_embedded
from ctsec.rbac import Policy
from ctsec.security.parts import EmbeddedOptions
from examples.cloudthinker import configuration
from examples.cloudthinker.events import EVENTS, event

chosen = configuration.read()
# First: ctsec makes its key file only where there is no database yet.
security = async_embedded(
    str(chosen.database),
    policy=Policy.preset(),
    issuer="CloudThinker",
    mail=chosen.mail,
    options=EmbeddedOptions(
        base_url=chosen.base_url,
        events=EVENTS,
        single_sign_on=configuration.single_sign_on(chosen.reach),
        key_services=configuration.key_services(chosen.kms),
        customer_keys=configuration.customer_keys(),
    ),
)
guard = Guard(security)
engine = create_async_engine(f"sqlite+aiosqlite:///{chosen.database}", connect_args={"timeout": 10})
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def transaction() -> AsyncIterator[AsyncSession]:
    """The application's own session, committed when the route returns and rolled back when it raises."""
    async with sessions() as session, session.begin():
        yield session


# Without scope="function" FastAPI would commit after the response is on its way.
Session = Annotated[AsyncSession, Depends(transaction, scope="function")]


def surroundings(request: Request) -> ambient.Request:
    """What the audit log says of a request: its client's address and program."""
    address = request.client.host if request.client else ""
    return ambient.Request(address=address, user_agent=request.headers.get("user-agent", ""))


async def record(
    session: AsyncSession,
    request: Request,
    person: Principal,
    *,
    name: str,
    target: Target,
    organization: str | None = None,
    workspace: str | None = None,
    changes: tuple[Change, ...] = (),
    details: Mapping[str, Detail] = NOTHING,
) -> None:
    """Write an event of the application into the audit log, in the application's own transaction."""
    home = organization or (await security.gate.organization_of(WorkspaceId(workspace)) if workspace else None)
    around = surroundings(request)
    happened = event(
        name, by=person, target=target, request=around, organization=home, workspace=workspace, changes=changes, details=details
    )
    await security.join(session, around).audit.record(happened)

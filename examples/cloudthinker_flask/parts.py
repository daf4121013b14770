"""What the routes work with: ctsec's bundle and guard, and the application's own engine and session."""

from collections.abc import Mapping
from typing import TypeVar

from flask import request
from pydantic import BaseModel
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from ctsec import Principal, ambient
from ctsec.audit import Change, Target
from ctsec.audit.event import NOTHING, Detail
from ctsec.flask import Guard
from ctsec.ids import WorkspaceId
from ctsec.presets import sync_embedded
from ctsec.rbac import Policy
from ctsec.security.parts import EmbeddedOptions
from examples.cloudthinker import configuration
from examples.cloudthinker.events import EVENTS, event

chosen = configuration.read()
# First: ctsec makes its key file only where there is no database yet.
security = sync_embedded(
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
engine = create_engine(f"sqlite:///{chosen.database}", connect_args={"timeout": 10})
Given = TypeVar("Given", bound=BaseModel)
sessions = sessionmaker(engine, expire_on_commit=False)


def body(model: type[Given]) -> Given:
    """Return the request's JSON as `model`; raise pydantic's ValidationError, which the application answers with 422."""
    return model.model_validate(request.get_json())


def surroundings() -> ambient.Request:
    """What the audit log says of the current request: its client's address and program."""
    return ambient.Request(address=request.remote_addr or "", user_agent=request.user_agent.string)


def record(
    session: Session,
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
    home = organization or (security.gate.organization_of(WorkspaceId(workspace)) if workspace else None)
    around = surroundings()
    happened = event(
        name, by=person, target=target, request=around, organization=home, workspace=workspace, changes=changes, details=details
    )
    security.join(session, around).audit.record(happened)

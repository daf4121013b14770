"""The SCIM service as we offer it: its resources, what it can do, and its bounds."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    Error,
    ETag,
    Filter,
    Pagination,
    Patch,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)
from scim2_server.service import ScimService

from ctsec.errors import CtsecError
from ctsec.web.scim.bounds import DEFAULT_PAGE, MAX_BULK, MAX_PAGE
from ctsec.web.scim.resources import Group
from ctsec.web.scim_paths import MAX_SCIM_BODY

SCIM_MEDIA: Final = "application/scim+json"
# What no provider sends the same way: attributes nobody declares are dropped, the rest is what Entra sends.
_POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Service(ScimService):
    """The protocol, with our errors in its form."""

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """Return the error of SCIM for an exception: broken infrastructure that may recover is 503."""
        if isinstance(exception, CtsecError) and exception.retryable:
            return Error(status=503, detail="nothing was done; try again in a moment")
        return ScimService.error_of(exception)


def _config() -> ServiceProviderConfig:
    scheme = AuthenticationScheme(
        type=AuthenticationScheme.Type.oauthbearertoken,
        name="Bearer token",
        description="A credential of the SCIM connection, in the Authorization header",
        primary=True,
    )
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MAX_BULK, max_payload_size=MAX_SCIM_BODY),
        filter=Filter(supported=True, max_results=MAX_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=DEFAULT_PAGE,
            max_page_size=MAX_PAGE,
        ),
        authentication_schemes=[scheme],
    )


@lru_cache(maxsize=1)
def _provider() -> ScimProvider:
    types: list[ResourceType] = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    models: list[type[Any]] = [User, EnterpriseUser, Group]
    return ScimProvider(models=models, resource_types=types, config=_config(), policy=_POLICY)


def service(secret: bytes) -> Service:
    """Return the service; `secret` is what cursors are sealed with, the same in every process."""
    return Service(_provider(), secret=secret)

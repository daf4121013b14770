"""Who may import whom. The tables come first; to allow a new import, change a table and say why in docs/adr."""

from __future__ import annotations

import ast
import sys
from fnmatch import fnmatchcase

import pytest

from tests.architecture.source import functions, imports, modules, nodes

# From the lowest layer up; a module imports its own layer and lower ones.
KERNEL = {
    "errors", "ids", "principal", "outcome", "secret", "clock", "draft", "ambient", "user", "cache", "changes", "lazy", "network",
    "transport", "operators",
    "mfa_policy",
}  # fmt: skip
FEATURES = {
    "rbac", "directory", "authn", "mfa", "sso", "keys", "connections", "jose", "encryption", "audit", "compliance", "guard", "mail",
    "worker", "vault", "residency", "recovery",
}  # fmt: skip
EDGES = {"storage", "encryption.kms", "mail.smtp", "authn.hibp", "sso.dns"}
COMPOSITION = {
    "", "security", "presets", "preset_peers", "preset_deployment", "unit", "_async_unit", "_sync_unit",
    "_async_security", "_sync_security",
}  # fmt: skip  # "" is the lazy face
HOSTS = {"web", "fastapi", "flask", "cli", "testing", "__main__"}
LAYERS = (KERNEL, FEATURES, EDGES, COMPOSITION, HOSTS)

# What a feature may import of other features; patterns of names below `ctsec`.
PORTS = ("ports", "_async_ports", "_sync_ports")
SHARED = (
    "audit.change", "audit.event", "audit.record", *(f"audit.{ports}" for ports in PORTS), "guard", "guard.*",
    "rbac.permission", *(f"rbac.{ports}" for ports in PORTS), "encryption.context", *(f"encryption.{ports}" for ports in PORTS),
    "encryption.reencryption", "mail.message", "mail.lifecycle_letters", "mail.owner_letters", "mail.saml_letters", "jose", "jose.*",
)  # fmt: skip
SHARED_FOR = {
    "rbac": ("audit.change", "audit.event", "audit.record", *(f"audit.{ports}" for ports in PORTS), "guard", "guard.*"),
    "guard": (
        "audit.event",
        "audit.record",
        *(f"{feature}.{ports}" for feature in ("audit", "connections", "encryption") for ports in PORTS),
    ),
    # A checkpoint is verified where it is read (ADR 25): with the one Ed25519 that ctsec has.
    "audit": (*SHARED, "encryption.ed25519"),
    # Roles of who leaves sleep as they were given (ADR 51).
    "directory": (*SHARED, "rbac.assignment"),
    # A sign-in through a provider ends where every sign-in ends, makes members of the directory (ADR 35), and gives roles (ADR 39).
    "sso": (
        *SHARED,
        "authn.journey",
        "authn.ticket",
        "directory.lifecycle",
        "directory.record",
        "rbac.assignment",
        "rbac.offer",
        "rbac.role",
        # Whom an organization lets in is decided with the roles, and break-glass codes are made as backup codes are (ADR 38).
        "rbac.entrance",
        "authn.record",  # and sessions rest on grants (ADR 40)
        "mfa.backup_codes",
    ),
    # An organization may need another data key before its tokens can be sealed (ADR 49).
    "connections": (*SHARED, "encryption.data_key"),
    # A region is a store and a key (ADR 16): it names keys and regions as encryption does, and judges pins of the directory's records.
    # Its store has logs of its own, with what was purged of them (ADR 70).
    "residency": (
        *SHARED,
        "encryption.customer_key",
        "encryption.dek",
        "directory.record",
        *(f"audit.retention.{ports}" for ports in PORTS),
    ),
}

# Third-party packages, and the modules that may touch them (patterns of names below `ctsec`).
THIRD_PARTY = {
    "argon2": ("authn.argon2",),
    "cryptography": (
        "encryption.primitives",
        "encryption.ed25519",
        "encryption.kms.*",
        "jose.*",
        "testing.passkeys",
        "sso.saml.keys",
        "sso.saml.own_key",
        "sso.saml.encryption",
        "testing.saml",
        "audit.anchors.timestamp",
    ),
    "rfc3161_client": ("audit.anchors.timestamp",),
    "pyotp": ("mfa.provisioning",),
    "segno": ("mfa.provisioning",),
    "webauthn": ("mfa.passkey_verification", "testing.passkeys"),
    "joserfc": ("jose.*",),
    "dns": ("sso.dns.*",),
    "lxml": ("sso.saml.xml",),
    "httpx": ("jose.*", "testing.*"),
    "pydantic": ("web.*", "fastapi", "flask"),
    "pydantic_core": ("web.*", "fastapi", "flask"),
    "scim2_models": ("web.scim.*",),
    "scim2_server": ("web.scim.*",),
    "sqlalchemy": (
        "storage.*",
        "presets",
        "preset_peers",
        "preset_deployment",
        "security",
        "security._async_ready",
        "security._sync_ready",
        "unit",
        "_*",
        "cli.*",
        "testing.*",
    ),
    "alembic": ("storage.*", "cli.*"),
    "redis": ("storage.redis", "storage.redis.*"),
    "limits": ("storage.redis.*",),
    "fastapi": ("fastapi",),
    "starlette": ("fastapi", "web.*"),
    "flask": ("flask",),
    "werkzeug": ("flask",),
    "a2wsgi": ("web.*",),
    "boto3": ("encryption.kms.aws", "audit.streams.s3"),
    "botocore": ("encryption.kms.aws", "audit.streams.s3"),
    "pyarrow": ("audit.export.parquet",),
    "bcrypt": ("authn.foreign_bcrypt",),
    "pkcs11": ("encryption.kms.pkcs11", "encryption.kms.pkcs11_token"),
    "hypothesis": ("testing.*",),
    "pytest": ("testing.*",),
}

# Front doors: a class's convenience constructor that opens, inside one function, the module which builds it ready-made.
FRONT_DOORS = {
    ("ctsec.rbac.policy", "ctsec.rbac.preset"),
    ("ctsec.rbac.policy", "ctsec.rbac.document"),
    ("ctsec.security._async_ready", "ctsec.presets"),
    ("ctsec.security._sync_ready", "ctsec.presets"),
}

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib", "yaml", "code", "codeop", "runpy"}
PRINTS = ("cli", "cli.*")
# Adapters of features that own threads, or locks of both colours.
CORES_WITH_COROUTINES = {"ctsec.authn.argon2_pool", "ctsec.encryption.turns"}


def below(name: str) -> str:
    """Return a module's name without `ctsec`."""
    return name.removeprefix("ctsec").removeprefix(".")


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a name below `ctsec` matches one of some patterns; `web.*` covers the package itself."""
    return any(fnmatchcase(name, pattern) or pattern == f"{name}.*" for pattern in patterns)


def layer(name: str) -> int | None:
    """Return the number of a module's layer, or None if no table names it."""
    parts = below(name).split(".")
    for length in (2, 1):
        for number, members in enumerate(LAYERS):
            if ".".join(parts[:length]) in members and (length == 1 or len(parts) > 1):
                return number
    return None


def feature(name: str) -> str | None:
    """Return the feature that a module belongs to, edges apart."""
    return below(name).split(".")[0] if layer(name) == LAYERS.index(FEATURES) else None


def own_imports(name: str) -> list[tuple[str, int]]:
    """Return the modules of the package that a module imports."""
    return [(target, line) for target, line in imports(name) if target.split(".")[0] == "ctsec"]


def foreign_imports(name: str) -> list[tuple[str, int]]:
    """Return the packages that a module imports and that neither we nor the standard library have."""
    tops = [(target.split(".")[0], line) for target, line in imports(name)]
    return [(top, line) for top, line in tops if top != "ctsec" and top not in sys.stdlib_module_names]


def test_every_module_has_a_layer() -> None:
    """A module stands in one of the five layers, so that no import of it goes unjudged."""
    assert [name for name in modules() if layer(name) is None] == []


def test_no_module_imports_a_higher_layer() -> None:
    """A lower layer never imports a higher one, TYPE_CHECKING imports and generated twins included."""
    wrong = []
    for name in modules():
        for target, line in own_imports(name):
            mine, theirs = layer(name), layer(target)
            if mine is not None and theirs is not None and theirs > mine and target != "ctsec" and name != "ctsec":
                wrong.append(f"{name}:{line} imports {target}")
    assert wrong == []


def test_nobody_imports_the_lazy_face() -> None:
    """Inside the package names come from their modules: an import through the face is hidden from the layers."""
    allowed = set(HOSTS)
    assert [
        f"{name}:{line}"
        for name in modules()
        for target, line in own_imports(name)
        if target == "ctsec" and below(name).split(".")[0] not in allowed
    ] == []


def test_the_kernel_imports_only_itself_and_the_standard_library() -> None:
    """The kernel has no third-party import."""
    assert [
        f"{name}:{line} imports {top}" for name in modules() if layer(name) == LAYERS.index(KERNEL) for top, line in foreign_imports(name)
    ] == []


def test_third_party_packages_are_touched_where_the_table_says() -> None:
    """Each third-party package is imported in its named places only; pure cores import none."""
    wrong = [
        f"{name}:{line} imports {top}"
        for name in modules()
        for top, line in foreign_imports(name)
        if not matches(below(name), THIRD_PARTY.get(top, ()))
    ]
    assert wrong == []


def test_features_import_of_each_other_what_is_shared() -> None:
    """A feature knows other features only through the shared names of the table."""
    wrong = []
    for name in modules():
        mine = feature(name)
        if mine is None:
            continue
        for target, line in own_imports(name):
            theirs = feature(target)
            if theirs not in {None, mine} and not matches(below(target), SHARED_FOR.get(mine, SHARED)):
                wrong.append(f"{name}:{line} imports {target}")
    assert wrong == []


def test_pure_cores_import_no_port_and_no_service() -> None:
    """A pure module decides with values: it imports no Protocol that does I/O and no service."""
    wrong = []
    for name in modules():
        parts = below(name).split(".")
        if feature(name) is None or len(parts) < 2 or parts[-1] == "ports" or parts[-1].startswith("_"):
            continue
        wrong += [
            f"{name}:{line} imports {target}"
            for target, line in own_imports(name)
            if target.split(".")[-1] == "ports" or target.split(".")[-1].startswith(("_async", "_sync"))
        ]
    assert wrong == []


def test_edges_import_no_service_and_not_each_other() -> None:
    """A store implements ports with records: it imports no feature's service, and no other adapter."""
    wrong = []
    for name in modules():
        parts = below(name).split(".")
        if parts[0] != "storage":
            continue
        for target, line in own_imports(name):
            theirs = below(target).split(".")
            service = theirs[0] in FEATURES and theirs[-1] in {"_async", "_sync"}
            adapters = {"memory", "sql", "redis"}
            rival = (
                theirs[0] == "storage"
                and len(theirs) > 1
                and len(parts) > 1
                and {parts[1], theirs[1]} <= adapters
                and parts[1] != theirs[1]
            )
            if service or rival or target.startswith("ctsec.encryption.kms"):
                wrong.append(f"{name}:{line} imports {target}")
    assert wrong == []


def test_host_modules_import_neither_storage_nor_each_other() -> None:
    """`ctsec.fastapi` and `ctsec.flask` speak to the services, never to a store or to the other host."""
    wrong = []
    for name, others in (("ctsec.fastapi", "ctsec.flask"), ("ctsec.flask", "ctsec.fastapi")):
        if name in modules():
            wrong += [f"{name}:{line} imports {t}" for t, line in own_imports(name) if t.startswith(("ctsec.storage", others))]
    assert wrong == []


def test_twins_import_their_own_colour() -> None:
    """A generated twin never imports an async module: the twin is sync to the bottom."""
    wrong = [
        f"{name}:{line} imports {target}"
        for name, module in modules().items()
        if module.generated
        for target, line in own_imports(name)
        if target.split(".")[-1].startswith("_async")
    ]
    assert wrong == []


def test_front_doors_open_inside_a_function() -> None:
    """A front door is no import of the module: it stands in the body of one function, so loading the module opens nothing."""
    for name, target in FRONT_DOORS:
        top = [n for n in modules()[name].tree.body if isinstance(n, ast.ImportFrom) and n.module == target]
        assert top == []
        assert target in {target for target, _ in imports(name)}


def test_there_is_no_import_cycle() -> None:
    """Imports form a tree without a way back, TYPE_CHECKING imports counted; the lazy face is nobody's import."""
    finished: set[str] = set()
    cycles: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            cycles.append(" > ".join((*path[path.index(name) :], name)))
        elif name not in finished:
            for target, _ in own_imports(name):
                if target in modules() and target != "ctsec" and (name, target) not in FRONT_DOORS:
                    visit(target, (*path, name))
            finished.add(name)

    for name in modules():
        visit(name, ())
    assert cycles == []


@pytest.mark.proves("CVE-2017-1000433")
def test_no_assert_and_no_print() -> None:
    """`assert` disappears under -O, and a library does not print; only the command line does."""
    wrong = [module.at(node) for module in modules().values() for node in nodes(module.tree) if isinstance(node, ast.Assert)]
    for module in modules().values():
        if not matches(below(module.name), PRINTS):
            wrong += [
                module.at(n)
                for n in nodes(module.tree)
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print"
            ]
    assert wrong == []


@pytest.mark.proves("ASVS-1.3.2", "ASVS-1.5.2")
def test_nothing_evaluates_or_unpickles() -> None:
    """No data ever becomes code, or an object of its writer's choice: no eval, exec or pickle, and nothing that does the like."""
    wrong = []
    for module in modules().values():
        calls = [n for n in nodes(module.tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        wrong += [module.at(n) for n in calls if isinstance(n.func, ast.Name) and n.func.id in FORBIDDEN_CALLS]
        wrong += [
            f"{module.name}:{line} imports {target}" for target, line in imports(module.name) if target.split(".")[0] in FORBIDDEN_MODULES
        ]
    assert wrong == []


def test_pure_cores_have_no_coroutine() -> None:
    """A pure module of a feature is plain `def`: it serves both colours as it is."""
    wrong = []
    for name, module in modules().items():
        if feature(name) and not module.parts[-1].startswith("_") and module.name not in CORES_WITH_COROUTINES:
            wrong += [module.at(node) for node in functions(module.tree) if isinstance(node, ast.AsyncFunctionDef)]
    assert wrong == []

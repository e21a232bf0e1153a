"""A public route: its handler, its line in the service and in the gateway, its path in the API document.

`scripts/new-route` adds one by itself, `scripts/new-service` adds the first of a new service.
"""

import json
import os
import re

from recipe import ROOT, camel, pascal, singular

TABLE = "Services/Gateway/Routing/Routes.swift"
UPSTREAMS = "Services/Gateway/Routing/UpstreamName.swift"
DOCUMENT = "Services/Gateway/Site/openapi.json"
VERBS = {"GET": "read", "POST": "create", "PUT": "set", "PATCH": "change"}


class Route:
    """What follows from a service, a method and a path."""

    def __init__(self, recipe, service, method, path):
        self.recipe, self.service, self.method, self.path = recipe, service, method, path
        folders = recipe.services()
        if service not in folders or service == "gateway":
            names = ", ".join(sorted(set(folders) - {"gateway"}))
            recipe.stop(f"{service} is no service with routes of its own: {names}", usage=True)
        if method not in VERBS:
            recipe.stop(f"{method} is none of {', '.join(VERBS)}", usage=True)
        if path.startswith("/api/"):
            recipe.stop(f"PATH stands without /api/v1, which every route has: {path}", usage=True)
        if not re.fullmatch(r"(/([a-z][a-z0-9-]*|\{\w+\}))+", path) or path.startswith("/{"):
            recipe.stop(f"{path} is no path of lower-case words as in /projects/{{id}}/summary", usage=True)
        parameters = re.findall(r"\{\w+\}", path)
        if parameters not in ([], ["{id}"]):
            recipe.stop(f"a path has one parameter at most, and that is {{id}}: {path}", usage=True)
        self.folder = folders[service]
        self.segments = path[1:].split("/")
        # What stands before {id} is the collection whose members it names.
        self.owner = singular(self.segments[self.segments.index("{id}") - 1]) if parameters else None
        words = []
        for index, segment in enumerate(self.segments):
            if segment != "{id}":
                is_named = index + 1 < len(self.segments) and self.segments[index + 1] == "{id}"
                words.append(singular(segment) if is_named else segment)
        self.words = " ".join(words).replace("-", " ")
        name = pascal("-".join(words))
        self.operation = VERBS[method] + name
        self.type = ("" if method == "GET" else pascal(VERBS[method])) + name + "Routes"
        self.store = name + "Store"

    def table_of_owner(self):
        """The table of the service's schema in which the members of the collection stand with their workspace."""
        name = self.owner.replace("-", "_")
        folder = f"Services/{self.folder}/Schema"
        for file in sorted(os.listdir(os.path.join(ROOT, folder))):
            found = re.search(rf"CREATE TABLE {name} \((.*?)^\);", self.recipe.read(f"{folder}/{file}"), re.S | re.M)
            if found and re.search(r"^\s+id\s+uuid", found[1], re.M) and "workspace_id" in found[1]:
                return name
        self.recipe.stop(f"{folder} has no table {name} with id and workspace_id, by which {{id}} could be one's own")


def add_route(recipe, service, method, path):
    """Puts the edits of a new route together; stops where it cannot be."""
    route = Route(recipe, service, method, path)
    table = route.table_of_owner() if route.owner else None
    add_to_gateway(recipe, route)
    add_to_document(recipe, route)
    add_to_service(recipe, route, table)
    return route


def add_to_gateway(recipe, route):
    """The line in the gateway's table, or the method in the line that the path has."""
    text = recipe.read(TABLE)
    case = re.search(rf'case \.(\w+): \("{route.service}", \d+\)', recipe.read(UPSTREAMS))
    if not case:
        recipe.stop(f"the gateway does not know {route.service}: it has no line in {UPSTREAMS}")
    owner, method = case[1], "." + route.method.lower()
    if re.search(rf'notBuilt\([^"]*"{re.escape(route.path)}"', text):
        recipe.stop(f"{route.path} is among what is named and not built: take it out of {TABLE} first")
    entry = rf'^        route\((\[[^\]]*\]|\.\w+), "{re.escape(route.path)}", \.(\w+)(.*)$'
    for line in re.finditer(entry, text, re.M):
        methods = re.findall(r"\.\w+", line[1])
        if line[2] != owner:
            recipe.stop(f"{route.path} belongs to {line[2]}")
        if method in methods:
            recipe.stop(f"{route.method} {route.path} is there already")
        if "content:" in line[3] or "isTus" in line[3]:
            continue
        new = f'        route([{", ".join([*methods, method])}], "{route.path}", .{owner}{line[3]}'
        recipe.replace(TABLE, text[:line.start()] + new + text[line.end():])
        return
    lines = list(re.finditer(rf"^        route\(.*\.{owner}[,)].*$", text, re.M))
    if not lines:
        recipe.edit(TABLE, r" \+ later$", f" + {owner} + later", "the service's routes")
        entries = f'    private static let {owner} = [\n        route({method}, "{route.path}", .{owner})\n    ]\n\n'
        recipe.edit(TABLE, r"^    /// Named in the design and built later", lambda found: entries + found[0],
                    "the service's routes")
        return
    # What all routes beside it have, it has as well.
    beside = [line[0] for line in lines if re.search(rf'"/{route.segments[0]}["/]', line[0])]
    rules = {(re.search(r", rule: \.\w+", line) or [""])[0] for line in beside}
    rule = rules.pop() if len(rules) == 1 else ""
    last = next((line for line in reversed(lines) if line[0] in beside), lines[-1])
    old = last[0].rstrip(",")
    recipe.replace(TABLE, text[:last.start()] + f'{old},\n        route({method}, "{route.path}", .{owner}{rule}),'
                   + text[last.end():])


def add_to_document(recipe, route):
    """The path in the API document."""
    document = json.loads(recipe.read(DOCUMENT))
    paths = document["paths"]
    full = "/api/v1" + route.path
    names = {operation.get("operationId") for item in paths.values() for operation in item.values()}
    if route.operation in names:
        recipe.stop(f"{DOCUMENT} has an operation {route.operation} already")
    beside = [path for path in paths if (path + "/").startswith(f"/api/v1/{route.segments[0]}/")]
    if beside:
        tags = next(iter(paths[beside[0]].values()))["tags"]
    else:
        tags = [route.segments[0]]
        if tags[0] not in [tag["name"] for tag in document["tags"]]:
            document["tags"].append({"name": tags[0], "description": route.words.capitalize()})
    text = {"type": "string", "format": "uuid"}
    properties = {"workspaceId": text}
    if route.owner:
        properties = {camel(route.owner) + "Id": text, **properties}
    required = list(properties)
    operation = {"tags": tags, "operationId": route.operation,
                 "summary": route.words.capitalize() if route.method == "GET"
                 else f"{VERBS[route.method].capitalize()} {route.words}"}
    parameters = [{"name": "id", "in": "path", "required": True, "schema": text}] if route.owner else []
    refused = {"401": "Unauthorized", "404": "NotFound"} if route.owner else {"401": "Unauthorized"}
    if route.method != "GET":
        note = {"type": ["string", "null"], "maxLength": 1000, "pattern": "^[^\\u0000]*$"}
        properties["note"] = {"type": "string"}
        parameters.append({"$ref": "#/components/parameters/key"})
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {
            "type": "object", "properties": {"note": note}}}}}
        refused.update({"400": "BadRequest", "403": "Forbidden", "409": "Conflict", "413": "TooLarge",
                        "415": "WrongType", "422": "Unprocessable"})
    if parameters:
        operation["parameters"] = parameters
        operation = {key: operation[key] for key in ("tags", "operationId", "summary", "parameters", "requestBody")
                     if key in operation}
    operation["responses"] = {"200": {"description": "Done.", "content": {"application/json": {"schema": {
        "type": "object", "properties": properties, "required": required}}}}}
    refused["429"] = "TooMany"
    for code, name in [*sorted(refused.items()), ("default", "Other")]:
        operation["responses"][code] = {"$ref": f"#/components/responses/{name}"}
    ordered = {}
    for path, item in paths.items():
        ordered[path] = item
        if full not in paths and beside and path == beside[-1]:
            ordered[full] = {}
    ordered.setdefault(full, {})[route.method.lower()] = operation
    document["paths"] = ordered
    recipe.replace(DOCUMENT, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def add_to_service(recipe, route, table):
    """The handler's file, the SQL that says whose the thing is, and the line in the service's router."""
    folder = f"Services/{route.folder}"
    wirings = [path for path in recipe.swift_files(folder)
               if re.search(r"^ +var routes = Router\(\)$", recipe.read(path), re.M)]
    if len(wirings) != 1:
        recipe.stop(f"{folder} has {len(wirings)} places that make a router: the line of a route cannot be placed")
    if declaring(recipe, folder, route.type):
        recipe.stop(f"{declaring(recipe, folder, route.type)} has a {route.type} already")
    # Other methods of the path have the same; another store of that name is that of the resource itself.
    declared = declaring(recipe, folder, route.store)
    is_shared = declared is not None and f"/// The SQL of `{route.path}`." in recipe.read(declared)
    if declared and not is_shared:
        route.store = route.store.removesuffix("Store") + "RouteStore"
    platform = "platform." if re.search(r"\bplatform\b", recipe.read(wirings[0])) else ""
    parts = []
    if table:
        parts.append(f"store: {route.store}(postgres: {platform}postgres)")
    if route.method != "GET":
        parts.append(f"postgres: {platform}postgres")
    parts.append(f"tokens: {platform}tokens")
    recipe.edit(
        wirings[0], r"^( +)var routes = Router\(\)\n",
        lambda found: found[0] + f"{found[1]}{route.type}({', '.join(parts)}).add(to: &routes)\n", "the route")
    recipe.write(f"{folder}/Routes/{route.type}.swift", handler(route, table))
    if table and not is_shared:
        recipe.write(f"{folder}/Store/{route.store}.swift", f"""import FoundationEssentials
import Postgres

/// The SQL of `{route.path}`.
struct {route.store}: Sendable {{
    let postgres: PostgresClient

    /// Whether the {route.owner} is one of a workspace: what is another's is not there.
    func exists(_ id: UUID, workspace: UUID) async throws -> Bool {{
        try await !postgres.query("SELECT true FROM {table} WHERE id = \\(id) AND workspace_id = \\(workspace)").isEmpty
    }}
}}
""")


def declaring(recipe, folder, name):
    """The file of a service that declares a type, if one does."""
    for path in recipe.swift_files(folder):
        if re.search(rf"\b(struct|class|actor|enum|protocol|typealias) {name}\b", recipe.read(path)):
            return path
    return None


def handler(route, table):
    """The handler: whose the thing is, then what is asked of it."""
    is_write = route.method != "GET"
    imports = ["Auth", "HTTP", "Primitives"] + ["Postgres", "ServiceKit"] * is_write
    field = camel(route.owner) + "Id" if route.owner else None
    fields = [f"{name}: String" for name in (field, "workspaceId") if name] + ["note: String?"] * is_write
    view = "\n".join(f"        let {name}" for name in fields)
    values = (f"{field}: id.text, " if field else "") + "workspaceId: principal.workspaceID.text"
    find = f"""        let id = try request.uuid("id", of: "{route.owner}")
        guard try await store.exists(id, workspace: principal.workspaceID) else {{
            throw Problem.notFound("{route.owner}")
        }}
""" if table else ""
    name = "show" if not is_write else "take"
    text = "".join(f"import {name}\n" for name in sorted(imports))
    text += f"""
/// `{route.method} {route.path}`.
struct {route.type}: Sendable {{
"""
    text += f"    let store: {route.store}\n" if table else ""
    text += "    let postgres: PostgresClient\n" if is_write else ""
    text += f"""    let tokens: TokenVerifier

    /// What is answered.
    struct View: Encodable {{
{view}
    }}
"""
    if is_write:
        text += """
    /// What is asked for.
    struct Body: Decodable {
        static let limit = 1000
        let note: String?
    }
"""
    text += f"""
    func add(to routes: inout Router) {{
        routes.{route.method.lower()}("/api/v1{route.path}", tokens.authenticated({name}))
    }}

    @Sendable private func {name}(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {{
"""
    if is_write:
        text += f"""        guard principal.role.canWrite else {{ throw Problem.forbidden() }}
{find}        let (request, key) = try await IdempotencyKey.read(request, principal)
        let body: Body = try await request.decode()
        if let note = body.note, note.unicodeScalars.count > Body.limit {{
            throw Problem.invalid(field: "note", reason: "must have at most \\(Body.limit) characters")
        }}
        return try await Idempotency.perform(key, on: postgres) {{ _ in
            // What changes, and the events about it, belong into this transaction.
            try .json(.ok, View({values}, note: body.note))
        }}
"""
    else:
        text += f"""{find}        {"return " * bool(find)}try .json(.ok, View({values}))
"""
    return text + "    }\n}\n"

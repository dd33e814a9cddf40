"""Create the connectors' definitions, sources and connections in Airbyte as a plan says, and update them.

    export AIRBYTE_CLIENT_ID=… AIRBYTE_CLIENT_SECRET=…
    python register.py plan.toml --api http://localhost:8000/api/public/v1 --workspace … --destination …

What exists is updated where it differs from the plan. Nothing is deleted, and no value of a config is printed.
This needs ``requests`` and a self-managed Airbyte: Airbyte Cloud does not accept custom images.

https://docs.airbyte.com/developers/api-documentation
https://reference.airbyte.com/reference/createsourcedefinition
"""

import argparse
import json
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

Json = dict[str, Any]

CONNECT_SECONDS = 10
# Airbyte pulls and runs an image before it answers, to read its spec and to discover its streams.
ANSWER_SECONDS = 900
PAGE = 100
NEEDED = {
    "definitions": {"name", "repository", "tag", "documentation"},
    "connections": {"name", "definition", "config", "streams", "prefix", "cron"},
}
MODES = ("incremental_deduped_history", "incremental_append", "full_refresh_overwrite")


class RegistrationError(Exception):
    """A registration failed. The message says what happened and how to fix it."""


class Airbyte:
    """A client of Airbyte's public API. It renews its token when that expires."""

    def __init__(self, api: str, client_id: str, client_secret: str) -> None:
        self._api = api.rstrip("/")
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._token = ""
        self.secrets = {client_secret}

    def call(self, method: str, path: str, body: Json | None = None, **parameters: str | int) -> Any:  # noqa: ANN401
        """Send a request and return the content of the answer.

        Raises:
            RegistrationError: Airbyte refused it, or cannot be reached.
        """
        if not self._token:
            self._renew()
        answer = self._send(method, path, body, parameters)
        if answer.status_code == 401:
            self._renew()
            answer = self._send(method, path, body, parameters)
        return self._read(answer, f"{method} {path}")

    def listed(self, path: str, workspace: str) -> Iterator[Json]:
        """Yield all items of a list. Its ``next`` is not used: it may name a host that only Airbyte can reach."""
        offset = 0
        while True:
            page = self.call("GET", path, workspaceIds=workspace, limit=PAGE, offset=offset)["data"]
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE

    def _renew(self) -> None:
        self._token = ""
        body = self._credentials | {"grant-type": "client_credentials"}
        answer = self._send("POST", "/applications/token", body)
        if answer.status_code in {400, 401, 403}:
            raise RegistrationError(
                "Airbyte refused AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET. Copy them from an application under "
                "User settings > Applications."
            )
        self._token = self._read(answer, "POST /applications/token")["access_token"]
        self.secrets.add(self._token)

    def _send(
        self, method: str, path: str, body: Json | None, parameters: Json | None = None
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            return requests.request(
                method,
                self._api + path,
                headers=headers,
                json=body,
                params=parameters,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
            )
        except requests.ReadTimeout as error:
            raise RegistrationError(
                f"Airbyte did not answer {method} {path} within {ANSWER_SECONDS // 60} minutes. It may still have "
                "done it. Run this again: nothing is created twice."
            ) from error
        except requests.RequestException as error:
            raise RegistrationError(
                f"Airbyte cannot be reached at {self._api}. Check --api and the network."
            ) from error

    def _read(self, answer: requests.Response, request: str) -> Any:  # noqa: ANN401 - JSON
        try:
            read = answer.json()
        except ValueError as error:
            raise RegistrationError(
                f"The server at {self._api} is not Airbyte's API (status {answer.status_code} to {request}). "
                "Check --api: it ends with /api/public/v1."
            ) from error
        if answer.ok:
            return read
        told = self._hidden(_told(read))
        if answer.status_code == 403:
            told += " The application's user needs to be an editor of the workspace."
        if answer.status_code == 404:
            told += " Check --workspace, --destination and --api."
        raise RegistrationError(f"Airbyte refused {request} ({answer.status_code}): {told}")

    def _hidden(self, text: str) -> str:
        # As they are, and as JSON and Python write them.
        forms = {
            form for secret in self.secrets for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])
        }
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "***")
        return text


def main() -> None:
    """Do what the plan says, and print what was done."""
    arguments = _arguments()
    try:
        airbyte = Airbyte(arguments.api, _environment("AIRBYTE_CLIENT_ID"), _environment("AIRBYTE_CLIENT_SECRET"))
        _register(airbyte, _plan(arguments.plan), arguments)
    except RegistrationError as error:
        sys.exit(str(error))


def _register(airbyte: Airbyte, plan: Json, arguments: argparse.Namespace) -> None:
    connections = plan["connections"]
    configs = {wanted["name"]: _config(arguments.plan.parent / wanted["config"]) for wanted in connections}
    for config in configs.values():
        airbyte.secrets.update(_texts(config))
    definitions = {
        key: _define(airbyte, arguments.workspace, wanted) for key, wanted in plan["definitions"].items()
    }
    for wanted in connections:
        definition, is_new = definitions[wanted["definition"]]
        source = {"name": wanted["name"], "configuration": configs[wanted["name"]]}
        source_id, is_changed = _supply(airbyte, arguments, definition, source)
        _connect(airbyte, arguments, source_id, wanted, is_stale=is_new or is_changed)


def _plan(path: Path) -> Json:
    try:
        plan = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RegistrationError(f"The plan {path} cannot be read: {error}.") from error
    for part, needed in NEEDED.items():
        found = plan.setdefault(part, {} if part == "definitions" else [])
        for wanted in found.values() if isinstance(found, dict) else found:
            if missing := needed - wanted.keys():
                raise RegistrationError(
                    f"In the plan, one of {part} lacks {', '.join(sorted(missing))}: {wanted}."
                )
    if unknown := {wanted["definition"] for wanted in plan["connections"]} - set(plan["definitions"]):
        raise RegistrationError(f"The plan has no [definitions.{min(unknown)}]. Add it, or use another one.")
    for key in ("name", "prefix"):
        values = [wanted[key] for wanted in plan["connections"]]
        if twice := {value for value in values if values.count(value) > 1}:
            raise RegistrationError(
                f"Several connections have the {key} {', '.join(sorted(twice))}. Use different ones: the name "
                "identifies a connection, and the prefix separates its tables."
            )
    return plan


def _define(airbyte: Airbyte, workspace: str, wanted: Json) -> tuple[str, bool]:
    """Register an image, or another tag of it. Return its id, and whether anything changed."""
    path = f"/workspaces/{workspace}/definitions/sources"
    known = airbyte.call("GET", path)["data"]
    found = [there for there in known if there["dockerRepository"] == wanted["repository"]]
    if not found and any(there["name"] == wanted["name"] for there in known):
        raise RegistrationError(
            f"There is another definition with the name {wanted['name']}. Airbyte cannot change its repository to "
            f"{wanted['repository']}: rename one of the two."
        )
    image = f"{wanted['repository']}:{wanted['tag']}"
    if not found:
        body = {
            "name": wanted["name"],
            "dockerRepository": wanted["repository"],
            "dockerImageTag": wanted["tag"],
            "documentationUrl": wanted["documentation"],
        }
        definition = airbyte.call("POST", path, body)
        _say("definition", wanted["name"], f"created, {image}")
        return str(definition["id"]), True
    there = _only(found, "definitions of " + wanted["repository"])
    if (there["name"], there["dockerImageTag"]) == (wanted["name"], wanted["tag"]):
        _say("definition", wanted["name"], f"unchanged, {image}")
        return there["id"], False
    airbyte.call("PUT", f"{path}/{there['id']}", {"name": wanted["name"], "dockerImageTag": wanted["tag"]})
    _say("definition", wanted["name"], f"updated from {there['dockerImageTag']} to {image}")
    return there["id"], True


def _supply(airbyte: Airbyte, arguments: argparse.Namespace, definition: str, wanted: Json) -> tuple[str, bool]:
    """Create a source, or update its config. Return its id, and whether anything changed."""
    sources = airbyte.listed("/sources", arguments.workspace)
    found = [there for there in sources if (there["name"], there["definitionId"]) == (wanted["name"], definition)]
    if not found:
        source = airbyte.call(
            "POST", "/sources", wanted | {"workspaceId": arguments.workspace, "definitionId": definition}
        )
        _say("source", wanted["name"], "created")
        return source["sourceId"], True
    there = _only(found, "sources with the name " + wanted["name"])
    if not arguments.update_secrets and _agree(wanted["configuration"], there["configuration"]):
        _say("source", wanted["name"], "unchanged")
        return there["sourceId"], False
    airbyte.call("PUT", f"/sources/{there['sourceId']}", wanted)
    _say("source", wanted["name"], "updated")
    return there["sourceId"], True


def _connect(
    airbyte: Airbyte, arguments: argparse.Namespace, source: str, wanted: Json, *, is_stale: bool
) -> None:
    """Create a connection, or update what differs from the plan. A paused connection stays paused."""
    pair = {"sourceId": source, "destinationId": arguments.destination}
    known = airbyte.call("GET", "/streams", **pair, ignoreCache="true" if is_stale else "false")
    modes = {stream["streamName"]: [mode for mode in MODES if mode in stream["syncModes"]] for stream in known}
    if unknown := [name for name in wanted["streams"] if name not in modes]:
        raise RegistrationError(f"{wanted['name']} has no stream {', '.join(unknown)}; it has {', '.join(modes)}.")
    if stuck := [name for name in wanted["streams"] if not modes[name]]:
        raise RegistrationError(
            f"The destination supports none of the modes {', '.join(MODES)} for {', '.join(stuck)}. Leave it out."
        )
    streams = [{"name": name, "syncMode": modes[name][0]} for name in wanted["streams"]]
    body = {
        "configurations": {"streams": streams},
        "schedule": {"scheduleType": "cron", "cronExpression": wanted["cron"]},
        "prefix": wanted["prefix"],
        "namespaceDefinition": "destination",
        "nonBreakingSchemaUpdatesBehavior": "propagate_columns",
    }
    connections = airbyte.listed("/connections", arguments.workspace)
    found = [there for there in connections if all(there[key] == value for key, value in pair.items())]
    if not found:
        airbyte.call("POST", "/connections", {"name": wanted["name"]} | pair | body)
        _say("connection", wanted["name"], f"created, {', '.join(wanted['streams'])}")
        return
    there = _only(found, "connections from the source " + wanted["name"] + " to the destination")
    changes = {key: value for key, value in body.items() if _comparable(key, there) != _comparable(key, body)}
    if changes:
        airbyte.call("PATCH", f"/connections/{there['connectionId']}", changes)
    _say("connection", wanted["name"], f"updated: {', '.join(changes)}" if changes else "unchanged")


def _comparable(key: str, connection: Json) -> object:
    value = connection.get(key)
    match key, value:
        case "configurations", {"streams": list(streams)}:
            return {stream["name"]: stream.get("syncMode") for stream in streams}
        case "schedule", {"scheduleType": "cron", "cronExpression": str(cron)}:
            # Airbyte adds the time zone; the default is UTC.
            return cron if cron.split()[-1][0].isalpha() and len(cron.split()) > 6 else f"{cron} UTC"
    return value


def _agree(wanted: object, there: object) -> bool:
    """Compare a config with Airbyte's copy, which has asterisks in place of secrets."""
    if isinstance(there, str) and there and not there.strip("*"):
        return isinstance(wanted, str)
    if isinstance(wanted, dict) and isinstance(there, dict):
        return wanted.keys() == there.keys() and all(_agree(wanted[key], there[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(there, list):
        return len(wanted) == len(there) and all(map(_agree, wanted, there))
    return wanted == there


def _only(found: list[Json], what: str) -> Json:
    if len(found) > 1:
        raise RegistrationError(f"Airbyte has {len(found)} {what}. Delete or rename all but one.")
    return found[0]


def _told(problem: Any) -> str:  # noqa: ANN401 - JSON
    """Return the message of an error, without what it repeats of the request."""
    if not isinstance(problem, dict):
        return "it does not say why."
    data = problem.get("data")
    words = [problem.get("detail"), data.get("message") if isinstance(data, dict) else None]
    words += [problem.get("message"), problem.get("title")]
    return next((word for word in words if isinstance(word, str) and word), "it does not say why.")


def _config(path: Path) -> Json:
    try:
        config: Json = json.loads(path.read_text())
    except OSError as error:
        raise RegistrationError(f"The config {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise RegistrationError(f"The config {path} is not JSON.") from error
    return config


def _texts(config: object) -> Iterator[str]:
    if isinstance(config, dict | list):
        for value in config.values() if isinstance(config, dict) else config:
            yield from _texts(value)
    elif isinstance(config, str) and config:
        yield config


def _environment(name: str) -> str:
    if not (value := os.environ.get(name, "")):
        raise RegistrationError(
            f"{name} is not set. Export it: Airbyte shows it under User settings > Applications."
        )
    return value


def _say(kind: str, name: str, what: str) -> None:
    print(f"{kind:<10}  {name}: {what}", flush=True)  # noqa: T201 - what was done


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path, help="a TOML file, such as plan.toml beside this script")
    parser.add_argument("--api", default="http://localhost:8000/api/public/v1", help="default: %(default)s")
    parser.add_argument("--workspace", required=True, help="the workspace's id")
    parser.add_argument("--destination", required=True, help="the id of an existing destination")
    parser.add_argument(
        "--update-secrets",
        action="store_true",
        help="write all configs again: Airbyte never returns secrets, so a changed one is not noticed",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

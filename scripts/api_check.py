"""Starts a server, puts something of everything into it, and lets Schemathesis at it. See scripts/api-check."""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

program, schemathesis, work, examples, seed = sys.argv[1:]
schemathesis = os.path.abspath(schemathesis)
DESCRIPTION = os.path.abspath("docs/openapi.json")

CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "missing_required_header",
        "unsupported_method",
        "ignored_auth",
        "use_after_free",
        "negative_data_rejection",
    ]
)
# A body that is too long is refused before anybody knows what else is wrong with it; so is one for a session that was
# erased.
REFUSED = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429]
"""
PASSWORD = "a-long-enough-password"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))


def ask(address, body=None, kind="application/json", method=None, **headers):
    """The answer's status, headers and text."""
    data = None if body is None else body.encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if data is not None:
        headers["content-type"] = kind
    request = urllib.request.Request(address, data, headers, method=method)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def made(answer):
    status, _, text = answer
    assert status in (200, 201), f"{status} {text}"
    return json.loads(text)


def start():
    ready, log = os.path.join(work, "ready"), open(os.path.join(work, "server.log"), "wb")
    command = [program, "--data", os.path.join(work, "data"), "--listen", "127.0.0.1:0"]
    command += ["--plain-http", "--ready-file", ready]
    server = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not os.path.exists(ready):
        assert server.poll() is None and time.monotonic() < deadline, "the server does not start"
        time.sleep(0.05)
    with open(ready, encoding="utf-8") as file:
        return server, json.load(file)


def administrator(server, sign_in):
    """The cookie of the first administrator."""
    form = "application/x-www-form-urlencoded"
    _, headers, _ = ask(sign_in)
    cookie = headers["set-cookie"].split(";")[0]
    fields = {"name": "root", "password": PASSWORD, "again": PASSWORD}
    fields = urllib.parse.urlencode(fields)
    status, headers, text = ask(f"{server}/first-admin", fields, form, cookie=cookie)
    assert status == 303, text
    return headers["set-cookie"].split(";")[0]


def report(server, session, incarnation, token):
    """A session that has begun, and one interval of it."""
    interval = "11111111-1111-4111-8111-111111111111"
    started = {"label": "x", "agent": "check", "sample_rate_hz": 5.0, "policy_version": "default-1"}
    started |= {"policy": {"alert_after_ms": 5000}, "models": []}
    closed = {"id": interval, "kind": "out_of_view", "start_ms": 1000, "end_ms": 9000}
    closed |= {"confidence": 0.9, "frames_looked_at": 9, "frames_skipped": 40, "closed_by": "seen_again"}
    closed |= {"sample_rate_hz": 5.0, "policy_version": "default-1", "models": []}
    prevhash, events = "0" * 64, []
    kinds = ["io.inview.session.started.v1", "io.inview.presence.interval.closed.v1"]
    for seq, (kind, data) in enumerate(zip(kinds, [started, closed]), 1):
        event = {"specversion": "1.0", "id": f"{incarnation.replace('-', '')}-{seq}"}
        event |= {"source": f"urn:inview:session:{session}", "datacontenttype": "application/json"}
        event |= {"prevhash": prevhash, "type": kind, "data": data}
        events.append(json.dumps(event))
        prevhash = hashlib.sha256(events[-1].encode()).hexdigest()
    body, kind = "[" + ",".join(events) + "]", "application/cloudevents-batch+json"
    address = f"{server}/v1/sessions/{session}/events"
    made(ask(address, body, kind, authorization=f"Bearer {token}"))
    return interval


def check(name, server, credential, config, *arguments):
    """One run of Schemathesis; whether nothing was found."""
    print(f"\n== {name}", flush=True)
    path = os.path.join(work, "schemathesis.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config + REFUSED)
    command = [schemathesis, "--config-file", path, "run", DESCRIPTION, "--url", server]
    command += ["--header", credential, "--checks", CHECKS, "--seed", seed]
    command += ["--max-examples", examples, "--request-timeout", "20", "--continue-on-failure"]
    # The stream does not end, and what ends it is its reader.
    command += ["--warnings", "off", "--exclude-operation-id", "stream", *arguments]
    # It leaves notes where it is started.
    return subprocess.run(command, check=False, cwd=work).returncode == 0


def main():
    process, ready = start()
    try:
        server = ready["address"]
        cookie = administrator(server, ready["sign_in"])

        def post(address, body):
            return made(ask(server + address, json.dumps(body), cookie=cookie))

        token = post("/v1/tokens", {"name": "check", "scope": "admin"})["token"]
        other = post("/v1/tokens", {"name": "to be taken back", "scope": "read"})["id"]
        exam = post("/v1/exams", {"name": "Law 1"})["exam"]
        session = post("/v1/sessions", {"label": "x", "exam": exam})["session"]
        account = post("/v1/accounts", {"name": "ann", "role": "proctor"})["id"]
        with open(ready["agent_token_file"], encoding="utf-8") as file:
            agent = file.read().strip()
        interval = report(server, session, "22222222-2222-4222-8222-222222222222", agent)
        known = {"session": session, "exam": exam, "account": account}
        known |= {"interval": interval, "token": other}
        known = "[parameters]\n" + "".join(
            f'"path.{name}" = "{value}"\n' for name, value in known.items()
        )
        bearer, tests = f"Authorization: Bearer {token}", "examples,coverage,fuzzing"
        agents = f"Authorization: Bearer {agent}"
        # With ids that it has been told, these would end what it asks by.
        spared = ["--exclude-operation-id", "revoke_token", "--exclude-operation-id", "change_account"]
        whole = [
            check("An administrator's token, what exists", server, bearer, known, "--phases", tests),
            check("An administrator's token, anything", server, bearer, "", "--phases", tests, *spared),
            check("An agent's token", server, agents, known, "--phases", tests, "--include-tag", "agents"),
            check("One call after another", server, bearer, "", "--phases", "stateful", *spared),
        ]
        status, _, _ = ask(f"{server}/readyz")
        assert process.poll() is None and status == 200, "the server is not well afterwards"
        state = made(ask(f"{server}/v1/audit/state", authorization=f"Bearer {token}"))
        print(f"\nThe record of who did what afterwards: {state}")
        assert state["state"] == "whole"
        return 0 if all(whole) else 1
    finally:
        process.terminate()
        process.wait(timeout=30)


sys.exit(main())

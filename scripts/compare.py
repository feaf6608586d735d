"""Compares the intervals of a replay with those that the server holds.

usage: compare.py READY.json REPLAY.json

READY.json is the server's ready file, REPLAY.json a document of inview-replay. Exit status 0 only
when the server has the same intervals: same ids, same number, and in each the same kind, start,
end, confidence and reason of its end.
"""

import json
import operator
import ssl
import sys
import urllib.request

COMPARED = ("id", "kind", "start_ms", "end_ms", "confidence", "closed_by")
BY_ID = operator.itemgetter("id")


def server_says(ready, path):
    """What the read API answers; the certificate is checked against the server's authority."""
    with open(ready["proctor_token_file"], encoding="utf-8") as file:
        token = file.read().strip()
    request = urllib.request.Request(
        ready["address"] + path, headers={"Authorization": f"Bearer {token}"}
    )
    context = ssl.create_default_context(cafile=ready["authority"])
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with direct.open(request, timeout=30) as answer:
        return json.load(answer)


def printed_intervals(replay):
    for interval in replay["intervals"]:
        times = {f"{end}_ms": round(interval[f"{end}_s"] * 1000) for end in ("start", "end")}
        yield {name: (interval | times)[name] for name in COMPARED}


def main():
    ready_file, replay_file = sys.argv[1:]
    with open(ready_file, encoding="utf-8") as file:
        ready = json.load(file)
    with open(replay_file, encoding="utf-8") as file:
        replay = json.load(file)

    sessions = [session["session"] for session in server_says(ready, "/v1/sessions")["sessions"]]
    if sessions != [replay["session_id"]]:
        sys.exit(f"the server should hold the session {replay['session_id']} alone, and has {sessions}")
    stored = server_says(ready, f"/v1/sessions/{sessions[0]}/intervals")["intervals"]
    held = [{name: interval.get(name) for name in COMPARED} for interval in stored]
    printed = list(printed_intervals(replay))
    if not printed:
        sys.exit("the replay found no interval: there is nothing to compare")

    for interval in printed:
        if interval not in held:
            print(f"not at the server: {interval}", file=sys.stderr)
    for interval in held:
        if interval not in printed:
            print(f"only at the server: {interval}", file=sys.stderr)
    if sorted(printed, key=BY_ID) != sorted(held, key=BY_ID):
        sys.exit(f"they differ: {len(printed)} intervals in the replay, {len(held)} at the server")
    print(f"The server holds exactly these {len(held)} intervals, each of them once.")


if __name__ == "__main__":
    main()

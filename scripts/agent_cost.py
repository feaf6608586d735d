"""Measures the agent without a window: see `agent-cost`, which makes the camera's pictures.

    agent_cost.py INVIEW INVIEW_SERVER WORK SECONDS

Processor time is that of all threads, as the kernel counts it; memory is what is resident, program and
libraries with it.
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time

SESSION = "8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60"
PATIENCE = 60.0
# Before that the exam begins, and the first looks set everything up.
WARM = 10.0


def until(what, found):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.05)
    sys.exit(f"agent-cost: it did not come to this: {what}")


def ticks(process):
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    user, system = stat.rsplit(")", 1)[1].split()[11:13]
    return int(user) + int(system)


def memory(process):
    """Megabytes by kind."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {kind: int(fields[kind].split()[0]) / 1024 for kind in ("VmRSS", "RssAnon", "RssFile", "VmHWM")}


def start(command, **more):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **more)


def watch(process, seen):
    """The states that the agent tells, as it tells them."""
    for line in process.stdout:
        seen.append(line)


def measure(agent, server, work, seconds):
    ready = work / "ready.json"
    listen = ["--listen", "127.0.0.1:0", "--ready-file", str(ready)]
    started = [start([server, "--data", str(work / "server"), *listen])]
    try:
        until("the server is ready", lambda: ready.exists() and ready.stat().st_size)
        about = json.loads(ready.read_text(encoding="utf-8"))
        token = pathlib.Path(about["agent_token_file"]).read_text(encoding="utf-8").strip()
        session = {"server": about["address"], "session": SESSION, "label": "Seat 7", "token": token}
        session |= {"authority": about["authority"], "policy": {"version": "cost-1", "lowest_sample_rate_hz": 5.0}}
        (work / "session.json").write_text(json.dumps(session), encoding="utf-8")
        command = [agent, "--headless", "--begin", "--session", str(work / "session.json")]
        command += ["--data", str(work / "agent"), "--replay", str(work / "camera.avi")]
        process = start(command, stdin=subprocess.PIPE)
        started.append(process)
        seen = []
        threading.Thread(target=watch, args=(process, seen), daemon=True).start()
        until("the agent says something", lambda: seen)
        time.sleep(WARM)
        before, begun = ticks(process), time.monotonic()
        time.sleep(seconds)
        if process.poll() is not None:
            sys.exit(f"agent-cost: the agent ended with {process.returncode}")
        took = time.monotonic() - begun
        share = 100 * (ticks(process) - before) / os.sysconf("SC_CLK_TCK") / took
        return share, memory(process), seen
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def main():
    agent, server, work, seconds = sys.argv[1:]
    load = os.getloadavg()[0]
    share, held, seen = measure(agent, server, pathlib.Path(work), float(seconds))
    print(f"load before: {load:.2f} of {os.cpu_count()} cores; the agent said {len(seen)} lines, the last one:")
    print(f"  {seen[-1].strip()[:200]}")
    rows = [
        ("the program (MB)", os.path.getsize(agent) / 1e6, 40),
        ("processor time (% of one core)", share, 1.5),
        ("resident memory (MB)", held["VmRSS"], 60),
        ("  of it its own", held["RssAnon"], None),
        ("  of it pages of program and libraries", held["RssFile"], None),
        ("  the most there was", held["VmHWM"], None),
    ]
    print(f"{'what':44} {'measured':>10} {'target':>8}")
    for what, value, target in rows:
        verdict = "" if target is None else f"{target:8} {'met' if value <= target else 'NOT MET'}"
        print(f"{what:44} {value:10.2f} {verdict}")


main()

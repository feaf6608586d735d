#!/usr/bin/env python3
"""Uses the candidate's window over the accessibility bus and the keyboard: see window-check, which
starts it on a display and a bus of its own.

usage: window.py PROGRAMS WORK SCREENS
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

CONTROLS = {"push button", "toggle button", "check box", "radio button"}
PATIENCE = 60.0
SESSION = "8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60"


def until(what, found, patience=PATIENCE):
    """Asks again and again until there is an answer, and gives it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            answer = found()
        except GLib.Error:
            answer = None  # the tree changed while it was read
        if answer:
            return answer
        time.sleep(0.02)
    show_tree()
    sys.exit(f"window-check: it did not come to this: {what}")


def start_bus():
    """The session's bus starts the one for accessibility when it is asked for."""
    for name in ("IsEnabled", "ScreenReaderEnabled"):
        command = ["gdbus", "call", "--session", "--dest", "org.a11y.Bus"]
        command += ["--object-path", "/org/a11y/bus"]
        command += ["--method", "org.freedesktop.DBus.Properties.Set"]
        command += ["org.a11y.Status", name, "<true>"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        until("a bus for accessibility", lambda: subprocess.run(command, **quiet).returncode == 0)
    Atspi.init()


def application():
    desktop = Atspi.get_desktop(0)
    for index in range(desktop.get_child_count()):
        child = desktop.get_child_at_index(index)
        if child and child.get_name() == "inview":
            return child
    return None


def everything(node=None):
    if node is None:
        node = application()
        if node is None:
            return
        node.clear_cache()
    yield node
    for index in range(node.get_child_count()):
        child = node.get_child_at_index(index)
        if child:
            yield from everything(child)


def show_tree():
    try:
        for node in everything():
            print("   ", node.get_role_name(), repr(node.get_name()), file=sys.stderr)
    except GLib.Error as error:
        print("    no tree:", error, file=sys.stderr)


def has(node, state):
    return node.get_state_set().contains(state)


def named(name, part=False):
    def fits(text):
        return name in text if part else text == name

    return next((node for node in everything() if fits(node.get_name() or "")), None)


def see(name, part=False, patience=PATIENCE):
    return until(f"{name!r} is seen", lambda: named(name, part), patience)


def usable(name):
    node = named(name)
    return node if node and has(node, Atspi.StateType.ENABLED) else None


def press(name):
    """Through the bus, as a screen reader does it."""
    node = until(f"{name!r} can be used", lambda: usable(name))
    if not node.get_action_iface().do_action(0):
        sys.exit(f"window-check: {name!r} cannot be pressed over the accessibility bus")


def keys(*names):
    subprocess.run(["xdotool", "key", "--delay", "40", *names], check=True)


def tab_to(name):
    """By keyboard alone."""
    for _ in range(40):
        node = named(name)
        if node and has(node, Atspi.StateType.FOCUSED):
            return
        before = focused()
        keys("Tab")
        until("the focus moves", lambda: focused() != before, 10)
    sys.exit(f"window-check: the Tab key does not lead to {name!r}")


def focused():
    inner = [node for node in everything() if has(node, Atspi.StateType.FOCUSED)]
    return [(node.get_role_name(), node.get_name()) for node in inner]


def check_controls(screen):
    """Every control has a name, a role, and something that can be done with it."""
    count = 0
    for node in everything():
        role = node.get_role_name()
        if role == "image" and not node.get_name():
            sys.exit(f"window-check: {screen}: an image without a name")
        if role not in CONTROLS:
            continue
        count += 1
        action = node.get_action_iface()
        if not node.get_name():
            sys.exit(f"window-check: {screen}: a {role} without a name")
        if has(node, Atspi.StateType.ENABLED) and not (action and action.get_n_actions()):
            sys.exit(f"window-check: {screen}: {node.get_name()!r} cannot be pressed")
    if not count:
        sys.exit(f"window-check: {screen}: no control at all")
    print(f"  {screen}: {count} controls, each with a name, a role and an action")


def start_server(programs, work):
    ready = f"{work}/ready.json"
    command = [f"{programs}/inview-server", "--data", f"{work}/server"]
    command += ["--listen", "127.0.0.1:0", "--ready-file", ready]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until("the server is ready", lambda: os.path.exists(ready))
    with open(ready, encoding="utf-8") as file:
        return server, json.load(file)


class Window:
    """The program, what it logs, and when."""

    def __init__(self, programs, work, ready):
        with open(ready["agent_token_file"], encoding="utf-8") as file:
            token = file.read().strip()
        session = {"server": ready["address"], "session": SESSION, "label": "Seat 7"}
        session |= {"token": token, "authority": ready["authority"]}
        with open(f"{work}/session.json", "w", encoding="utf-8") as file:
            json.dump(session, file)
        command = [f"{programs}/inview", "--session", f"{work}/session.json"]
        command += ["--data", f"{work}/agent", "--replay", "assets/demo/leave_ladder.mp4"]
        environment = os.environ | {"INVIEW_LOG": "inview=debug"}
        self.first_picture = None
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stderr:
            if self.first_picture is None and "the preview has its first picture" in line:
                self.first_picture = time.monotonic() - self.begun

    def focus(self):
        command = ["xdotool", "search", "--onlyvisible", "--name", "^InView$"]
        find = lambda: subprocess.run(command, capture_output=True, text=True).stdout.split()  # noqa: E731
        self.id = until("a window", find)[0]
        subprocess.run(["xdotool", "windowmove", self.id, "0", "0"], check=True)
        subprocess.run(["xdotool", "windowfocus", "--sync", self.id], check=True)

    def ticks(self):
        """Clock ticks of each thread, by its name."""
        ticks = {}
        folder = f"/proc/{self.process.pid}/task"
        for task in os.listdir(folder):
            try:
                with open(f"{folder}/{task}/stat", encoding="utf-8") as file:
                    head, rest = file.read().rsplit(")", 1)
            except OSError:
                continue
            name = head.split("(", 1)[1]
            user, system = rest.split()[11:13]
            ticks[name] = ticks.get(name, 0) + int(user) + int(system)
        return ticks

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            line = next(line for line in file if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def measure(self, what, seconds=5.0):
        """Share of one processor; the drawing by software (llvmpipe) is in it."""
        before, begun = self.ticks(), time.monotonic()
        time.sleep(seconds)
        after, took = self.ticks(), time.monotonic() - begun
        rate = os.sysconf("SC_CLK_TCK") * took / 100
        shares = {name: (after[name] - before.get(name, 0)) / rate for name in after}
        drawing = sum(share for name, share in shares.items() if draws(name))
        parts = sorted(shares.items(), key=lambda part: -part[1])
        parts = ", ".join(f"{name} {share:.1f}" for name, share in parts if share >= 0.1)
        print(f"  {what}: {sum(shares.values()):.1f} % of one processor, {drawing:.1f} % of it for")
        print(f"    the window; {self.memory():.0f} MB ({parts})")


def draws(thread):
    return thread == "inview" or thread.startswith("llvmpipe")


def shoot(screens, name):
    """The window, once its picture stands still."""
    path, last = f"{screens}/{name}.png", None
    find = ["xdotool", "search", "--onlyvisible", "--name", "^InView$"]
    window = subprocess.run(find, check=True, capture_output=True, text=True).stdout.split()[0]
    for _ in range(100):
        command = ["import", "-window", window, "png:-"]
        picture = subprocess.run(command, check=True, capture_output=True).stdout
        if picture == last:
            break
        last = picture
    with open(path, "wb") as file:
        file.write(last)


def shoot_page(page, screens):
    """The saved page as a browser shows it, where there is one."""
    browser = shutil.which("chromium")
    if not browser:
        return
    command = [browser, "--headless", "--disable-gpu", "--hide-scrollbars"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []
    command += ["--window-size=820,1240", f"--screenshot={screens}/copy.png", f"file://{page}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, timeout=PATIENCE, **quiet)


def ask(ready, path):
    with open(ready["proctor_token_file"], encoding="utf-8") as file:
        token = file.read().strip()
    request = urllib.request.Request(ready["address"] + path)
    request.add_header("Authorization", f"Bearer {token}")
    context = ssl.create_default_context(cafile=ready["authority"])
    with urllib.request.urlopen(request, context=context, timeout=10) as answer:
        return json.load(answer)


def walk(window, ready, work, screens):
    see("Before your exam")
    window.focus()
    check_controls("consent")
    shoot(screens, "welcome")
    press("I have read this and agree")
    press("Continue to the camera check")
    see("Camera check")
    until("there is a picture", lambda: window.first_picture)
    print(f"  from the start of the program to the first picture: {window.first_picture:.2f} s")
    until("the exam can be started", lambda: usable("Start the exam"))
    check_controls("camera check")
    shoot(screens, "check-in")
    window.measure("camera check")
    press("Start the exam")

    see("Exam in progress")
    check_controls("exam")
    see("You are in view")
    shoot(screens, "exam")
    window.measure("in the exam, full window")
    away = ("You are out of view. Please come back.", "You are not in view")
    is_away = lambda: all(named(text) for text in away)  # noqa: E731
    until("the candidate is away", is_away)
    shoot(screens, "exam-away")
    while not is_away():  # back before the picture was taken: the recording has longer absences
        until("the candidate is away", is_away)
        shoot(screens, "exam-away")
    tab_to("Small window on top")
    keys("Return")
    see("Full window")
    until("the exam has gone on", lambda: named("Thank you, you are in view again."))
    shoot(screens, "compact")
    until("nothing is told", lambda: not named("Thank you, you are in view again."))
    window.measure("in the exam, small window")
    tab_to("Full window")
    keys("space")
    tab_to("End the exam")
    keys("Return")
    see("End the exam?")
    check_controls("question")
    shoot(screens, "end-question")
    tab_to("Yes, end it")
    keys("Return")

    see("Everything has arrived. You can close this window.")
    press("Save a copy")
    see("Saved to", part=True)
    check_controls("end")
    shoot(screens, "end")
    for language, name in [("Deutsch", "end-german"), ("日本語", "end-japanese")]:
        press(language)
        until(f"it speaks {language}", lambda: not named("Save a copy"))
        shoot(screens, name)
    press("English")
    for ending in ("json", "html"):
        path = f"{work}/agent/copies/inview-{SESSION}.{ending}"
        if not os.path.getsize(path):
            sys.exit(f"window-check: {path} is empty")
    shoot_page(path, screens)
    session = ask(ready, f"/v1/sessions/{SESSION}")
    if session["status"] != "ended" or session["intervals"] < 1:
        sys.exit(f"window-check: the server does not have it all: {session}")
    press("Close")
    status = window.process.wait(PATIENCE)
    if status != 0:
        sys.exit(f"window-check: the program ended with {status}")
    if window.first_picture >= 2.0 and "release" in sys.argv[1]:
        sys.exit("window-check: the first picture took longer than 2 s")


def main():
    programs, work, screens = sys.argv[1:]
    start_bus()
    started = []
    try:
        server, ready = start_server(programs, work)
        started.append(server)
        window = Window(programs, work, ready)
        started.append(window.process)
        walk(window, ready, work, screens)
        print("All of the window was reached by keyboard and by the accessibility bus.")
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


main()

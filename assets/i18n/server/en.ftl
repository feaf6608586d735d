# What those read who watch and run exams, and candidates on the page of their link. Plain words: presence is
# reported, never judged. Messages `…-html` are HTML.

language-tag = en
language = Language
skip = Skip to the content
nav = Main
foot = InView reports presence, and when the camera could not look. What it means is for a person to judge.
to-sessions = To the sessions
list-comma = ,{" "}
when = { $year }-{ $month }-{ $day } { $time }
span-seconds = { $seconds } s
span-minutes = { $minutes } min { $seconds } s
span-hours = { $hours } h { $minutes } min
pages = Pages
name = Name
role = Role
state = State
room = Room
code = Code
exam = Exam
session = Session
candidate = Candidate
all = all
show = Show
id = Id
made-at = made { $time }
good-until = Good until
good-once-until = Good once, until
sessions = { $count ->
    [0] no sessions
    [one] 1 session
   *[other] { $count } sessions
}
rooms = { $count ->
    [0] no rooms
    [one] 1 room
   *[other] { $count } rooms
}
candidates = { $count ->
    [0] no candidates
    [one] 1 candidate
   *[other] { $count } candidates
}
alerts = { $count ->
    [0] no alerts
    [one] 1 alert
   *[other] { $count } alerts
}
sessions-title = Sessions
exams-title = Exams
accounts-title = Accounts
tokens-title = Tokens
alerts-title = Alerts

## Signing in
sign-in = Sign in
sign-out = Sign out
sign-in-with = Sign in with { $organisation }
sign-in-or = Or with a password of this server:
sign-in-code = Code of your authenticator app, if you use one
sign-in-token = Sign in by a token instead
sign-in-token-label = Proctor’s token
sign-in-token-note-html = It stands in the file <code>proctor.token</code> of the server. While there is no administrator, the server prints a link that signs in when it starts.
sign-in-token-button = Sign in by the token
signed-in-title = Signed in
signed-in = You are signed in
password = Password
password-again = The same again
password-current = Current password
password-new = New password
password-own = Your password
password-change = Change the password
password-note = { $count } characters or more. Your other browsers are signed out.
set-password = Set your password
set-the-password = Set the password
set-password-note = { $count } characters or more. A few words that belong to no song are good.
first-admin = The first administrator
first-admin-intro = Nobody can sign in to this server yet. Make an account for yourself: it may do everything, and makes accounts for others.
first-admin-name-note = Such as an address of mail. It stands in the record of who did what.
first-admin-not-now = Not now: to the sessions
make-account = Make the account

## Accounts
account = Account
own-account = Your account
role-admin = admin
role-proctor = proctor
role-auditor = auditor
role-option-admin = Administrator
role-option-proctor = Proctor
role-option-auditor = Auditor
role-set = Set the role
totp-title = Second factor
totp-intro = An app on your phone makes a new code every 30 seconds, which is then asked for when you sign in. Read the picture with the app, or type in the secret.
totp-picture = The secret below, for the camera of an authenticator app
totp-secret = Secret
totp-code = Code that the app shows
totp-use = Use the second factor
totp-on = Your app’s code is asked for when you sign in.
totp-off = Do without the second factor
link = Link
link-title = Link for { $name }
link-heading = A link for { $name }
link-note = Give it to the person alone: whoever opens it sets the password. It stands here only now.
account-new = New account
account-new-note = You get a link by which the person sets a password.
account-name-taken = this name is taken
account-name-taken-or-faster = this name is taken, or somebody was faster
account-may = What the person may do
account-may-proctor = Proctor: watches the exams that you assign, and writes to candidates
account-may-auditor = Auditor: sees everything, changes nothing
account-may-admin = Administrator: everything
accounts-none = There is no account yet.
account-disabled = disabled
account-no-password = no password yet
account-two-factors = two factors
account-password = password
account-all-exams = all
account-with-totp = with a second factor
account-without-totp = without a second factor
account-admin-exams = Administrators have to do with all exams.
account-auditor-exams = Auditors see all exams.
account-watches = Watches the sessions of
account-assign = Assign
account-sign-in = Sign-in
account-take-totp = Take the second factor away: the device is lost
account-make-link = Make a link for a new password
account-own-note = This is your own account: its role and its end are for another administrator to decide.
account-enable = Enable the account
account-disable = Disable the account

## Tokens of programs
token = Token
token-new = New token
token-scope = Scope
token-note = Keep it now: the server knows its hash alone, and this page does not come again.
tokens-heading = Tokens for programs
tokens-none = No token has been made here.
tokens-none-note = Those in the server’s folder are not on this list.
token-name = What it is for
token-may = What it may do
token-may-audit = audit: read
token-may-read = read: read, and give commands
token-may-manage = manage: make exams, issue sessions
token-may-write = write: report for any session
token-may-admin = admin: everything but reports
token-for = For
all-exams = all exams
token-for-one = for one exam
token-days = Good for so many days
token-make = Make the token
token-made = made { $time } by { $by }
token-good-until = good until { $time }
token-good = good
token-expired = expired
token-taken-back = taken back
token-take-back = Take back
token-take-back-named = Take back the token { $name }

## Webhooks
webhook-new = New webhook
webhook-name = Whose it is
webhook-url = Where messages go
webhook-types = A message is sent when
webhook-type-presence-opened = an alert about presence is open
webhook-type-presence-closed = an interval about presence is over
webhook-type-camera-opened = the camera cannot look
webhook-type-camera-closed = the camera can look again
webhook-type-gap-opened = nothing is heard of a session
webhook-type-gap-closed = a session is heard of again
webhook-type-started = a session has started
webhook-type-ended = a session has ended
webhook-type-review = somebody has reviewed an interval
webhook-type-ping = a test
webhook-labels-tell = Tell what candidates are called; without it, only their sessions’ numbers
webhook-make = Make the webhook
webhooks-none = Nobody is told anything yet.
webhooks-none-note = A webhook tells another system by itself what happens here.
webhook-disabled = disabled
webhook-in-use = in use
webhook-failing = failing
webhook-all-exams = for all exams
webhook-one-exam = one exam
webhook-told-all = told of everything
webhook-told = told of { $count } of { $all } kinds
webhook-labels-with = with labels
webhook-labels-without = without labels
webhook-waiting = { $count ->
    [0] no messages wait
    [one] 1 message waits
   *[other] { $count } messages wait
}
webhook-arrived = last arrived { $time }
webhook-arrived-never = nothing has arrived
webhook-old-secret = the old secret is good until { $time }
webhook-retry = It is tried again, after { $count ->
    [one] 1 attempt
   *[other] { $count } attempts
}:
webhook-retry-at = It is tried again at { $time }, after { $count ->
    [one] 1 attempt
   *[other] { $count } attempts
}:
webhook-answered = it answered { $status }
webhook-answered-saying = it answered { $status }, “{ $fault }”
webhook-dead = { $count ->
    [0] no messages were given up
    [one] 1 message was given up
   *[other] { $count } messages were given up
}
webhook-send-all = Send all of them again
webhook-dead-disabled = They can be sent again once the webhook is enabled.
webhook-when = When
webhook-attempts = Attempts
webhook-answer = Answer
webhook-again = Again
webhook-send-again = Send again
webhook-send-again-named = Send again: { $what }, { $time }
webhook-test = Send a test
webhook-test-named = Send a test to { $name }
webhook-disable = Disable
webhook-disable-named = Disable { $name }
webhook-enable = Enable
webhook-enable-named = Enable { $name }
webhook-rotate = New secret
webhook-rotate-named = Make a new secret for { $name }
webhook-delete = Delete
webhook-delete-sure = I want to delete { $name }, and its messages with it
webhook-delete-button = Delete the webhook
webhook-secret-note = Give it to those who receive the messages: by it they know that a message comes from here. This page does not come again.
webhook-secret = Secret
webhook-address = Address
webhook-secret-before = The secret before this one is good until

## The record of who did what
audit-note = Who did what, and when, the newest first. Rows are only added; each has the hash of the one before it.
audit-whole = whole
audit-whole-so-far = whole as far as checked
audit-rows = { $count ->
    [0] no rows
    [one] 1 row
   *[other] { $count } rows
}
audit-head = the last has the hash
audit-checked-all = All rows were checked now ({ $now } UTC): each is as it was written.
audit-checked-new = All rows were checked at { $all } UTC. Now ({ $now } UTC) { $count ->
    [0] no row was new, and the last one was as it was.
    [one] the new one was checked.
   *[other] the { $count } new ones were checked.
} Whether an older row has been changed since then is seen when all are checked.
audit-check-all = Check all rows
audit-broken = Row { $number } is not as it was written: { $why }. Somebody has changed the database.
audit-who = Who
audit-anything = anything
audit-from = From (UTC)
audit-until = Until (UTC)
audit-none = No row is like this.
audit-row = Row
audit-when = When (UTC)
audit-detail = Session or detail
audit-hash = Hash
audit-older = Older rows
deed-signed-in = signed in
deed-signed-out = signed out
deed-command-given = command given
deed-fork-recorded = other history noticed
deed-silence-alerted = silence alerted
deed-sign-in-refused = sign-in refused
deed-session-issued = session issued
deed-exam-created = exam made
deed-exam-closed = exam closed
deed-policy-changed = policy changed
deed-language-changed = language of links changed
deed-roster-imported = list imported
deed-account-created = account made
deed-account-disabled = account disabled
deed-account-enabled = account enabled
deed-role-changed = role changed
deed-exams-assigned = exams assigned
deed-password-link-made = password link made
deed-password-set = password set
deed-second-factor-set = second factor set
deed-second-factor-removed = second factor removed
deed-token-made = token made
deed-token-revoked = token taken back
deed-reviewed = reviewed
deed-session-erased = session erased
deed-session-exported = session taken out
deed-webhook-made = webhook made
deed-webhook-enabled = webhook enabled
deed-webhook-disabled = webhook disabled
deed-webhook-secret-rotated = webhook’s secret renewed
deed-webhook-deleted = webhook deleted
deed-messages-sent-again = messages sent again

## Exams
exams-none = There is no exam yet.
exams-none-assigned = You are assigned to no exam.
exams-newest = Newest exams
exams-older = Older exams
exam-new = New exam
exam-make = Make the exam
exam-name = What the exam is called
exam-warn = Tell the candidate after, in seconds
exam-warn-note = The window says that they are not seen.
exam-alert = Alert the proctor after, in seconds
exam-alert-note = Not before the candidate has been told.
exam-record = Record after, in seconds
exam-record-note = Shorter absences are not in the report.
exam-rate = Pictures looked at, a second
exam-rate-note = More finds shorter absences, and costs the candidate’s computer more.
exam-virtual = When the camera is a program
exam-virtual-report = report it
exam-virtual-refuse = do not let the exam begin
exam-default = Default: { $value }.
exam-merge = Take for one what is no further apart than, in seconds
exam-merge-note = Intervals of one kind: a single absence, not three.
exam-lost = Camera lost after, in seconds
exam-lost-note = So long without any picture.
exam-lowest = No fewer pictures a second than
exam-lowest-note = While the candidate’s computer is low on battery, hot or busy.
exam-still = When the face moves only as a photo does, or a recording is played in a loop
exam-still-report = mark it for the proctor
exam-still-alert = tell the candidate, and alert
exam-still-ignore = do not look for it
exam-planned = Planned length in minutes
exam-planned-note = Shown to candidates and proctors. Nothing ends by itself, and a session can be extended. Empty: no end is planned.
exam-keep = Days for which reports stay on the candidate’s computer
exam-keep-note = After the exam, once all have arrived.
fault-number = This is no number.
fault-day = No time is longer than a day: it is in seconds.
fault-rate = Between { $least } and { $most }.
fault-days = Whole days, { $most } at most.
fault-minutes = Whole minutes from 1 to { $most }, or nothing.
fault-nothing = More than 0.
fault-choice = This cannot be chosen.
fault-name = One line of 1 to { $most } characters.
fault-rooms = At most { $most } rooms, one on each line, each of { $chars } characters at most.
fault-warn-late = The candidate is told first: not later than the proctor is alerted.
fault-alert-early = Not sooner than it is recorded.
exam-language = Language of the links’ pages
exam-language-browser = as the browser asks
exam-language-is = Language of the links’ pages: { $language }
exam-language-change = Change the language of the links
exam-language-note = For links that are made from now on; those that were handed out keep theirs.
exam-language-save = Keep this language
exam-rooms = Rooms, one on each line (may stay empty)
exam-wrong = No exam was made: see the fields that are marked.
exam-open = open
exam-closed = closed
exam-closed-aside = (closed)
exam-made = Made { $made }.
exam-made-closed = Made { $made }, closed { $closed }.
exam-close = Close the exam
exam-close-note = Nothing more is issued for it. Sessions that were issued go on.
exam-candidates = Candidates
exam-watch = Watch them
exam-nobody = Nobody is on the list yet.
exam-first = First of the list
exam-more = More of the list
exam-line = line { $line }: { $reason }
import-title = Import a list
import-intro-html = A table as CSV. Its first line names the columns: <code>name</code> or <code>pseudonym</code>, and <code>room</code> if you like. Each row gets a session with a code and links.
import-file = The file
import-list = Or the list itself
import-example = Candidate 1,A1
import-days = The codes are good for so many days
import-button = Import the list
rules = Rules
rules-default = The default policy.
rules-default-but = The default policy, but for:
rules-change = Change the rules
rules-note = For all candidates of the exam, also those who have a link already. What only programs set stays as it is.
rules-wrong = Not changed: see the fields that are marked.
rules-save = Keep these rules
rules-taken = A candidate’s program has taken a session and holds these rules: they cannot be changed any more.
rules-times = Times
rules-sampling = Pictures
rules-watched = What is watched
rules-besides = Besides
rooms-are = Rooms: { $rooms }
links-title = Links of { $exam }
links-heading = Codes and links
links-note = The codes stand here only now: keep them before you leave this page.
links-download = Download as CSV
links-page = Page for the candidate
links-page-short = Page

## A session that is issued
session-new = New session
session-name = What the session is called
session-name-note-html = A seat or a number, such as <q>Seat 7</q>. You get a code and links for the candidate.
session-make = Make a code
issued-note = Give the candidate the code or one of the links. They stand here only now: keep them before you leave this page.
issued-code = Code, for typing
issued-page = Page, for a message to the candidate
issued-link = Link, which opens InView

## The candidate’s page
join-title = Join your exam
join-intro = This exam uses InView, a program on your computer.
join-open = Open InView
join-by-hand = If nothing opens, install InView, or start it yourself and type in:
join-server = Server
join-note = The code is good for one computer. Opening this page does not use it up.
join-foot = InView notes whether you are in view of your camera. Your picture stays on your computer.

## The roster
roster-label = Sessions, the most urgent first
roster-none = No session has been reported yet.
roster-none-issuer-html = Make one above or import the list of an <a href="/exams">exam</a>, and give the code to the candidate. An agent or a replay that reports with a token of its own appears here with its first word.
roster-none-other-html = Sessions of the <a href="/exams">exams</a> that you have to do with appear here.
roster-unmatched = No session is like that.
sessions-newest = Newest sessions
sessions-older = Older sessions
session-nameless = Session { $session }
search = Search
search-by-name = Search by name
group-by = Group by
group-urgency = urgency
group-exam = exam
group-room = room
group-no-exam = no exam
group-no-room = no room
sound = Sound
sound-hint = (press any key to hear it)
notifications = Notifications
notifications-not-allowed = The browser does not allow them here
keys = Keys
keys-next = next alert
keys-rows = rows
keys-search = search
keys-in-row = in the row of an alert:
key-acknowledge = acknowledge
key-fine = fine
key-technical = technical
key-violation = violation
key-unsure = unsure
key-undo = undo
column-for = For
column-heard = Heard of
column-spark = Last ten minutes
row-for = for
row-heard = heard of
heard-never = never
heard-ago = { $time } ago
two-histories = two histories
to-review = to review
to-review-count = { $count } to review
reports-arrive = reports arrive
nothing-to-report = nothing to report
never-ended = never ended
code-good-until = code good until { $time }
spark-nothing = Last ten minutes: nothing to report
spark-one = Last ten minutes: { $kind }
spark-more = Last ten minutes: { $count } intervals: { $kinds }
legend = Legend
legend-title = Colours and signs
legend-note = Full-height bars last long enough to alert. Hatched: the camera could not look, or nothing was heard: nothing is known.
live = ● live
live-stale = ▲ not live since { $time }
live-signed-out = Signed out: load the page again
live-gone = Not among your sessions any more: load the page again
alert-new = New alert. { $what }
alerts-new = { $number } new alerts

state-alert = alert
state-could-not-look = could not look
state-silent = silent
state-fine = fine
state-checking-in = checking in
state-not-started = not started
state-ended = ended
status-checking-in = checking in
status-issued = not started
status-running = running
status-silent = silent
status-ended = ended
status-code-used = code used

kind-out-of-view = out of view
kind-face-not-visible = face not visible
kind-multiple-people = more than one person
kind-camera-covered = camera covered
kind-too-dark = too dark
kind-frozen-picture = picture frozen
kind-camera-lost = camera lost
kind-virtual-camera = virtual camera
kind-suspected-still-image = still image suspected
kind-suspected-loop = loop suspected
kind-agent-gap = agent not running
kind-reporting-gap = nothing heard
seen-not-yet = not looked at yet
seen-face = in view
seen-body-only = there, face not visible
seen-nobody = not in view
seen-no-frames = no picture from the camera
ended-open = still open
ended-seen-again = seen again
ended-could-not-look = camera could not look
ended-session = end of session
ended-incomplete = recording broke off
ended-agent-restart = agent restarted
ended-heard-again = heard of again

trouble-no-camera = no camera
trouble-camera-busy = camera busy
trouble-camera-denied = camera denied
trouble-camera-lost = camera lost
trouble-capture-stuck = capture stuck
trouble-virtual-camera = virtual camera
trouble-detector-failed = detector failed
trouble-overloaded = overloaded
trouble-battery-low = battery low
trouble-machine-hot = machine hot
trouble-storage-degraded = storage degraded
trouble-spool-failed = spool failed
trouble-server-unreachable = server unreachable
trouble-server-refuses = server refuses
strain-battery = battery low
strain-heat = computer hot
strain-load = computer busy

## Reviews of alerts
verdict-acknowledged = acknowledged
verdict-fine = fine
verdict-technical = technical
verdict-violation = violation
verdict-unsure = unsure
review-acknowledge = Acknowledge
review-fine = Fine
review-technical = Technical
review-violation = Violation
review-unsure = Unsure
review-undo = Undo
review-not-kept = Not kept ({ $status }): try again, or load the page again
review-all = All exams
review-waits = { $count ->
    [0] no alerts wait
    [one] 1 alert waits
   *[other] { $count } alerts wait
}
review-from = from { $from }
review-from-to = from { $from } to { $to }
review-confidence = confidence { $confidence }
review-in-session = In its session
review-place = This alert, in { $length }
review-whole = All of the session
review-intervals = { $count ->
    [0] No intervals
    [one] 1 interval
   *[other] { $count } intervals
} in { $length }
review-none = No alert of an exam that has ended waits for a verdict.
review-said-last = You said last:
costs-title = What alerts cost
costs-by-hour = Alerts an hour of exam
costs-alerts = Alerts in { $hours } hours
costs-between = Between two verdicts of yours
costs-median = { $time }, the median
percent = { $share } %
costs-note = Of sessions that have ended, the newest thousand. What waits is ordered by its kind and its length; short and ambiguous alerts come last.

## The page of a session
in-room = room { $room }
forked = There is more than one history of this session: it was noticed { $count ->
    [one] 1 time
   *[other] { $count } times
}.
forked-note = What is shown is what came first; why there are two is for a person to find out.
forked-from = , from report { $seq }
forked-reports = other reports under numbers that are taken
forked-head-behind = an agent that lacks reports which it has sent
forked-head-differs = other reports than the agent had told of
forked-foreign = reports that the session's key did not sign
forked-two-agents = two agents at the same time
rejected = { $count ->
    [one] 1 report could not be read and is missing here:
   *[other] { $count } reports could not be read and are missing here:
}
rejected-number = number { $seq } ({ $reason })
last-heard-title = When it was last heard of
now = Now
wrong = What is wrong
wrong-nothing = nothing
proof = Proof
proof-signed = signed, and made after the last answer
proof-none = none
proof-refused = { $count ->
    [one] 1 other heartbeat was refused
   *[other] { $count } other heartbeats were refused
}
last-heartbeat = Last heartbeat
phase-check-in = camera check, before the exam
phase-exam = exam
phase-ending = sending the last reports
phase-ended = exam ended
messages-title = Messages and requests
commands-over = The session has ended: nothing can be asked of its candidate any more. Whatever was not confirmed before the end may never have arrived.
message = Message
message-note = It stays on the candidate’s screen until they say that they have read it. Up to { $count } characters.
message-send = Send the message
command-message = message
command-allow-start = start allowed
command-check-camera = camera check
command-extend = more time
command-end = end
asked-check-camera = Check the camera
asked-extend = { $count ->
    [one] 1 minute more
   *[other] { $count } minutes more
}
outcome-waiting = waiting
outcome-unconfirmed = not known to have arrived
outcome-shown = shown
outcome-read = read
outcome-done = done
outcome-refused = refused
refused-unknown = the candidate’s program is older and does not know this
refused-malformed = the candidate’s program cannot read it
refused-already-begun = the exam had begun
refused-not-begun = the exam had not begun
refused-already-ended = the exam was over
refused-no-planned-end = no end is planned
refused-cannot = the candidate cannot mend the camera
checked-done = Candidate at { $at }: done. The camera then: { $state }
checked-cannot = Candidate at { $at }: cannot mend it. The camera then: { $state }
extended-to = At { $at }: planned for { $length } now
sent-at = sent { $time }
allow-start = Let the exam start although the candidate is not seen: reason
allow-start-note = The reason becomes a part of the session’s first report.
allow-start-button = Allow the start
check-camera = Check the camera
check-camera-note = The candidate sees their own picture and what to do, and answers. You learn how the camera stood when they did.
check-camera-button = Ask to check the camera
extend = More time, in minutes
extend-note = For this candidate alone: the planned end is later by so much. More can be added later.
extend-button = Put off the end
end-exam = End the exam of this candidate
end-exam-reason = Reason; the candidate reads it
end-exam-note = Watching stops at once, and what was noted is sent, as when candidates end by themselves.
end-exam-sure = I want to end this exam now; this cannot be undone
end-exam-button = End the exam
session-unheard = Nothing has been heard of this session yet.
timeline = Timeline
timeline-label = Timeline of { $session }: { $count ->
    [0] no intervals
    [one] 1 interval
   *[other] { $count } intervals
} in { $length }; the table below has them all
bar = { $what }: { $from } to { $to } ({ $seconds } s)
bar-open = { $what }: since { $from }
zoom = Zoom
zoom-in = Show less time, larger
zoom-out = Show more time, smaller
zoom-back = Earlier
zoom-on = Later
zoom-all = Whole exam
zoom-whole = The whole exam, { $length }
zoom-part = { $from } to { $to }
zoom-keys = Drag over a part to see it larger. Keys, from a button:
zoom-keys-intervals = next, previous interval
zoom-locate = Show in the timeline: { $what }, { $at }
attested = Heartbeats attest { $time } of the exam.
attested-whole = Heartbeats attest { $time } of the exam, without a gap.
gaps-title = Nothing heard
gaps-note = What happened then was not observed, whatever was told of it afterwards.
gap = { $from } to { $to }
gap-open = { $from } until now
gap-server = ; for { $time } of it the server itself did not run
intervals-title = Intervals
intervals-keys = In an alert’s row:
intervals-none = None has been reported.
intervals-first = Only the first { $shown } of { $count } intervals are shown.
interval-open = open
column-what = What
column-number = No.
from = From
to = To
seconds = Seconds
confidence = Confidence
ended-by = Ended by
alert = Alert
review = Review
note = Note
noticed-by-server = (noticed by the server)
told-afterwards = told afterwards
integrity-title = Reports and clocks
integrity-note = What the agent noticed about its own reports and about the computer’s clocks. It says how far the reports can be relied on, and nothing about the candidate.
noticed-damaged = The agent’s file of reports was damaged and set aside. Which reports were in it is not known.
noticed-damaged-arrived = The agent’s file of reports was damaged and set aside. All { $to } reports that were last in it had arrived.
noticed-damaged-missing = The agent’s file of reports was damaged and set aside. Those of its last { $to } reports that had not arrived, from { $from } on, are missing.
noticed-storage-degraded = The computer’s disk took no reports ({ $cause }); they were held in memory and sent from there.
noticed-storage-restored = The disk took reports again{ $count ->
    [0] ; all had arrived meanwhile.
    [one] , and 1 report that had not arrived.
   *[other] , and { $count } reports that had not arrived.
}
noticed-reports-lost = The memory for reports was full, too: { $count ->
    [0] no reports were not made.
    [one] 1 report was not made.
   *[other] { $count } reports were not made.
}
noticed-clock-back = The computer’s clock was set back by { $time }. Lengths do not depend on it.
noticed-clock-forward = The computer’s clock was set forward by { $time }. Lengths do not depend on it.
noticed-suspended = The computer slept for { $time }.
storage-full = disk full
storage-read-only = disk cannot be written to
storage-in-use = file in use by another program
storage-failing = disk failing, or the file cannot be opened
started = Started
issued = Issued
code-used = Code used
code-until = Code good until
first-heard = First heard of
last-heard = Last heard of
length = Length
length-so-far = { $time } so far
agent = Agent
looked-at = Looked at
frames-a-second = { $rate } frames a second
sampling-from = from { $time } on: { $rate }
policy = Policy
policy-whole = The whole policy
setting = Setting
value = Value
frames = Frames
frames-are = { $frames } came, { $sampled } looked at, { $unusable } unusable
recording-broke = Recording breaks off
start-allowed = Start allowed by a proctor, { $time }
ended-by-proctor = Ended by a proctor, { $time }
planned-length = Planned
planned-until = { $length }, until { $time }
planned-until-short = until { $time }
alert-after = Alert after
evidence = Evidence
recording-hash = Recording, SHA-256
consent = Consent, { $time }, in the language { $language }: SHA-256 of the text
model-hash = Model { $model }, SHA-256
chain = Unbroken chain of { $count ->
    [0] no reports
    [one] 1 report
   *[other] { $count } reports
}, SHA-256 of the last
erase = Erase
erase-note = When a candidate has asked for it. The session and all its reports are gone for good; that it was erased stays in the audit log, with its id and your name.
erase-sure = I want to erase this session; it cannot be undone
erase-button = Erase session

## What is given out of a session
export-title = Take out:
export-report = Report to print
export-table = Table (CSV)
export-signed = Signed events (JSON)
export-signed-note = For anybody to check: inview-server verify FILE
report-title = Report of a session
report-back = To the session
report-print = Print
report-made = Made { $time } by { $by }.
report-unfinished = The session has not ended: this is what was known then.
checked-title = Whether this is as it was reported
checked-nothing = Nothing has been reported: there is nothing to check.
checked-good = Checked: { $count ->
    [one] 1 report is
   *[other] { $count } reports are
} as reported, and the intervals agree with them.
checked-wrong = Something here is not as it was reported: see below.
checked-note = Computed from the kept bytes when this page was made: each report’s hash and signature, that each follows upon the one before, and that the intervals are those that were reported.
checked-tables = Tables of the server
incarnation = Reports of { $id }
chain-good = Unbroken up to report { $seq }: { $count ->
    [one] 1 report
   *[other] { $count } reports
}.
chain-missing = Of { $count ->
    [one] 1 more
   *[other] { $count } more
} only the place is left.
chain-signed = All are signed by the session’s key.
chain-unsigned = They are not signed: the session has no key.
chain-wrong = Wrong at report { $seq }, the first that is: { $reason }.
chain-head = Report { $seq }, SHA-256:
session-key = Key of the session
server-key = Key of the server
forked-never = No other history of this session was noticed.
wrong-format = this is no report of a known format
wrong-twice = one incarnation is there twice
wrong-unreadable = it cannot be read
wrong-identity = it is of another session or incarnation, or has another number
wrong-chain = it does not follow upon the one before it: something was changed or removed
wrong-not-signed = it has no signature
wrong-signature = its signature is not the session key’s on these bytes
wrong-receipt = the receipt is not signed by the server
wrong-received = the server has received it, and it is not here, or is another one
table-hash = Report { $seq } of { $id } is not what was hashed.
table-interval = Interval { $id } is not as it was reported.
table-intervals = { $kept } intervals are kept, and { $told } were reported.
table-integrity = What was told of reports and clocks is not as it was reported.

## Sentences of the API that pages show. Here they are as the API has them, which is how they are known.
problem-not-found = There is no such thing here
problem-erased = The session was erased
problem-method = This address is not used with this method
problem-parameter = A parameter cannot be used
problem-scope = The token is not for this
problem-role = This is not for your account
problem-too-large = The body is too large
problem-malformed = The body cannot be read
problem-too-fast = Too many requests for this session: try again later
problem-too-many-codes = Too many wrong codes came from here: try again later
problem-too-many-sign-ins = Too many sign-ins failed: try again later
problem-busy = Too much at once: try again
problem-internal = The server failed: try again
problem-foreign = Another site's page sent this
problem-sign-in-wrong = The name, the password or the code is not right.
problem-sign-in-token = This token is not accepted: it is unknown, expired, or no proctor's token.
problem-link-old = This link is used up or too old. Start the server again for a new one.
problem-password-link-old = This link is used up or too old. Ask an administrator for a new one.
problem-oidc-unreachable = The organisation’s sign-in cannot be reached or does not answer as it should. Try again later.
problem-oidc-broken-off = The sign-in was broken off, or took too long. Begin it again.
problem-oidc-no-account = You have no account here, or it is disabled: ask an administrator.
problem-password-wrong = the password is not right
problem-password-differ = the two passwords differ
problem-password-short = a password has { $count } characters or more
problem-password-long = a password has { $count } bytes at most
problem-totp-wrong = the code is not right: use the newest of the app
problem-account-name = a name has 1 to { $count } letters (a to z), digits and . _ @ + -
problem-account-own = this is your own account: ask another administrator
problem-account-role = there is no such role
problem-token-scope = scope is one of write, read, audit, manage, admin
problem-token-exam = a token for one exam is of scope read, audit or manage
problem-no-exam = there is no such exam
problem-no-exam-of-id = there is no exam { $exam }
problem-expires = expires_at is a time (RFC 3339) within the next { $days } days
problem-label = the label has 1 to { $count } characters, and no line breaks
problem-policy = no policy: { $fault }
problem-room = a room has 1 to { $count } characters, and no line breaks
problem-rooms = an exam has { $count } rooms at most
problem-language = language is one of en, de, es, ja
problem-form = the form cannot be read
problem-form-late = the form did not arrive in time
problem-bytes = at most { $count } bytes are taken
problem-box = the box is not marked
problem-list-not-text = the list is not UTF-8
problem-list-line-not-text = it is not UTF-8: save the list as “CSV UTF-8”
problem-list-long = a list has { $count } candidates at most
problem-list-empty = the list has no candidates below its header
problem-list-lines = { $count } lines cannot be used; nothing was issued
problem-list-same-name = the same name stands in line { $line }
problem-list-name = the name has 1 to 200 characters, and no line breaks
problem-list-values = it has { $values } values, and the header { $columns }
problem-list-no-columns = the first line must name the columns: name (or pseudonym), and room
problem-list-column = the header has a column { $column }: name (or pseudonym) and room are known
problem-list-column-twice = the header has two columns for { $column }
problem-list-no-room = the exam has no such room
problem-list-room-missing = the exam has rooms: name one
problem-note-long = a note has at most 500 characters
problem-text-empty = the text is empty
problem-text-long = the text has more than 500 characters
problem-text-odd = the text has control characters
problem-policy-of-exam = the policy is the exam's: leave it out
problem-policy-kind = a policy is an object of names and values
problem-rooms-of-exam = only an exam has rooms
problem-key-exam = Something else was asked for under this key
problem-exam-closed = The exam is closed: nothing more is issued for it
problem-exam-begun = An agent has taken a session of the exam: it holds the policy that it was given
problem-command = This cannot be asked of an agent
problem-command-kind = unknown kind
problem-commands-many = The session has as many commands as are kept for one
problem-session-ended = The session has ended
problem-no-planned-end = No end is planned that could be later
problem-minutes = the minutes must lie between 1 and 480
problem-reviews-many = The session has as many reviews as are kept for one
problem-body-kind = The body is not of the kind that is taken here
problem-body-late = The body did not arrive in time
problem-exam-id = exam must be the id of an exam
problem-after-exam = after must be the id of an exam
problem-after-session = after must be the id of a session
problem-session-id = session must be the id of a session
problem-time = { $name } must be a time (RFC 3339)
problem-after-number = after must be a number
problem-row-missing = it is missing
problem-row-changed = it has been changed: its bytes do not have its hash
problem-row-other = it is another row
problem-row-first = nothing can come before it
problem-row-before = it is not the row that the next one was written after
problem-row-unreadable = it cannot be read
problem-webhook-ping = a ping is sent to whoever asks for one: it is no choice
problem-webhook-off = the webhook is disabled: enable it first
problem-webhook-was-off = the webhook was disabled
problem-webhooks-many = There are 20 webhooks: delete one first
problem-url-long = url has at most 2000 bytes
problem-url = url is no address
problem-url-host = url names no machine
problem-url-name = url has no name, password or fragment
problem-url-https = url begins with https://; http:// is for this machine alone
problem-url-within = url is of a machine that is not to be reached: those who run the server may allow its own networks (--allow-private-webhooks)
problem-send-late = no answer within ten seconds
problem-send-refused = no connection: the name, the port, the certificate, or not to be reached
problem-send-broken = the connection broke off

# Pages that are named in the head
review-title = Review
webhooks-title = Webhooks
audit-title = Record
exam-review = Review their alerts

# What the candidate reads. Plain words, no blame: presence is reported, never judged.

language-name = English
language = Language
text-larger = Larger text
text-smaller = Smaller text
seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}

## Before the exam: the way in
join-title = Join your exam
join-intro = Paste the link that you were sent into one of the fields, or type the server’s address and your code.
join-server = Server
join-code = Code
join-join = Join
join-asking = Asking the server …
join-no-link = This is not a link to an exam. Copy the whole link, or type the server’s address and the code.
join-no-server = This is not the address of a server. It looks like https://exams.example.
join-plain = The server’s address must begin with https://.
join-no-code = This is not a code. A code has twelve letters and digits.
join-no-connection = The server cannot be reached. Check your connection and the address, and try again.
join-not-trusted = The server could not prove that it is the one you want. Do not go on; tell your exam’s supervisor.
join-not-inview = There is no InView server at this address. Check the address. In a network with a login page, log in first.
join-code-unknown = The server does not know this code. Check it, letter by letter.
join-code-expired = This code is no longer valid. Ask your exam’s supervisor for a new one.
join-code-used = This code was already used, on another computer or by another user. Ask your exam’s supervisor for a new one.
join-too-many = Too many wrong codes came from your network. Wait five minutes, and try again.
join-server-failed = The server cannot answer just now. Try again.
join-other = That did not work. Tell your exam’s supervisor what is written below.

## Before the exam: consent
welcome-title = Before your exam
welcome-intro = InView notes whether you are in view of your camera while the exam runs. Please read what that means.
welcome-watched-title = What is watched
welcome-watched = Whether the camera works, whether a face or a person is in the picture, and whether more than one person is. InView does not recognise who you are, records no sound, and never looks at your screen, files or keyboard.
welcome-leaves-title = What leaves this computer
welcome-leaves = Times and kinds of what was noted, such as “out of view, from 10:15 to 11:02”. And, every few seconds from the camera check on: that InView runs, what it sees (such as “in view”), and what is wrong with the camera or this computer (such as a full disk, sleep, or a clock that was set). Also how you answer the supervisor: that a message was read, and how your camera stands when you were asked to check it. All of this goes to { $server }. Your picture never leaves this computer and is not saved.
welcome-kept-title = What stays on this computer
welcome-kept = What was noted is kept on this computer until the server has it. When the exam is over and all of it has arrived, it is erased { $days ->
    [0] at once
    [one] after 1 day
   *[other] after { $days } days
}. A copy that you save stays until you delete it.
welcome-policy-title = The rules of this exam
welcome-policy-record = When you are out of view for less than { $record }, nothing is noted.
welcome-policy-warn = After { $warn } you are told, so that you can come back.
welcome-policy-alert = After { $alert } the exam’s supervisor is told, too.
welcome-policy-virtual-report = A program that stands in for a camera is noted.
welcome-policy-virtual-refuse = The exam does not start with a program in place of a camera.
welcome-policy-still-report = A still image in place of your face, or a recording in place of the camera's picture, is noted.
welcome-policy-still-alert = A still image in place of your face, or a recording in place of the camera's picture, is noted, and the proctor is alerted.
welcome-policy-end = At the end you see everything that was reported, and can keep a copy.
welcome-agree = I have read this and agree
welcome-continue = Continue to the camera check
welcome-other-exam = Another exam

## Before the exam: camera
check-title = Camera check
check-preview = Live picture of your camera, mirrored
check-no-picture = No picture yet
check-start = Start the exam
check-wait = The start is possible when you have been in view for 2 seconds.
check-refused = The start is possible with another camera.
check-ready = You are in view. Start when you are ready.
check-let-in = The supervisor lets you start.
check-back = Read the rules again
check-private = This picture stays on this computer. During the exam it is shown only when the supervisor asks you to check the camera.
camera-title = Camera
camera-virtual = { $name } (a program, not a device)
camera-moved = It is plugged in at another place than last time.
camera-stand-in = The camera that you chose last is not connected. This one is used instead.
sound-switch = Play a sound with warnings
sound-try = Play the sound once
sound-failed = No sound could be played on this computer. You are told in this window.

hint-waiting = Waiting for the camera …
hint-all-good = All good. Stay like this.
hint-move-left = Move a little to your left.
hint-move-right = Move a little to your right.
hint-move-up = Sit a little higher, or tilt the camera down.
hint-move-down = Sit a little lower, or tilt the camera up.
hint-come-closer = Come a little closer.
hint-move-back = Move back a little.
hint-more-light = It is too dark. Turn on a light in front of you.
hint-lit-from-behind = Your face is lit from behind. Turn away from the window, or turn on a light in front of you.
hint-lens-covered = The lens is covered. Open the shutter, or take away what is in front of it.
hint-picture-frozen = The picture does not change. Unplug the camera and plug it in again, or choose “restart” in its program.
hint-nobody-there = Nobody is in the picture. Sit down in front of the camera.
hint-face-not-visible = Your face is not visible. Look towards the screen, with nothing in front of your face.
hint-no-camera = No camera was found. Plug one in; it is picked up by itself.
hint-camera-busy = Another program uses the camera. Close it (a video call, for example).
hint-camera-denied = The system does not let InView use the camera. Allow it in the privacy settings.
hint-camera-refused = This camera is a program, not a device, and this exam does not allow that. Choose another camera.
hint-camera-lost = The camera gives no pictures. Check its cable; InView keeps trying.
hint-detector-failed = The check does not run at the moment. It is started again by itself.

## During the exam
exam-title = Exam in progress
sight-waiting = Getting ready
sight-seen = You are in view
sight-not-seen = You are not in view
sight-cannot-look = The camera cannot see you
exam-for = for { $time }
exam-running = Running for { $time }
exam-planned = Planned end: { $end }, in { $time }
exam-over = The planned end was at { $end }, { $time } ago. You are watched until the exam is ended.
exam-extended = { $minutes ->
    [one] The supervisor has given you 1 minute more.
   *[other] The supervisor has given you { $minutes } minutes more.
}
exam-compact = Small window on top
exam-full = Full window
exam-end = End the exam
exam-end-title = End the exam?
exam-end-text = Watching stops, and what was noted is sent. This cannot be undone.
exam-end-yes = Yes, end it
exam-end-no = No, go on
leave-title = Close the window?
leave-text = The exam is still going on. Time in which InView does not run is reported as a gap. You can start InView again to go on.
leave-yes = Close anyway
leave-no = Stay
notice-out-of-view = You are out of view. Please come back.
notice-face-not-visible = Your face is not visible. Please look towards the screen.
notice-multiple-people = More than one person is in the picture.
notice-still-image = Your picture looks like a still image. Please move your head a little.
notice-loop = Your picture repeats what the camera has shown before. Please show yourself live.
notice-cannot-look = The camera cannot see you. { $hint }
notice-back = Thank you, you are in view again.
busy = That did not work just now. Please try again.

connection-title = Connection
connection-all-sent = Connected; all reports have arrived
connection-sending = Sending: { $left ->
    [one] 1 report waits
   *[other] { $left } reports wait
}
connection-unreachable = No connection; { $left ->
    [0] what is noted is
    [one] 1 report is
   *[other] { $left } reports are
} kept and sent later
connection-refused = The server does not take the reports; they are kept here
connection-unreachable-not-kept = No connection; { $left ->
    [0] what is noted waits
    [one] 1 report waits
   *[other] { $left } reports wait
} in memory, and would be lost if InView or this computer stopped
connection-refused-not-kept = The server does not take the reports; they wait in memory, and would be lost if InView or this computer stopped

reported-title = Reported so far
reported-none = Nothing.
reported-line = { $kind }, from { $start } to { $end }
reported-open = { $kind }, since { $start }
kind-out-of-view = Out of view
kind-face-not-visible = Face not visible
kind-multiple-people = More than one person
kind-camera-covered = Camera covered
kind-too-dark = Too dark
kind-frozen-picture = Picture frozen
kind-camera-lost = Camera lost
kind-virtual-camera = Virtual camera
kind-suspected-still-image = Still image suspected
kind-suspected-loop = Loop suspected
kind-agent-gap = InView was not running
kind-reporting-gap = No reports arrived

trouble-virtual-camera = This camera is a program, not a device. That is reported.
trouble-overloaded = This computer is busy; InView looks less often.
trouble-battery-low = The battery is low; InView looks less often. Plug in the charger.
trouble-machine-hot = This computer is very warm; InView looks less often.
trouble-storage-degraded = This computer’s disk does not take the reports: is it full? They are sent all the same, but what has not arrived is lost if InView or the computer stops.
trouble-spool-failed = Some reports could be neither saved nor sent, and are lost. Go online, make room on the disk, and tell your exam’s supervisor.
trouble-server-refuses = The server does not take the reports. Tell your exam’s supervisor.

## Messages of the exam's supervisor
message-title = Message from the supervisor
message-at = Came at { $time }
message-at-more = Came at { $time }; { $more ->
    [one] 1 more waits
   *[other] { $more } more wait
}
message-read = I have read this
recheck-title = The supervisor asks you to check your camera
recheck-text = Look whether you are well in the picture, and mend what is said below. Then answer; your exam goes on meanwhile.
recheck-good = You are well in the picture.
recheck-done = I have checked it
recheck-cannot = I cannot mend it

## After the exam
end-title-ending = The exam has ended
end-title = All done
ended-by-title = The supervisor has ended your exam
ended-by-reason = Reason: { $reason }
ended-by-text = You need do nothing more here. What was noted until then is sent as usual. If you have questions, ask whoever holds the exam.
end-sending = Sending what was noted …
end-progress = { $done } of { $all } reports have arrived
end-arrived = Everything has arrived. You can close this window.
end-later = Not everything could be sent yet. It is kept on this computer and sent when InView is started with this exam again. Please do that when you are online.
end-later-not-kept = Not everything could be sent yet, and this computer’s disk does not take it. Keep this window open and go online: what has not arrived is lost when you close it.
end-reported-title = What was reported about your session
end-reported-none = You were in view the whole time. Nothing was reported.
end-save = Save a copy
end-saved = Saved to { $path }
end-not-saved = The copy could not be saved: { $reason }
end-open-page = Open the page
end-open-folder = Show the folder
end-not-opened = It could not be opened: { $reason }
end-close = Close

## The copy as a page
copy-title = What was reported about your exam
copy-session = Session
copy-label = Known to the supervisor as
copy-server = Reports went to
copy-began = The exam began
copy-ended = The exam ended
copy-saved = This copy was saved
copy-reports = Reports
copy-policy = Rules
copy-reported = What was reported
copy-what = What
copy-from = From
copy-to = To
copy-length = Length
copy-open = not ended
copy-into = { $time } into the exam
copy-zone = Times are those of { $zone }.
copy-consent-title = Your consent
copy-consent = On { $time } you agreed to the text about this exam. The SHA-256 of its words:
copy-consent-earlier = You had agreed before InView was started again; this copy does not hold that moment.
copy-worth-title = What this copy is worth
copy-integrity = It was made on your computer from what InView sent. It is not signed, and whoever has it can change it: when in doubt, what the exam’s server holds counts. It holds no picture; none was saved or sent.
copy-beside = The same as data is in { $file }. Its SHA-256:

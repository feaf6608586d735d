# Was die lesen, die Prüfungen beaufsichtigen und einrichten, und Prüflinge auf der Seite ihres Links. Schlichte
# Worte: Anwesenheit wird gemeldet, nie beurteilt. Nachrichten `…-html` sind HTML.

language-tag = de
language = Sprache
skip = Zum Inhalt
nav = Hauptmenü
foot = InView meldet Anwesenheit, und wann die Kamera nichts sehen konnte. Was das bedeutet, beurteilt ein Mensch.
to-sessions = Zu den Sitzungen
list-comma = ,{" "}
when = { $day }.{ $month }.{ $year }, { $time }
span-seconds = { $seconds } s
span-minutes = { $minutes } min { $seconds } s
span-hours = { $hours } h { $minutes } min
pages = Seiten
name = Name
role = Rolle
state = Stand
room = Raum
code = Code
exam = Prüfung
session = Sitzung
candidate = Prüfling
all = alle
show = Anzeigen
id = Kennung
made-at = angelegt { $time }
good-until = Gültig bis
good-once-until = Gültig für ein Mal, bis
sessions = { $count ->
    [0] keine Sitzungen
    [one] 1 Sitzung
   *[other] { $count } Sitzungen
}
rooms = { $count ->
    [0] keine Räume
    [one] 1 Raum
   *[other] { $count } Räume
}
candidates = { $count ->
    [0] keine Prüflinge
    [one] 1 Prüfling
   *[other] { $count } Prüflinge
}
alerts = { $count ->
    [0] keine Alarme
    [one] 1 Alarm
   *[other] { $count } Alarme
}
sessions-title = Sitzungen
exams-title = Prüfungen
accounts-title = Konten
tokens-title = Token
alerts-title = Alarme

## Anmeldung
sign-in = Anmelden
sign-out = Abmelden
sign-in-with = Anmelden mit { $organisation }
sign-in-or = Oder mit einem Passwort dieses Servers:
sign-in-code = Code Ihrer Authentifizierungs-App, falls Sie eine verwenden
sign-in-token = Stattdessen mit einem Token anmelden
sign-in-token-label = Token der Aufsicht
sign-in-token-note-html = Es steht in der Datei <code>proctor.token</code> des Servers. Solange es keine Administratorin und keinen Administrator gibt, gibt der Server beim Start einen Link aus, der anmeldet.
sign-in-token-button = Mit dem Token anmelden
signed-in-title = Angemeldet
signed-in = Sie sind angemeldet
password = Passwort
password-again = Noch einmal dasselbe
password-current = Bisheriges Passwort
password-new = Neues Passwort
password-own = Ihr Passwort
password-change = Passwort ändern
password-note = Mindestens { $count } Zeichen. Ihre anderen Browser werden abgemeldet.
set-password = Passwort festlegen
set-the-password = Passwort festlegen
set-password-note = Mindestens { $count } Zeichen. Gut sind ein paar Wörter, die aus keinem Lied stammen.
first-admin = Das erste Administratorkonto
first-admin-intro = Noch kann sich niemand an diesem Server anmelden. Legen Sie ein Konto für sich an: Es darf alles und legt Konten für andere an.
first-admin-name-note = Etwa eine E-Mail-Adresse. Er steht im Protokoll darüber, wer was getan hat.
first-admin-not-now = Jetzt nicht: zu den Sitzungen
make-account = Konto anlegen

## Konten
account = Konto
own-account = Ihr Konto
role-admin = Administration
role-proctor = Aufsicht
role-auditor = Revision
role-option-admin = Administration
role-option-proctor = Aufsicht
role-option-auditor = Revision
role-set = Rolle festlegen
totp-title = Zweiter Faktor
totp-intro = Eine App auf Ihrem Telefon erzeugt alle 30 Sekunden einen neuen Code, nach dem dann bei der Anmeldung gefragt wird. Lesen Sie das Bild mit der App ein, oder geben Sie das Geheimnis von Hand ein.
totp-picture = Das unten stehende Geheimnis, für die Kamera einer Authentifizierungs-App
totp-secret = Geheimnis
totp-code = Code, den die App zeigt
totp-use = Zweiten Faktor verwenden
totp-on = Bei der Anmeldung wird nach dem Code Ihrer App gefragt.
totp-off = Auf den zweiten Faktor verzichten
link = Link
link-title = Link für { $name }
link-heading = Ein Link für { $name }
link-note = Geben Sie ihn nur dieser Person: Wer ihn öffnet, legt das Passwort fest. Er steht nur jetzt hier.
account-new = Neues Konto
account-new-note = Sie erhalten einen Link, mit dem die Person ein Passwort festlegt.
account-name-taken = Dieser Name ist vergeben.
account-name-taken-or-faster = Dieser Name ist vergeben, oder jemand war schneller.
account-may = Was die Person darf
account-may-proctor = Aufsicht: beobachtet die Prüfungen, die Sie zuweisen, und schreibt den Prüflingen
account-may-auditor = Revision: sieht alles, ändert nichts
account-may-admin = Administration: alles
accounts-none = Es gibt noch kein Konto.
account-disabled = gesperrt
account-no-password = noch kein Passwort
account-two-factors = zwei Faktoren
account-password = Passwort
account-all-exams = alle
account-with-totp = mit zweitem Faktor
account-without-totp = ohne zweiten Faktor
account-admin-exams = Die Administration hat mit allen Prüfungen zu tun.
account-auditor-exams = Die Revision sieht alle Prüfungen.
account-watches = Beobachtet die Sitzungen von
account-assign = Zuweisen
account-sign-in = Anmeldung
account-take-totp = Zweiten Faktor entfernen: Das Gerät ist verloren
account-make-link = Link für ein neues Passwort erstellen
account-own-note = Das ist Ihr eigenes Konto: Über seine Rolle und sein Ende entscheidet jemand anderes aus der Administration.
account-enable = Konto entsperren
account-disable = Konto sperren

## Token für Programme
token = Token
token-new = Neues Token
token-scope = Befugnis
token-note = Bewahren Sie es jetzt auf: Der Server kennt nur seinen Hash, und diese Seite kommt nicht wieder.
tokens-heading = Token für Programme
tokens-none = Hier wurde noch kein Token erstellt.
tokens-none-note = Die Token im Ordner des Servers stehen nicht in dieser Liste.
token-name = Wofür es ist
token-may = Was es darf
token-may-audit = audit: lesen
token-may-read = read: lesen und Anweisungen geben
token-may-manage = manage: Prüfungen anlegen, Sitzungen ausgeben
token-may-write = write: für jede Sitzung melden
token-may-admin = admin: alles außer Meldungen
token-for = Für
all-exams = alle Prüfungen
token-for-one = für eine Prüfung
token-days = So viele Tage gültig
token-make = Token erstellen
token-made = erstellt { $time } von { $by }
token-good-until = gültig bis { $time }
token-good = gültig
token-expired = abgelaufen
token-taken-back = zurückgezogen
token-take-back = Zurückziehen
token-take-back-named = Token { $name } zurückziehen

## Webhooks
webhook-new = Neuer Webhook
webhook-name = Wem er gehört
webhook-url = Wohin Nachrichten gehen
webhook-types = Eine Nachricht wird gesendet, wenn
webhook-type-presence-opened = ein Alarm zur Anwesenheit offen ist
webhook-type-presence-closed = ein Intervall zur Anwesenheit vorbei ist
webhook-type-camera-opened = die Kamera nichts sehen kann
webhook-type-camera-closed = die Kamera wieder sehen kann
webhook-type-gap-opened = von einer Sitzung nichts zu hören ist
webhook-type-gap-closed = von einer Sitzung wieder zu hören ist
webhook-type-started = eine Sitzung begonnen hat
webhook-type-ended = eine Sitzung beendet ist
webhook-type-review = jemand ein Intervall beurteilt hat
webhook-type-ping = ein Test
webhook-labels-tell = Sagen, wie Prüflinge heißen; sonst nur die Nummern ihrer Sitzungen
webhook-make = Webhook erstellen
webhooks-none = Noch wird niemandem etwas mitgeteilt.
webhooks-none-note = Ein Webhook teilt einem anderen System von selbst mit, was hier geschieht.
webhook-disabled = abgeschaltet
webhook-in-use = in Betrieb
webhook-failing = gestört
webhook-all-exams = für alle Prüfungen
webhook-one-exam = eine Prüfung
webhook-told-all = erfährt alles
webhook-told = erfährt { $count } von { $all } Arten
webhook-labels-with = mit Bezeichnungen
webhook-labels-without = ohne Bezeichnungen
webhook-waiting = { $count ->
    [0] keine Nachricht wartet
    [one] 1 Nachricht wartet
   *[other] { $count } Nachrichten warten
}
webhook-arrived = zuletzt angekommen { $time }
webhook-arrived-never = nichts ist angekommen
webhook-old-secret = das alte Geheimnis gilt bis { $time }
webhook-retry = Es wird wieder versucht, nach { $count ->
    [one] 1 Versuch
   *[other] { $count } Versuchen
}:
webhook-retry-at = Es wird um { $time } wieder versucht, nach { $count ->
    [one] 1 Versuch
   *[other] { $count } Versuchen
}:
webhook-answered = die Antwort war { $status }
webhook-answered-saying = die Antwort war { $status }, „{ $fault }“
webhook-dead = { $count ->
    [0] keine Nachricht wurde aufgegeben
    [one] 1 Nachricht wurde aufgegeben
   *[other] { $count } Nachrichten wurden aufgegeben
}
webhook-send-all = Alle noch einmal senden
webhook-dead-disabled = Sie können noch einmal gesendet werden, sobald der Webhook eingeschaltet ist.
webhook-when = Wann
webhook-attempts = Versuche
webhook-answer = Antwort
webhook-again = Noch einmal
webhook-send-again = Noch einmal senden
webhook-send-again-named = Noch einmal senden: { $what }, { $time }
webhook-test = Test senden
webhook-test-named = Test an { $name } senden
webhook-disable = Abschalten
webhook-disable-named = { $name } abschalten
webhook-enable = Einschalten
webhook-enable-named = { $name } einschalten
webhook-rotate = Neues Geheimnis
webhook-rotate-named = Neues Geheimnis für { $name } erstellen
webhook-delete = Löschen
webhook-delete-sure = Ich möchte { $name } mit allen Nachrichten löschen
webhook-delete-button = Webhook löschen
webhook-secret-note = Geben Sie es denen, die die Nachrichten empfangen: Daran erkennen sie, dass eine Nachricht von hier kommt. Diese Seite kommt nicht wieder.
webhook-secret = Geheimnis
webhook-address = Adresse
webhook-secret-before = Das vorige Geheimnis gilt bis

## Das Protokoll, wer was getan hat
audit-note = Wer was wann getan hat, das Neueste zuerst. Zeilen kommen nur hinzu; jede enthält den Hash der vorigen.
audit-whole = unversehrt
audit-whole-so-far = unversehrt, soweit geprüft
audit-rows = { $count ->
    [0] keine Zeilen
    [one] 1 Zeile
   *[other] { $count } Zeilen
}
audit-head = die letzte hat den Hash
audit-checked-all = Alle Zeilen wurden jetzt geprüft ({ $now } UTC): Jede ist so, wie sie geschrieben wurde.
audit-checked-new = Alle Zeilen wurden um { $all } UTC geprüft. Jetzt ({ $now } UTC) { $count ->
    [0] war keine Zeile neu, und die letzte war noch dieselbe.
    [one] wurde die eine neue geprüft.
   *[other] wurden die { $count } neuen geprüft.
} Ob eine ältere seitdem verändert wurde, zeigt sich, wenn alle geprüft werden.
audit-check-all = Alle Zeilen prüfen
audit-broken = Zeile { $number } ist nicht so, wie sie geschrieben wurde: { $why }. Jemand hat die Datenbank verändert.
audit-who = Wer
audit-anything = alles
audit-from = Ab (UTC)
audit-until = Bis (UTC)
audit-none = Keine Zeile ist so.
audit-row = Zeile
audit-when = Wann (UTC)
audit-detail = Sitzung oder Einzelheit
audit-hash = Hash
audit-older = Ältere Zeilen
deed-signed-in = angemeldet
deed-signed-out = abgemeldet
deed-command-given = Anweisung gegeben
deed-fork-recorded = anderen Verlauf bemerkt
deed-silence-alerted = Alarm wegen fehlenden Kontakts
deed-sign-in-refused = Anmeldung abgelehnt
deed-session-issued = Sitzung ausgegeben
deed-exam-created = Prüfung angelegt
deed-exam-closed = Prüfung geschlossen
deed-policy-changed = Regeln geändert
deed-language-changed = Sprache der Links geändert
deed-roster-imported = Liste eingelesen
deed-account-created = Konto angelegt
deed-account-disabled = Konto gesperrt
deed-account-enabled = Konto entsperrt
deed-role-changed = Rolle geändert
deed-exams-assigned = Prüfungen zugewiesen
deed-password-link-made = Link für ein Passwort erstellt
deed-password-set = Passwort gesetzt
deed-second-factor-set = zweiter Faktor eingerichtet
deed-second-factor-removed = zweiter Faktor entfernt
deed-token-made = Token erstellt
deed-token-revoked = Token zurückgezogen
deed-reviewed = beurteilt
deed-session-erased = Sitzung gelöscht
deed-session-exported = Sitzung herausgegeben
deed-webhook-made = Webhook erstellt
deed-webhook-enabled = Webhook eingeschaltet
deed-webhook-disabled = Webhook abgeschaltet
deed-webhook-secret-rotated = Geheimnis des Webhooks erneuert
deed-webhook-deleted = Webhook gelöscht
deed-messages-sent-again = Nachrichten noch einmal gesendet

## Prüfungen
exams-none = Es gibt noch keine Prüfung.
exams-none-assigned = Ihnen ist keine Prüfung zugewiesen.
exams-newest = Neueste Prüfungen
exams-older = Ältere Prüfungen
exam-new = Neue Prüfung
exam-make = Prüfung anlegen
exam-name = Wie die Prüfung heißt
exam-warn = Hinweis an den Prüfling nach, in Sekunden
exam-warn-note = Das Fenster sagt, dass er nicht zu sehen ist.
exam-alert = Alarm für die Aufsicht nach, in Sekunden
exam-alert-note = Nicht vor dem Hinweis an den Prüfling.
exam-record = Festhalten nach, in Sekunden
exam-record-note = Kürzere Abwesenheiten stehen nicht im Bericht.
exam-rate = Betrachtete Bilder je Sekunde
exam-rate-note = Mehr findet kürzere Abwesenheiten und belastet den Computer des Prüflings stärker.
exam-virtual = Wenn die Kamera ein Programm ist
exam-virtual-report = vermerken
exam-virtual-refuse = Prüfung nicht beginnen lassen
exam-default = Üblich: { $value }.
exam-merge = Als eines zählen, was nicht weiter auseinander liegt als, in Sekunden
exam-merge-note = Intervalle einer Art: eine Abwesenheit, nicht drei.
exam-lost = Kamera verloren nach, in Sekunden
exam-lost-note = So lange ohne jedes Bild.
exam-lowest = Nicht weniger Bilder je Sekunde als
exam-lowest-note = Solange der Computer des Prüflings wenig Akku hat, heiß oder ausgelastet ist.
exam-still = Wenn sich das Gesicht nur wie ein Foto bewegt oder eine Aufnahme in Schleife läuft
exam-still-report = für die Aufsicht vermerken
exam-still-alert = dem Prüfling sagen und Alarm geben
exam-still-ignore = nicht danach suchen
exam-planned = Geplante Dauer in Minuten
exam-planned-note = Prüflinge und Aufsichten sehen sie. Nichts endet von selbst, und eine Sitzung kann verlängert werden. Leer: kein geplantes Ende.
exam-keep = Tage, die Meldungen auf dem Computer des Prüflings bleiben
exam-keep-note = Nach der Prüfung, sobald alle angekommen sind.
fault-number = Das ist keine Zahl.
fault-day = Keine Zeit ist länger als ein Tag: Sie zählt in Sekunden.
fault-rate = Zwischen { $least } und { $most }.
fault-days = Ganze Tage, höchstens { $most }.
fault-minutes = Ganze Minuten von 1 bis { $most }, oder nichts.
fault-nothing = Mehr als 0.
fault-choice = Das steht nicht zur Wahl.
fault-name = Eine Zeile mit 1 bis { $most } Zeichen.
fault-rooms = Höchstens { $most } Räume, einer je Zeile, jeder mit höchstens { $chars } Zeichen.
fault-warn-late = Der Prüfling erfährt es zuerst: nicht später als der Alarm für die Aufsicht.
fault-alert-early = Nicht bevor es festgehalten wird.
exam-language = Sprache der Seiten hinter den Links
exam-language-browser = wie der Browser es verlangt
exam-language-is = Sprache der Seiten hinter den Links: { $language }
exam-language-change = Sprache der Links ändern
exam-language-note = Für Links, die von jetzt an erstellt werden; ausgegebene behalten ihre Sprache.
exam-language-save = Sprache übernehmen
exam-rooms = Räume, einer je Zeile (kann leer bleiben)
exam-wrong = Keine Prüfung angelegt: siehe die markierten Felder.
exam-open = offen
exam-closed = geschlossen
exam-closed-aside = (geschlossen)
exam-made = Angelegt { $made }.
exam-made-closed = Angelegt { $made }, geschlossen { $closed }.
exam-close = Prüfung schließen
exam-close-note = Für sie wird nichts mehr ausgegeben. Ausgegebene Sitzungen laufen weiter.
exam-candidates = Prüflinge
exam-watch = Beobachten
exam-nobody = Noch steht niemand auf der Liste.
exam-first = Anfang der Liste
exam-more = Mehr von der Liste
exam-line = Zeile { $line }: { $reason }
import-title = Liste einlesen
import-intro-html = Eine Tabelle als CSV. Ihre erste Zeile nennt die Spalten: <code>name</code> oder <code>pseudonym</code>, und <code>room</code>, wenn Sie möchten. Zu jeder Zeile entsteht eine Sitzung mit einem Code und Links.
import-file = Die Datei
import-list = Oder die Liste selbst
import-example = Prüfling 1,A1
import-days = So viele Tage gelten die Codes
import-button = Liste einlesen
rules = Regeln
rules-default = Die Standardregeln.
rules-default-but = Die Standardregeln, außer:
rules-change = Regeln ändern
rules-note = Für alle Prüflinge der Prüfung, auch wenn sie schon einen Link haben. Was nur Programme setzen, bleibt, wie es ist.
rules-wrong = Nicht geändert: siehe die markierten Felder.
rules-save = Regeln übernehmen
rules-taken = Das Programm eines Prüflings hat eine Sitzung übernommen und hat diese Regeln: Sie lassen sich nicht mehr ändern.
rules-times = Zeiten
rules-sampling = Bilder
rules-watched = Was beobachtet wird
rules-besides = Außerdem
rooms-are = Räume: { $rooms }
links-title = Links für { $exam }
links-heading = Codes und Links
links-note = Die Codes stehen nur jetzt hier: Bewahren Sie sie auf, bevor Sie diese Seite verlassen.
links-download = Als CSV herunterladen
links-page = Seite für den Prüfling
links-page-short = Seite

## Eine Sitzung, die ausgegeben wird
session-new = Neue Sitzung
session-name = Wie die Sitzung heißt
session-name-note-html = Ein Platz oder eine Nummer, etwa <q>Platz 7</q>. Sie erhalten einen Code und Links für den Prüfling.
session-make = Code erstellen
issued-note = Geben Sie dem Prüfling den Code oder einen der Links. Sie stehen nur jetzt hier: Bewahren Sie sie auf, bevor Sie diese Seite verlassen.
issued-code = Code, zum Eintippen
issued-page = Seite, für eine Nachricht an den Prüfling
issued-link = Link, der InView öffnet

## Die Seite des Prüflings
join-title = An der Prüfung teilnehmen
join-intro = Diese Prüfung verwendet InView, ein Programm auf Ihrem Computer.
join-open = InView öffnen
join-by-hand = Wenn sich nichts öffnet, installieren Sie InView, oder starten Sie es selbst und geben Sie ein:
join-server = Server
join-note = Der Code gilt für einen Computer. Diese Seite zu öffnen, verbraucht ihn nicht.
join-foot = InView hält fest, ob Sie im Bild Ihrer Kamera sind. Ihr Bild bleibt auf Ihrem Computer.

## Die Übersicht
roster-label = Sitzungen, die dringendsten zuerst
roster-none = Noch wurde keine Sitzung gemeldet.
roster-none-issuer-html = Erstellen Sie oben eine, oder lesen Sie die Liste einer <a href="/exams">Prüfung</a> ein, und geben Sie dem Prüfling den Code. Ein Agent oder ein Replay, das mit einem eigenen Token meldet, erscheint hier mit seiner ersten Meldung.
roster-none-other-html = Hier erscheinen Sitzungen der <a href="/exams">Prüfungen</a>, mit denen Sie zu tun haben.
roster-unmatched = So ist keine Sitzung.
sessions-newest = Neueste Sitzungen
sessions-older = Ältere Sitzungen
session-nameless = Sitzung { $session }
search = Suchen
search-by-name = Nach Namen suchen
group-by = Gruppieren nach
group-urgency = Dringlichkeit
group-exam = Prüfung
group-room = Raum
group-no-exam = ohne Prüfung
group-no-room = ohne Raum
sound = Ton
sound-hint = (drücken Sie eine Taste, um ihn zu hören)
notifications = Mitteilungen
notifications-not-allowed = Der Browser lässt sie hier nicht zu
keys = Tasten
keys-next = nächster Alarm
keys-rows = Zeilen
keys-search = suchen
keys-in-row = in der Zeile eines Alarms:
key-acknowledge = zur Kenntnis nehmen
key-fine = in Ordnung
key-technical = technisch
key-violation = Verstoß
key-unsure = unklar
key-undo = zurücknehmen
column-for = Seit
column-heard = Gehört
column-spark = Letzte zehn Minuten
row-for = seit
row-heard = gehört
heard-never = nie
heard-ago = vor { $time }
two-histories = zwei Verläufe
to-review = zu prüfen
to-review-count = { $count } zu prüfen
reports-arrive = Meldungen kommen an
nothing-to-report = nichts zu melden
never-ended = nie beendet
code-good-until = Code gültig bis { $time }
spark-nothing = Letzte zehn Minuten: nichts zu melden
spark-one = Letzte zehn Minuten: { $kind }
spark-more = Letzte zehn Minuten: { $count } Intervalle: { $kinds }
legend = Legende
legend-title = Farben und Zeichen
legend-note = Balken in voller Höhe dauern lange genug für einen Alarm. Schraffiert: Die Kamera konnte nichts sehen, oder es kam keine Meldung; nichts ist bekannt.
live = ● live
live-stale = ▲ nicht live seit { $time }
live-signed-out = Abgemeldet: Laden Sie die Seite neu
live-gone = Nicht mehr unter Ihren Sitzungen: Laden Sie die Seite neu
alert-new = Neuer Alarm. { $what }
alerts-new = { $number } neue Alarme

state-alert = Alarm
state-could-not-look = keine Sicht
state-silent = kein Kontakt
state-fine = in Ordnung
state-checking-in = Kameraprüfung
state-not-started = nicht begonnen
state-ended = beendet
status-checking-in = Kameraprüfung
status-issued = nicht begonnen
status-running = läuft
status-silent = kein Kontakt
status-ended = beendet
status-code-used = Code verwendet

kind-out-of-view = nicht im Bild
kind-face-not-visible = Gesicht nicht zu sehen
kind-multiple-people = mehr als eine Person
kind-camera-covered = Kamera verdeckt
kind-too-dark = zu dunkel
kind-frozen-picture = Bild eingefroren
kind-camera-lost = Kamera verloren
kind-virtual-camera = virtuelle Kamera
kind-suspected-still-image = Verdacht auf ein stehendes Bild
kind-suspected-loop = Verdacht auf eine Wiederholung der Aufnahme
kind-agent-gap = Agent lief nicht
kind-reporting-gap = nichts gehört
seen-not-yet = noch nicht hingesehen
seen-face = im Bild
seen-body-only = da, Gesicht nicht zu sehen
seen-nobody = nicht im Bild
seen-no-frames = kein Bild von der Kamera
ended-open = noch offen
ended-seen-again = wieder zu sehen
ended-could-not-look = Kamera konnte nichts sehen
ended-session = Ende der Sitzung
ended-incomplete = Aufzeichnung brach ab
ended-agent-restart = Agent neu gestartet
ended-heard-again = wieder gehört

trouble-no-camera = keine Kamera
trouble-camera-busy = Kamera belegt
trouble-camera-denied = Kamera nicht erlaubt
trouble-camera-lost = Kamera verloren
trouble-capture-stuck = Aufnahme hängt
trouble-virtual-camera = virtuelle Kamera
trouble-detector-failed = Erkennung ausgefallen
trouble-overloaded = Computer ausgelastet
trouble-battery-low = Akku fast leer
trouble-machine-hot = Computer sehr warm
trouble-storage-degraded = Festplatte nimmt keine Meldungen an
trouble-spool-failed = Meldungen verloren
trouble-server-unreachable = Server nicht zu erreichen
trouble-server-refuses = Server nimmt Meldungen nicht an
strain-battery = Akku fast leer
strain-heat = Computer sehr warm
strain-load = Computer ausgelastet

## Beurteilung von Alarmen
verdict-acknowledged = zur Kenntnis genommen
verdict-fine = in Ordnung
verdict-technical = technisch
verdict-violation = Verstoß
verdict-unsure = unklar
review-acknowledge = Zur Kenntnis
review-fine = In Ordnung
review-technical = Technisch
review-violation = Verstoß
review-unsure = Unklar
review-undo = Zurücknehmen
review-not-kept = Nicht gespeichert ({ $status }): Versuchen Sie es noch einmal, oder laden Sie die Seite neu
review-all = Alle Prüfungen
review-waits = { $count ->
    [0] kein Alarm wartet
    [one] 1 Alarm wartet
   *[other] { $count } Alarme warten
}
review-from = ab { $from }
review-from-to = von { $from } bis { $to }
review-confidence = Sicherheit { $confidence }
review-in-session = In seiner Sitzung
review-place = Dieser Alarm, in { $length }
review-whole = Die ganze Sitzung
review-intervals = { $count ->
    [0] Keine Intervalle
    [one] 1 Intervall
   *[other] { $count } Intervalle
} in { $length }
review-none = Kein Alarm einer beendeten Prüfung wartet auf ein Urteil.
review-said-last = Ihr letztes Urteil:
costs-title = Was Alarme kosten
costs-by-hour = Alarme je Prüfungsstunde
costs-alerts = Alarme in { $hours } Stunden
costs-between = Zwischen zwei Ihrer Urteile
costs-median = { $time }, der Median
percent = { $share } %
costs-note = Von den beendeten Sitzungen die neuesten tausend. Was wartet, ist nach Art und Länge geordnet; kurze und mehrdeutige Alarme kommen zuletzt.

## Die Seite einer Sitzung
in-room = Raum { $room }
forked = Von dieser Sitzung gibt es mehr als einen Verlauf: Das wurde { $count ->
    [one] 1 Mal
   *[other] { $count } Mal
} bemerkt.
forked-note = Gezeigt wird, was zuerst kam; warum es zwei gibt, muss ein Mensch herausfinden.
forked-from = , ab Meldung { $seq }
forked-reports = andere Meldungen unter Nummern, die vergeben sind
forked-head-behind = ein Agent, dem Meldungen fehlen, die er gesendet hat
forked-head-differs = andere Meldungen, als der Agent angekündigt hatte
forked-foreign = Meldungen, die der Schlüssel der Sitzung nicht signiert hat
forked-two-agents = zwei Agenten zur selben Zeit
rejected = { $count ->
    [one] 1 Meldung war nicht lesbar und fehlt hier:
   *[other] { $count } Meldungen waren nicht lesbar und fehlen hier:
}
rejected-number = Nummer { $seq } ({ $reason })
last-heard-title = Als zuletzt etwas kam
now = Jetzt
wrong = Was nicht stimmt
wrong-nothing = nichts
proof = Nachweis
proof-signed = signiert, und nach der letzten Antwort entstanden
proof-none = keiner
proof-refused = { $count ->
    [one] 1 anderes Lebenszeichen wurde abgelehnt
   *[other] { $count } andere Lebenszeichen wurden abgelehnt
}
last-heartbeat = Letztes Lebenszeichen
phase-check-in = Kameraprüfung, vor der Prüfung
phase-exam = Prüfung
phase-ending = sendet die letzten Meldungen
phase-ended = Prüfung beendet
messages-title = Nachrichten und Anweisungen
commands-over = Die Sitzung ist zu Ende: An den Prüfling lässt sich nichts mehr richten. Was vor dem Ende nicht bestätigt wurde, kam vielleicht nie an.
message = Nachricht
message-note = Sie bleibt auf dem Bildschirm des Prüflings, bis er bestätigt, dass er sie gelesen hat. Höchstens { $count } Zeichen.
message-send = Nachricht senden
command-message = Nachricht
command-allow-start = Beginn erlaubt
command-check-camera = Kameraprüfung
command-extend = mehr Zeit
command-end = Ende
asked-check-camera = Kamera prüfen
asked-extend = { $count ->
    [one] 1 Minute mehr
   *[other] { $count } Minuten mehr
}
outcome-waiting = wartet
outcome-unconfirmed = Ankunft ungewiss
outcome-shown = angezeigt
outcome-read = gelesen
outcome-done = erledigt
outcome-refused = abgelehnt
refused-unknown = das Programm des Prüflings ist älter und kennt das nicht
refused-malformed = das Programm des Prüflings kann das nicht lesen
refused-already-begun = die Prüfung hatte begonnen
refused-not-begun = die Prüfung hatte noch nicht begonnen
refused-already-ended = die Prüfung war zu Ende
refused-no-planned-end = es ist kein Ende geplant
refused-cannot = der Prüfling kann die Kamera nicht in Ordnung bringen
checked-done = Prüfling bei { $at }: erledigt. Die Kamera dabei: { $state }
checked-cannot = Prüfling bei { $at }: lässt sich nicht beheben. Die Kamera dabei: { $state }
extended-to = Bei { $at }: jetzt { $length } geplant
sent-at = gesendet { $time }
allow-start = Prüfung beginnen lassen, obwohl der Prüfling nicht zu sehen ist: Grund
allow-start-note = Der Grund wird Teil der ersten Meldung der Sitzung.
allow-start-button = Beginn erlauben
check-camera = Kamera prüfen
check-camera-note = Der Prüfling sieht das eigene Bild und was zu tun ist, und antwortet. Sie erfahren, wie es dabei um die Kamera stand.
check-camera-button = Um Prüfung der Kamera bitten
extend = Mehr Zeit, in Minuten
extend-note = Nur für diesen Prüfling: Das geplante Ende liegt um so viel später. Weitere Zeit ist möglich.
extend-button = Ende verschieben
end-exam = Prüfung dieses Prüflings beenden
end-exam-reason = Grund; der Prüfling liest ihn
end-exam-note = Die Beobachtung endet sofort, und was festgehalten wurde, wird gesendet, wie wenn Prüflinge selbst beenden.
end-exam-sure = Ich möchte diese Prüfung jetzt beenden; das lässt sich nicht rückgängig machen
end-exam-button = Prüfung beenden
session-unheard = Von dieser Sitzung wurde noch nichts gehört.
timeline = Zeitleiste
timeline-label = Zeitleiste von { $session }: { $count ->
    [0] keine Intervalle
    [one] 1 Intervall
   *[other] { $count } Intervalle
} in { $length }; die Tabelle darunter enthält sie alle
bar = { $what }: { $from } bis { $to } ({ $seconds } s)
bar-open = { $what }: seit { $from }
zoom = Ausschnitt
zoom-in = Weniger Zeit zeigen, größer
zoom-out = Mehr Zeit zeigen, kleiner
zoom-back = Früher
zoom-on = Später
zoom-all = Ganze Prüfung
zoom-whole = Die ganze Prüfung, { $length }
zoom-part = { $from } bis { $to }
zoom-keys = Über einen Teil ziehen zeigt ihn größer. Tasten, von einer Schaltfläche aus:
zoom-keys-intervals = nächstes, voriges Intervall
zoom-locate = In der Zeitleiste zeigen: { $what }, { $at }
attested = Lebenszeichen belegen { $time } der Prüfung.
attested-whole = Lebenszeichen belegen { $time } der Prüfung, ohne Lücke.
gaps-title = Nichts gehört
gaps-note = Was in dieser Zeit geschah, wurde nicht beobachtet, was auch immer danach davon gemeldet wurde.
gap = { $from } bis { $to }
gap-open = { $from } bis jetzt
gap-server = ; davon lief der Server selbst { $time } lang nicht
intervals-title = Intervalle
intervals-keys = In der Zeile eines Alarms:
intervals-none = Es wurde keines gemeldet.
intervals-first = Nur die ersten { $shown } von { $count } Intervallen werden gezeigt.
interval-open = offen
column-what = Was
column-number = Nr.
from = Von
to = Bis
seconds = Sekunden
confidence = Konfidenz
ended-by = Ende durch
alert = Alarm
review = Beurteilung
note = Notiz
noticed-by-server = (vom Server bemerkt)
told-afterwards = nachträglich gemeldet
integrity-title = Meldungen und Uhren
integrity-note = Was der Agent an seinen eigenen Meldungen und an den Uhren des Computers bemerkt hat. Es sagt, wie weit man sich auf die Meldungen verlassen kann, und nichts über den Prüfling.
noticed-damaged = Die Datei mit den Meldungen des Agenten war beschädigt und wurde beiseitegelegt. Welche Meldungen darin waren, ist nicht bekannt.
noticed-damaged-arrived = Die Datei mit den Meldungen des Agenten war beschädigt und wurde beiseitegelegt. Alle { $to } Meldungen, die zuletzt darin waren, waren angekommen.
noticed-damaged-missing = Die Datei mit den Meldungen des Agenten war beschädigt und wurde beiseitegelegt. Von ihren letzten { $to } Meldungen fehlen die, die nicht angekommen waren, ab { $from }.
noticed-storage-degraded = Die Festplatte des Computers nahm keine Meldungen an ({ $cause }); sie wurden im Arbeitsspeicher gehalten und von dort gesendet.
noticed-storage-restored = Die Festplatte nahm wieder Meldungen an{ $count ->
    [0] ; alle waren inzwischen angekommen.
    [one] , auch 1 Meldung, die nicht angekommen war.
   *[other] , auch { $count } Meldungen, die nicht angekommen waren.
}
noticed-reports-lost = Auch der Arbeitsspeicher für Meldungen war voll: { $count ->
    [0] Keine Meldung ging verloren.
    [one] 1 Meldung entstand nicht.
   *[other] { $count } Meldungen entstanden nicht.
}
noticed-clock-back = Die Uhr des Computers wurde um { $time } zurückgestellt. Zeitspannen hängen davon nicht ab.
noticed-clock-forward = Die Uhr des Computers wurde um { $time } vorgestellt. Zeitspannen hängen davon nicht ab.
noticed-suspended = Der Computer war { $time } lang im Ruhezustand.
storage-full = Festplatte voll
storage-read-only = Festplatte nicht beschreibbar
storage-in-use = Datei von einem anderen Programm belegt
storage-failing = Festplatte fehlerhaft, oder die Datei lässt sich nicht öffnen
started = Begonnen
issued = Ausgegeben
code-used = Code verwendet
code-until = Code gültig bis
first-heard = Zuerst gehört
last-heard = Zuletzt gehört
length = Dauer
length-so-far = bisher { $time }
agent = Agent
looked-at = Hingesehen
frames-a-second = { $rate } Bilder je Sekunde
sampling-from = ab { $time }: { $rate }
policy = Regeln
policy-whole = Alle Regeln
setting = Einstellung
value = Wert
frames = Bilder
frames-are = { $frames } kamen, { $sampled } betrachtet, { $unusable } unbrauchbar
recording-broke = Aufzeichnung bricht ab
start-allowed = Beginn von der Aufsicht erlaubt, { $time }
ended-by-proctor = Von der Aufsicht beendet, { $time }
planned-length = Geplant
planned-until = { $length }, bis { $time }
planned-until-short = bis { $time }
alert-after = Alarm nach
evidence = Nachweise
recording-hash = Aufzeichnung, SHA-256
consent = Einwilligung, { $time }, in der Sprache { $language }: SHA-256 des Textes
model-hash = Modell { $model }, SHA-256
chain = Lückenlose Kette von { $count ->
    [0] keinen Meldungen
    [one] 1 Meldung
   *[other] { $count } Meldungen
}, SHA-256 der letzten
erase = Löschen
erase-note = Wenn ein Prüfling darum gebeten hat. Die Sitzung und alle ihre Meldungen sind endgültig fort; dass sie gelöscht wurde, bleibt im Audit-Protokoll, mit ihrer Kennung und Ihrem Namen.
erase-sure = Ich möchte diese Sitzung löschen; das lässt sich nicht rückgängig machen
erase-button = Sitzung löschen

## Was von einer Sitzung herausgegeben wird
export-title = Herausgeben:
export-report = Bericht zum Drucken
export-table = Tabelle (CSV)
export-signed = Signierte Meldungen (JSON)
export-signed-note = Von jedem nachzuprüfen: inview-server verify DATEI
report-title = Bericht über eine Sitzung
report-back = Zur Sitzung
report-print = Drucken
report-made = Erstellt { $time } von { $by }.
report-unfinished = Die Sitzung ist nicht beendet: Dies ist, was zu dieser Zeit bekannt war.
checked-title = Ob dies so ist, wie es gemeldet wurde
checked-nothing = Es wurde nichts gemeldet: Es gibt nichts zu prüfen.
checked-good = Geprüft: { $count ->
    [one] 1 Meldung ist
   *[other] { $count } Meldungen sind
} wie gemeldet, und die Intervalle stimmen damit überein.
checked-wrong = Etwas hier ist nicht so, wie es gemeldet wurde: siehe unten.
checked-note = Beim Erstellen dieser Seite aus den gespeicherten Bytes berechnet: Hash und Signatur jeder Meldung, dass jede an die vorige anschließt und dass die Intervalle die gemeldeten sind.
checked-tables = Tabellen des Servers
incarnation = Meldungen von { $id }
chain-good = Lückenlos bis Meldung { $seq }: { $count ->
    [one] 1 Meldung
   *[other] { $count } Meldungen
}.
chain-missing = Von { $count ->
    [one] 1 weiteren
   *[other] { $count } weiteren
} ist nur der Platz geblieben.
chain-signed = Alle sind mit dem Schlüssel der Sitzung signiert.
chain-unsigned = Sie sind nicht signiert: Die Sitzung hat keinen Schlüssel.
chain-wrong = Falsch bei Meldung { $seq }, der ersten solchen: { $reason }.
chain-head = Meldung { $seq }, SHA-256:
session-key = Schlüssel der Sitzung
server-key = Schlüssel des Servers
forked-never = Es wurde kein anderer Verlauf dieser Sitzung bemerkt.
wrong-format = dies ist kein Bericht in einem bekannten Format
wrong-twice = eine Inkarnation ist doppelt da
wrong-unreadable = sie ist nicht lesbar
wrong-identity = sie gehört zu einer anderen Sitzung oder Inkarnation oder hat eine andere Nummer
wrong-chain = sie schließt nicht an die vorige an: Etwas wurde geändert oder entfernt
wrong-not-signed = sie hat keine Signatur
wrong-signature = ihre Signatur ist nicht die des Sitzungsschlüssels über diese Bytes
wrong-receipt = die Quittung ist nicht vom Server signiert
wrong-received = der Server hat sie erhalten, und sie fehlt hier oder ist eine andere
table-hash = Meldung { $seq } von { $id } ist nicht das, was gehasht wurde.
table-interval = Intervall { $id } ist nicht so, wie es gemeldet wurde.
table-intervals = { $kept } Intervalle sind gespeichert, und { $told } wurden gemeldet.
table-integrity = Was über Meldungen und Uhren gesagt wird, ist nicht so, wie es gemeldet wurde.

## Sätze der Schnittstelle, die auf Seiten stehen
problem-not-found = So etwas gibt es hier nicht
problem-erased = Die Sitzung wurde gelöscht
problem-method = Diese Adresse wird nicht auf diese Weise verwendet
problem-parameter = Eine Angabe in der Adresse ist nicht verwendbar
problem-scope = Dafür ist das Token nicht da
problem-role = Das ist Ihrem Konto nicht erlaubt
problem-too-large = Die Anfrage ist zu groß
problem-malformed = Die Anfrage ist nicht lesbar
problem-too-fast = Zu viele Anfragen zu dieser Sitzung: Versuchen Sie es später noch einmal
problem-too-many-codes = Von hier kamen zu viele falsche Codes: Versuchen Sie es später noch einmal
problem-too-many-sign-ins = Zu viele Anmeldungen sind fehlgeschlagen: Versuchen Sie es später noch einmal
problem-busy = Zu viel auf einmal: Versuchen Sie es noch einmal
problem-internal = Der Server hatte einen Fehler: Versuchen Sie es noch einmal
problem-foreign = Das hat die Seite einer anderen Website gesendet
problem-sign-in-wrong = Der Name, das Passwort oder der Code stimmt nicht.
problem-sign-in-token = Dieses Token wird nicht angenommen: Es ist unbekannt, abgelaufen oder kein Token der Aufsicht.
problem-link-old = Dieser Link ist verbraucht oder zu alt. Starten Sie den Server neu, um einen neuen zu erhalten.
problem-password-link-old = Dieser Link ist verbraucht oder zu alt. Bitten Sie die Administration um einen neuen.
problem-oidc-unreachable = Die Anmeldung der Organisation ist nicht zu erreichen oder antwortet nicht, wie sie sollte. Versuchen Sie es später noch einmal.
problem-oidc-broken-off = Die Anmeldung wurde abgebrochen oder dauerte zu lange. Beginnen Sie noch einmal.
problem-oidc-no-account = Sie haben hier kein Konto, oder es ist gesperrt: Wenden Sie sich an die Administration.
problem-password-wrong = Das Passwort stimmt nicht.
problem-password-differ = Die beiden Passwörter sind verschieden.
problem-password-short = Ein Passwort hat mindestens { $count } Zeichen.
problem-password-long = Ein Passwort hat höchstens { $count } Bytes.
problem-totp-wrong = Der Code stimmt nicht: Nehmen Sie den neuesten aus der App.
problem-account-name = Ein Name hat 1 bis { $count } Buchstaben (a bis z), Ziffern und . _ @ + -
problem-account-own = Das ist Ihr eigenes Konto: Bitten Sie jemand anderen aus der Administration.
problem-account-role = Diese Rolle gibt es nicht.
problem-token-scope = Die Befugnis ist eine von write, read, audit, manage, admin.
problem-token-exam = Ein Token für eine einzelne Prüfung hat die Befugnis read, audit oder manage.
problem-no-exam = Diese Prüfung gibt es nicht.
problem-no-exam-of-id = es gibt keine Prüfung { $exam }
problem-expires = expires_at ist eine Zeit (RFC 3339) innerhalb der nächsten { $days } Tage.
problem-label = Der Name hat 1 bis { $count } Zeichen und keine Zeilenumbrüche.
problem-policy = Das sind keine gültigen Regeln: { $fault }
problem-room = Ein Raum hat 1 bis { $count } Zeichen und keine Zeilenumbrüche.
problem-rooms = Eine Prüfung hat höchstens { $count } Räume.
problem-language = Die Sprache ist eine von en, de, es, ja.
problem-form = Das Formular ist nicht lesbar.
problem-form-late = Das Formular kam nicht rechtzeitig an.
problem-bytes = Höchstens { $count } Bytes werden angenommen.
problem-box = Das Kästchen ist nicht angekreuzt.
problem-list-not-text = Die Liste ist nicht UTF-8.
problem-list-line-not-text = Sie ist nicht UTF-8: Speichern Sie die Liste als „CSV UTF-8“.
problem-list-long = Eine Liste hat höchstens { $count } Prüflinge.
problem-list-empty = Die Liste hat unter ihrer Kopfzeile keine Prüflinge.
problem-list-lines = { $count } Zeilen sind nicht verwendbar; nichts wurde ausgegeben.
problem-list-same-name = Derselbe Name steht in Zeile { $line }.
problem-list-name = Der Name hat 1 bis 200 Zeichen und keine Zeilenumbrüche.
problem-list-values = Sie hat { $values } Werte, und die Kopfzeile { $columns }.
problem-list-no-columns = Die erste Zeile muss die Spalten nennen: name (oder pseudonym), und room.
problem-list-column = Die Kopfzeile hat eine Spalte { $column }: Bekannt sind name (oder pseudonym) und room.
problem-list-column-twice = Die Kopfzeile hat zwei Spalten für { $column }.
problem-list-no-room = Die Prüfung hat keinen solchen Raum.
problem-list-room-missing = Die Prüfung hat Räume: Nennen Sie einen.
problem-note-long = Eine Notiz hat höchstens 500 Zeichen.
problem-text-empty = Der Text ist leer.
problem-text-long = Der Text hat mehr als 500 Zeichen.
problem-text-odd = Der Text enthält Steuerzeichen.
problem-policy-of-exam = Die Regeln sind die der Prüfung: Lassen Sie sie weg.
problem-policy-kind = Regeln bestehen aus Namen und Werten.
problem-rooms-of-exam = Nur eine Prüfung hat Räume.
problem-key-exam = Unter diesem Schlüssel wurde etwas anderes verlangt
problem-exam-closed = Die Prüfung ist geschlossen: Für sie wird nichts mehr ausgegeben
problem-exam-begun = Ein Agent hat eine Sitzung der Prüfung übernommen: Er hat die Regeln, die er bekommen hat
problem-command = Das kann von einem Agenten nicht verlangt werden
problem-command-kind = Diese Art ist nicht bekannt.
problem-commands-many = Für die Sitzung sind so viele Anweisungen gespeichert, wie für eine Sitzung möglich sind
problem-session-ended = Die Sitzung ist zu Ende
problem-no-planned-end = Es ist kein Ende geplant, das sich verschieben ließe
problem-minutes = Die Minuten müssen zwischen 1 und 480 liegen.
problem-reviews-many = Für die Sitzung sind so viele Beurteilungen gespeichert, wie für eine Sitzung möglich sind
problem-body-kind = Eine Anfrage dieser Art wird hier nicht angenommen
problem-body-late = Die Anfrage kam nicht rechtzeitig an
problem-exam-id = exam muss die Kennung einer Prüfung sein.
problem-after-exam = after muss die Kennung einer Prüfung sein.
problem-after-session = after muss die Kennung einer Sitzung sein.
problem-session-id = session muss die Kennung einer Sitzung sein
problem-time = { $name } muss eine Zeit sein (RFC 3339)
problem-after-number = after muss eine Zahl sein
problem-row-missing = sie fehlt
problem-row-changed = sie wurde verändert: Ihre Bytes haben nicht ihren Hash
problem-row-other = sie ist eine andere Zeile
problem-row-first = vor ihr kann nichts kommen
problem-row-before = sie ist nicht die Zeile, nach der die nächste geschrieben wurde
problem-row-unreadable = sie ist nicht lesbar
problem-webhook-ping = ein Ping geht an jeden, der ihn verlangt: er steht nicht zur Wahl
problem-webhook-off = der Webhook ist abgeschaltet: Schalten Sie ihn zuerst ein
problem-webhook-was-off = der Webhook wurde abgeschaltet
problem-webhooks-many = Es gibt 20 Webhooks: Löschen Sie zuerst einen
problem-url-long = die Adresse hat höchstens 2000 Byte
problem-url = dies ist keine Adresse
problem-url-host = die Adresse nennt keinen Rechner
problem-url-name = die Adresse enthält keinen Namen, kein Passwort und keinen Teil hinter #
problem-url-https = die Adresse beginnt mit https://; http:// ist nur für diesen Rechner
problem-url-within = die Adresse gehört zu einem Rechner, der nicht erreicht werden soll: Wer den Server betreibt, kann seine eigenen Netze erlauben (--allow-private-webhooks)
problem-send-late = keine Antwort innerhalb von zehn Sekunden
problem-send-refused = keine Verbindung: der Name, der Port, das Zertifikat, oder nicht zu erreichen
problem-send-broken = die Verbindung brach ab

# Pages that are named in the head
review-title = Beurteilung
webhooks-title = Webhooks
audit-title = Protokoll
exam-review = Ihre Alarme beurteilen

# Was die Prüflinge lesen. Einfache Worte, kein Vorwurf: gemeldet wird Anwesenheit, nie ein Urteil.

language-name = Deutsch
language = Sprache
text-larger = Größere Schrift
text-smaller = Kleinere Schrift
seconds = { $count ->
    [one] 1 Sekunde
   *[other] { $count } Sekunden
}

## Vor der Prüfung: der Einstieg
join-title = An der Prüfung teilnehmen
join-intro = Fügen Sie den Link, den Sie erhalten haben, in eines der Felder ein, oder geben Sie die Adresse des Servers und Ihren Code ein.
join-server = Server
join-code = Code
join-join = Teilnehmen
join-asking = Der Server wird gefragt …
join-no-link = Das ist kein Link zu einer Prüfung. Kopieren Sie den ganzen Link, oder geben Sie die Adresse des Servers und den Code ein.
join-no-server = Das ist keine Adresse eines Servers. Sie sieht so aus: https://exams.example.
join-plain = Die Adresse des Servers muss mit https:// beginnen.
join-no-code = Das ist kein Code. Ein Code hat zwölf Buchstaben und Ziffern.
join-no-connection = Der Server ist nicht zu erreichen. Prüfen Sie Ihre Verbindung und die Adresse, und versuchen Sie es noch einmal.
join-not-trusted = Der Server konnte nicht beweisen, dass er der richtige ist. Machen Sie nicht weiter; sagen Sie der Aufsicht Bescheid.
join-not-inview = Unter dieser Adresse ist kein InView-Server. Prüfen Sie die Adresse. In einem Netz mit Anmeldeseite melden Sie sich erst dort an.
join-code-unknown = Der Server kennt diesen Code nicht. Prüfen Sie ihn Zeichen für Zeichen.
join-code-expired = Dieser Code gilt nicht mehr. Bitten Sie die Aufsicht um einen neuen.
join-code-used = Dieser Code wurde schon verwendet, auf einem anderen Computer oder von jemand anderem. Bitten Sie die Aufsicht um einen neuen.
join-too-many = Aus Ihrem Netz kamen zu viele falsche Codes. Warten Sie fünf Minuten, und versuchen Sie es noch einmal.
join-server-failed = Der Server kann gerade nicht antworten. Versuchen Sie es noch einmal.
join-other = Das hat nicht geklappt. Sagen Sie der Aufsicht, was unten steht.

## Vor der Prüfung: Einwilligung
welcome-title = Vor Ihrer Prüfung
welcome-intro = InView hält während der Prüfung fest, ob Sie im Bild Ihrer Kamera sind. Bitte lesen Sie, was das bedeutet.
welcome-watched-title = Was beobachtet wird
welcome-watched = Ob die Kamera funktioniert, ob ein Gesicht oder eine Person im Bild ist und ob es mehr als eine Person ist. InView erkennt nicht, wer Sie sind, nimmt keinen Ton auf und sieht niemals Ihren Bildschirm, Ihre Dateien oder Ihre Tastatur.
welcome-leaves-title = Was diesen Computer verlässt
welcome-leaves = Zeiten und Art dessen, was festgehalten wurde, etwa „nicht im Bild, von 10:15 bis 11:02“. Dazu ab der Kameraprüfung alle paar Sekunden: dass InView läuft, was es sieht (etwa „im Bild“) und was mit der Kamera oder diesem Computer nicht stimmt (etwa eine volle Festplatte, Ruhezustand oder eine verstellte Uhr). Außerdem, wie Sie der Aufsicht antworten: dass eine Nachricht gelesen wurde, und wie es um Ihre Kamera steht, wenn Sie gebeten wurden, sie zu prüfen. All das geht an { $server }. Ihr Bild verlässt diesen Computer nie und wird nicht gespeichert.
welcome-kept-title = Was auf diesem Computer bleibt
welcome-kept = Was festgehalten wurde, wird auf diesem Computer aufbewahrt, bis der Server es hat. Ist die Prüfung vorbei und alles angekommen, wird es { $days ->
    [0] sofort
    [one] nach 1 Tag
   *[other] nach { $days } Tagen
} gelöscht. Eine Kopie, die Sie speichern, bleibt, bis Sie sie löschen.
welcome-policy-title = Die Regeln dieser Prüfung
welcome-policy-record = Sind Sie kürzer als { $record } nicht im Bild, wird nichts festgehalten.
welcome-policy-warn = Nach { $warn } werden Sie darauf hingewiesen, damit Sie zurückkommen können.
welcome-policy-alert = Nach { $alert } erfährt es auch die Aufsicht.
welcome-policy-virtual-report = Ein Programm, das sich als Kamera ausgibt, wird vermerkt.
welcome-policy-virtual-refuse = Mit einem Programm anstelle einer Kamera beginnt die Prüfung nicht.
welcome-policy-still-report = Ein stehendes Bild anstelle Ihres Gesichts oder eine Aufnahme anstelle des Kamerabildes wird vermerkt.
welcome-policy-still-alert = Ein stehendes Bild anstelle Ihres Gesichts oder eine Aufnahme anstelle des Kamerabildes wird vermerkt, und die Aufsicht wird benachrichtigt.
welcome-policy-end = Am Ende sehen Sie alles, was gemeldet wurde, und können eine Kopie behalten.
welcome-agree = Ich habe das gelesen und bin einverstanden
welcome-continue = Weiter zur Kameraprüfung
welcome-other-exam = Andere Prüfung

## Vor der Prüfung: Kamera
check-title = Kameraprüfung
check-preview = Livebild Ihrer Kamera, gespiegelt
check-no-picture = Noch kein Bild
check-start = Prüfung beginnen
check-wait = Sie können beginnen, sobald Sie 2 Sekunden lang im Bild waren.
check-refused = Mit einer anderen Kamera können Sie beginnen.
check-ready = Sie sind im Bild. Beginnen Sie, wenn Sie so weit sind.
check-let-in = Die Aufsicht lässt Sie beginnen.
check-back = Regeln noch einmal lesen
check-private = Dieses Bild bleibt auf diesem Computer. Während der Prüfung wird es nur gezeigt, wenn die Aufsicht Sie bittet, die Kamera zu prüfen.
camera-title = Kamera
camera-virtual = { $name } (ein Programm, kein Gerät)
camera-moved = Sie ist an einer anderen Stelle eingesteckt als beim letzten Mal.
camera-stand-in = Die zuletzt gewählte Kamera ist nicht angeschlossen. Diese wird stattdessen verwendet.
sound-switch = Warnungen mit einem Ton begleiten
sound-try = Ton einmal abspielen
sound-failed = Auf diesem Computer ließ sich kein Ton abspielen. Hinweise stehen in diesem Fenster.

hint-waiting = Warten auf die Kamera …
hint-all-good = Alles in Ordnung. Bleiben Sie so.
hint-move-left = Rücken Sie ein wenig nach links.
hint-move-right = Rücken Sie ein wenig nach rechts.
hint-move-up = Setzen Sie sich etwas höher, oder neigen Sie die Kamera nach unten.
hint-move-down = Setzen Sie sich etwas tiefer, oder neigen Sie die Kamera nach oben.
hint-come-closer = Kommen Sie etwas näher.
hint-move-back = Rücken Sie etwas zurück.
hint-more-light = Es ist zu dunkel. Schalten Sie vor sich ein Licht ein.
hint-lit-from-behind = Das Licht kommt von hinten. Drehen Sie sich vom Fenster weg, oder schalten Sie vor sich ein Licht ein.
hint-lens-covered = Die Linse ist verdeckt. Öffnen Sie die Abdeckung, oder nehmen Sie weg, was davor ist.
hint-picture-frozen = Das Bild ändert sich nicht. Ziehen Sie die Kamera ab und stecken Sie sie wieder an, oder starten Sie ihr Programm neu.
hint-nobody-there = Niemand ist im Bild. Setzen Sie sich vor die Kamera.
hint-face-not-visible = Ihr Gesicht ist nicht zu sehen. Schauen Sie zum Bildschirm, ohne etwas vor dem Gesicht.
hint-no-camera = Keine Kamera gefunden. Schließen Sie eine an; sie wird von selbst erkannt.
hint-camera-busy = Ein anderes Programm benutzt die Kamera. Schließen Sie es (zum Beispiel einen Videoanruf).
hint-camera-denied = Das System lässt InView nicht an die Kamera. Erlauben Sie es in den Einstellungen zum Datenschutz.
hint-camera-refused = Diese Kamera ist ein Programm, kein Gerät, und das lässt diese Prüfung nicht zu. Wählen Sie eine andere Kamera.
hint-camera-lost = Die Kamera liefert keine Bilder. Prüfen Sie ihr Kabel; InView versucht es weiter.
hint-detector-failed = Die Prüfung des Bildes läuft gerade nicht. Sie wird von selbst neu gestartet.

## Während der Prüfung
exam-title = Prüfung läuft
sight-waiting = Wird vorbereitet
sight-seen = Sie sind im Bild
sight-not-seen = Sie sind nicht im Bild
sight-cannot-look = Die Kamera kann Sie nicht sehen
exam-for = seit { $time }
exam-running = Läuft seit { $time }
exam-planned = Geplantes Ende: { $end }, in { $time }
exam-over = Das geplante Ende war um { $end }, vor { $time }. Sie werden beobachtet, bis die Prüfung beendet wird.
exam-extended = { $minutes ->
    [one] Die Aufsicht hat Ihnen 1 Minute mehr gegeben.
   *[other] Die Aufsicht hat Ihnen { $minutes } Minuten mehr gegeben.
}
exam-compact = Kleines Fenster im Vordergrund
exam-full = Ganzes Fenster
exam-end = Prüfung beenden
exam-end-title = Prüfung beenden?
exam-end-text = Die Beobachtung endet, und was festgehalten wurde, wird gesendet. Das lässt sich nicht rückgängig machen.
exam-end-yes = Ja, beenden
exam-end-no = Nein, weiter
leave-title = Fenster schließen?
leave-text = Die Prüfung läuft noch. Zeit, in der InView nicht läuft, wird als Lücke gemeldet. Starten Sie InView wieder, um fortzufahren.
leave-yes = Trotzdem schließen
leave-no = Bleiben
notice-out-of-view = Sie sind nicht im Bild. Bitte kommen Sie zurück.
notice-face-not-visible = Ihr Gesicht ist nicht zu sehen. Bitte schauen Sie zum Bildschirm.
notice-multiple-people = Mehr als eine Person ist im Bild.
notice-still-image = Ihr Gesicht wirkt wie ein stehendes Bild. Bitte bewegen Sie den Kopf ein wenig.
notice-loop = Ihr Bild wiederholt, was die Kamera schon gezeigt hat. Bitte zeigen Sie sich live.
notice-cannot-look = Die Kamera kann Sie nicht sehen. { $hint }
notice-back = Danke, Sie sind wieder im Bild.
busy = Das ging gerade nicht. Bitte versuchen Sie es noch einmal.

connection-title = Verbindung
connection-all-sent = Verbunden; alle Meldungen sind angekommen
connection-sending = Wird gesendet: { $left ->
    [one] 1 Meldung wartet
   *[other] { $left } Meldungen warten
}
connection-unreachable = Keine Verbindung; { $left ->
    [0] was festgehalten wird, wird
    [one] 1 Meldung wird
   *[other] { $left } Meldungen werden
} aufbewahrt und später gesendet
connection-refused = Der Server nimmt die Meldungen nicht an; sie bleiben hier aufbewahrt
connection-unreachable-not-kept = Keine Verbindung; { $left ->
    [0] was festgehalten wird, wartet
    [one] 1 Meldung wartet
   *[other] { $left } Meldungen warten
} im Arbeitsspeicher und ginge verloren, wenn InView oder dieser Computer anhielte
connection-refused-not-kept = Der Server nimmt die Meldungen nicht an; sie warten im Arbeitsspeicher und gingen verloren, wenn InView oder dieser Computer anhielte

reported-title = Bisher gemeldet
reported-none = Nichts.
reported-line = { $kind }, von { $start } bis { $end }
reported-open = { $kind }, seit { $start }
kind-out-of-view = Nicht im Bild
kind-face-not-visible = Gesicht nicht zu sehen
kind-multiple-people = Mehr als eine Person
kind-camera-covered = Kamera verdeckt
kind-too-dark = Zu dunkel
kind-frozen-picture = Bild eingefroren
kind-camera-lost = Kamera verloren
kind-virtual-camera = Virtuelle Kamera
kind-suspected-still-image = Verdacht auf ein stehendes Bild
kind-suspected-loop = Verdacht auf eine Wiederholung der Aufnahme
kind-agent-gap = InView lief nicht
kind-reporting-gap = Keine Meldungen eingegangen

trouble-virtual-camera = Diese Kamera ist ein Programm und kein Gerät. Das wird gemeldet.
trouble-overloaded = Dieser Computer ist ausgelastet; InView schaut seltener hin.
trouble-battery-low = Der Akku ist fast leer; InView schaut seltener hin. Schließen Sie das Netzteil an.
trouble-machine-hot = Dieser Computer ist sehr warm; InView schaut seltener hin.
trouble-storage-degraded = Die Festplatte dieses Computers nimmt die Meldungen nicht an: Ist sie voll? Gesendet werden sie trotzdem; was nicht angekommen ist, geht aber verloren, wenn InView oder der Computer anhält.
trouble-spool-failed = Einige Meldungen konnten weder gespeichert noch gesendet werden und sind verloren. Gehen Sie online, schaffen Sie Platz auf der Festplatte, und sagen Sie es der Aufsicht.
trouble-server-refuses = Der Server nimmt die Meldungen nicht an. Sagen Sie es der Aufsicht.

## Nachrichten der Prüfungsaufsicht
message-title = Nachricht der Aufsicht
message-at = Eingegangen um { $time }
message-at-more = Eingegangen um { $time }; { $more ->
    [one] 1 weitere wartet
   *[other] { $more } weitere warten
}
message-read = Ich habe das gelesen
recheck-title = Die Aufsicht bittet Sie, Ihre Kamera zu prüfen
recheck-text = Sehen Sie nach, ob Sie gut im Bild sind, und beheben Sie, was unten steht. Antworten Sie dann; Ihre Prüfung läuft währenddessen weiter.
recheck-good = Sie sind gut im Bild.
recheck-done = Ich habe sie geprüft
recheck-cannot = Ich kann es nicht beheben

## Nach der Prüfung
end-title-ending = Die Prüfung ist beendet
end-title = Alles erledigt
ended-by-title = Die Aufsicht hat Ihre Prüfung beendet
ended-by-reason = Grund: { $reason }
ended-by-text = Sie müssen hier nichts mehr tun. Was bis dahin festgehalten wurde, wird wie üblich gesendet. Bei Fragen wenden Sie sich an die Stelle, die die Prüfung abhält.
end-sending = Was festgehalten wurde, wird gesendet …
end-progress = { $done } von { $all } Meldungen sind angekommen
end-arrived = Alles ist angekommen. Sie können dieses Fenster schließen.
end-later = Noch nicht alles konnte gesendet werden. Es bleibt auf diesem Computer und wird gesendet, wenn InView mit dieser Prüfung wieder gestartet wird. Bitte tun Sie das, sobald Sie online sind.
end-later-not-kept = Noch nicht alles konnte gesendet werden, und die Festplatte dieses Computers nimmt es nicht an. Lassen Sie dieses Fenster offen und gehen Sie online: Was nicht angekommen ist, geht verloren, wenn Sie es schließen.
end-reported-title = Was über Ihre Sitzung gemeldet wurde
end-reported-none = Sie waren die ganze Zeit im Bild. Nichts wurde gemeldet.
end-save = Kopie speichern
end-saved = Gespeichert unter { $path }
end-not-saved = Die Kopie konnte nicht gespeichert werden: { $reason }
end-open-page = Seite öffnen
end-open-folder = Ordner zeigen
end-not-opened = Es ließ sich nicht öffnen: { $reason }
end-close = Schließen

## Die Kopie als Seite
copy-title = Was über Ihre Prüfung gemeldet wurde
copy-session = Sitzung
copy-label = Bei der Aufsicht heißt sie
copy-server = Gemeldet wurde an
copy-began = Beginn der Prüfung
copy-ended = Ende der Prüfung
copy-saved = Kopie gespeichert
copy-reports = Meldungen
copy-policy = Regeln
copy-reported = Was gemeldet wurde
copy-what = Was
copy-from = Von
copy-to = Bis
copy-length = Dauer
copy-open = nicht beendet
copy-into = { $time } nach Beginn
copy-zone = Die Zeiten sind die von { $zone }.
copy-consent-title = Ihre Einwilligung
copy-consent = Am { $time } haben Sie dem Text über diese Prüfung zugestimmt. Die SHA-256 seiner Worte:
copy-consent-earlier = Sie hatten zugestimmt, bevor InView neu gestartet wurde; diesen Zeitpunkt enthält diese Kopie nicht.
copy-worth-title = Was diese Kopie wert ist
copy-integrity = Sie wurde auf Ihrem Computer aus dem gemacht, was InView gesendet hat. Sie ist nicht unterschrieben, und wer sie hat, kann sie ändern: Im Zweifel gilt, was der Server der Prüfung hat. Sie enthält kein Bild; keines wurde gespeichert oder gesendet.
copy-beside = Dasselbe als Daten steht in { $file }. Ihre SHA-256:

# Lo que leen quienes supervisan y organizan exámenes, y los aspirantes en la página de su enlace. Palabras
# sencillas: se comunica la presencia, nunca se juzga. Los mensajes `…-html` son HTML.

language-tag = es
language = Idioma
skip = Ir al contenido
nav = Menú principal
foot = InView comunica la presencia, y cuándo la cámara no pudo ver. Lo que eso significa lo juzga una persona.
to-sessions = A las sesiones
list-comma = ,{" "}
when = { $day }/{ $month }/{ $year }, { $time }
span-seconds = { $seconds } s
span-minutes = { $minutes } min { $seconds } s
span-hours = { $hours } h { $minutes } min
pages = Páginas
name = Nombre
role = Función
state = Estado
room = Sala
code = Código
exam = Examen
session = Sesión
candidate = Aspirante
all = todas
show = Mostrar
id = Identificador
made-at = creado el { $time }
good-until = Válido hasta
good-once-until = Válido una sola vez, hasta
sessions = { $count ->
    [0] ninguna sesión
    [one] 1 sesión
   *[other] { $count } sesiones
}
rooms = { $count ->
    [0] ninguna sala
    [one] 1 sala
   *[other] { $count } salas
}
candidates = { $count ->
    [0] ningún aspirante
    [one] 1 aspirante
   *[other] { $count } aspirantes
}
alerts = { $count ->
    [0] ninguna alerta
    [one] 1 alerta
   *[other] { $count } alertas
}
sessions-title = Sesiones
exams-title = Exámenes
accounts-title = Cuentas
tokens-title = Tokens
alerts-title = Alertas

## Inicio de sesión
sign-in = Iniciar sesión
sign-out = Cerrar sesión
sign-in-with = Iniciar sesión con { $organisation }
sign-in-or = O con una contraseña de este servidor:
sign-in-code = Código de su aplicación de autenticación, si utiliza una
sign-in-token = Iniciar sesión con un token
sign-in-token-label = Token de supervisión
sign-in-token-note-html = Está en el archivo <code>proctor.token</code> del servidor. Mientras no haya nadie en administración, el servidor muestra al arrancar un enlace que inicia la sesión.
sign-in-token-button = Iniciar sesión con el token
signed-in-title = Sesión iniciada
signed-in = Ha iniciado sesión
password = Contraseña
password-again = La misma otra vez
password-current = Contraseña actual
password-new = Contraseña nueva
password-own = Su contraseña
password-change = Cambiar la contraseña
password-note = { $count } caracteres o más. Se cierra la sesión en sus otros navegadores.
set-password = Establezca su contraseña
set-the-password = Establecer la contraseña
set-password-note = { $count } caracteres o más. Van bien unas cuantas palabras que no sean de ninguna canción.
first-admin = La primera cuenta de administración
first-admin-intro = Nadie puede iniciar sesión todavía en este servidor. Cree una cuenta para usted: puede hacerlo todo y crea cuentas para otras personas.
first-admin-name-note = Por ejemplo, una dirección de correo. Figura en el registro de quién hizo qué.
first-admin-not-now = Ahora no: a las sesiones
make-account = Crear la cuenta

## Cuentas
account = Cuenta
own-account = Su cuenta
role-admin = administración
role-proctor = supervisión
role-auditor = auditoría
role-option-admin = Administración
role-option-proctor = Supervisión
role-option-auditor = Auditoría
role-set = Establecer la función
totp-title = Segundo factor
totp-intro = Una aplicación de su teléfono genera cada 30 segundos un código nuevo, que se le pide al iniciar sesión. Lea la imagen con la aplicación o escriba el secreto.
totp-picture = El secreto de abajo, para la cámara de una aplicación de autenticación
totp-secret = Secreto
totp-code = Código que muestra la aplicación
totp-use = Utilizar el segundo factor
totp-on = Al iniciar sesión se le pide el código de su aplicación.
totp-off = Prescindir del segundo factor
link = Enlace
link-title = Enlace para { $name }
link-heading = Un enlace para { $name }
link-note = Entréguelo solo a esa persona: quien lo abre establece la contraseña. Solo aparece aquí ahora.
account-new = Cuenta nueva
account-new-note = Recibirá un enlace con el que la persona establece una contraseña.
account-name-taken = Este nombre ya está en uso.
account-name-taken-or-faster = Este nombre ya está en uso, o alguien se ha adelantado.
account-may = Lo que puede hacer la persona
account-may-proctor = Supervisión: observa los exámenes que usted asigna y escribe a los aspirantes
account-may-auditor = Auditoría: lo ve todo, no cambia nada
account-may-admin = Administración: todo
accounts-none = Todavía no hay ninguna cuenta.
account-disabled = desactivada
account-no-password = aún sin contraseña
account-two-factors = dos factores
account-password = contraseña
account-all-exams = todos
account-with-totp = con segundo factor
account-without-totp = sin segundo factor
account-admin-exams = La administración se ocupa de todos los exámenes.
account-auditor-exams = La auditoría ve todos los exámenes.
account-watches = Observa las sesiones de
account-assign = Asignar
account-sign-in = Inicio de sesión
account-take-totp = Quitar el segundo factor: el dispositivo se ha perdido
account-make-link = Crear un enlace para una contraseña nueva
account-own-note = Esta es su propia cuenta: sobre su función y su cierre decide otra persona de la administración.
account-enable = Activar la cuenta
account-disable = Desactivar la cuenta

## Tokens de programas
token = Token
token-new = Token nuevo
token-scope = Alcance
token-note = Guárdelo ahora: el servidor solo conoce su hash, y esta página no vuelve a aparecer.
tokens-heading = Tokens para programas
tokens-none = Aquí no se ha creado ningún token.
tokens-none-note = Los de la carpeta del servidor no están en esta lista.
token-name = Para qué es
token-may = Lo que puede hacer
token-may-audit = audit: leer
token-may-read = read: leer y dar órdenes
token-may-manage = manage: crear exámenes, emitir sesiones
token-may-write = write: comunicar para cualquier sesión
token-may-admin = admin: todo menos comunicar
token-for = Para
all-exams = todos los exámenes
token-for-one = para un examen
token-days = Válido durante estos días
token-make = Crear el token
token-made = creado el { $time } por { $by }
token-good-until = válido hasta el { $time }
token-good = válido
token-expired = caducado
token-taken-back = retirado
token-take-back = Retirar
token-take-back-named = Retirar el token { $name }

## Webhooks
webhook-new = Webhook nuevo
webhook-name = De quién es
webhook-url = Adónde van los mensajes
webhook-types = Se envía un mensaje cuando
webhook-type-presence-opened = hay abierta una alerta sobre la presencia
webhook-type-presence-closed = ha terminado un intervalo sobre la presencia
webhook-type-camera-opened = la cámara no puede ver
webhook-type-camera-closed = la cámara vuelve a ver
webhook-type-gap-opened = no hay noticias de una sesión
webhook-type-gap-closed = vuelve a haber noticias de una sesión
webhook-type-started = ha empezado una sesión
webhook-type-ended = ha terminado una sesión
webhook-type-review = alguien ha revisado un intervalo
webhook-type-ping = una prueba
webhook-labels-tell = Decir cómo se llaman los aspirantes; si no, solo los números de sus sesiones
webhook-make = Crear el webhook
webhooks-none = Todavía no se informa a nadie.
webhooks-none-note = Un webhook informa por sí mismo a otro sistema de lo que ocurre aquí.
webhook-disabled = desactivado
webhook-in-use = en uso
webhook-failing = con fallos
webhook-all-exams = para todos los exámenes
webhook-one-exam = un examen
webhook-told-all = se le informa de todo
webhook-told = se le informa de { $count } de { $all } clases
webhook-labels-with = con nombres
webhook-labels-without = sin nombres
webhook-waiting = { $count ->
    [0] ningún mensaje en espera
    [one] 1 mensaje en espera
   *[other] { $count } mensajes en espera
}
webhook-arrived = último recibido el { $time }
webhook-arrived-never = no ha llegado nada
webhook-old-secret = el secreto anterior vale hasta el { $time }
webhook-retry = Se vuelve a intentar, después de { $count ->
    [one] 1 intento
   *[other] { $count } intentos
}:
webhook-retry-at = Se vuelve a intentar a las { $time }, después de { $count ->
    [one] 1 intento
   *[other] { $count } intentos
}:
webhook-answered = la respuesta fue { $status }
webhook-answered-saying = la respuesta fue { $status }, «{ $fault }»
webhook-dead = { $count ->
    [0] no se desistió de ningún mensaje
    [one] Se desistió de 1 mensaje
   *[other] Se desistió de { $count } mensajes
}
webhook-send-all = Volver a enviarlos todos
webhook-dead-disabled = Se pueden volver a enviar cuando el webhook esté activado.
webhook-when = Cuándo
webhook-attempts = Intentos
webhook-answer = Respuesta
webhook-again = De nuevo
webhook-send-again = Volver a enviar
webhook-send-again-named = Volver a enviar: { $what }, { $time }
webhook-test = Enviar una prueba
webhook-test-named = Enviar una prueba a { $name }
webhook-disable = Desactivar
webhook-disable-named = Desactivar { $name }
webhook-enable = Activar
webhook-enable-named = Activar { $name }
webhook-rotate = Secreto nuevo
webhook-rotate-named = Crear un secreto nuevo para { $name }
webhook-delete = Eliminar
webhook-delete-sure = Quiero eliminar { $name }, y con él sus mensajes
webhook-delete-button = Eliminar el webhook
webhook-secret-note = Déselo a quienes reciben los mensajes: por él saben que un mensaje viene de aquí. Esta página no vuelve a aparecer.
webhook-secret = Secreto
webhook-address = Dirección
webhook-secret-before = El secreto anterior vale hasta el

## El registro de quién hizo qué
audit-note = Quién hizo qué y cuándo, lo más reciente primero. Las filas solo se añaden; cada una lleva el hash de la anterior.
audit-whole = íntegro
audit-whole-so-far = íntegro en lo comprobado
audit-rows = { $count ->
    [0] ninguna fila
    [one] 1 fila
   *[other] { $count } filas
}
audit-head = la última tiene el hash
audit-checked-all = Se han comprobado ahora todas las filas ({ $now } UTC): cada una está tal como se escribió.
audit-checked-new = Todas las filas se comprobaron a las { $all } UTC. Ahora ({ $now } UTC) { $count ->
    [0] no había ninguna nueva y la última seguía igual.
    [one] se ha comprobado la única nueva.
   *[other] se han comprobado las { $count } nuevas.
} Si una anterior ha cambiado desde entonces se ve al comprobarlas todas.
audit-check-all = Comprobar todas las filas
audit-broken = La fila { $number } no está tal como se escribió: { $why }. Alguien ha cambiado la base de datos.
audit-who = Quién
audit-anything = todo
audit-from = Desde (UTC)
audit-until = Hasta (UTC)
audit-none = Ninguna fila es así.
audit-row = Fila
audit-when = Cuándo (UTC)
audit-detail = Sesión o detalle
audit-hash = Hash
audit-older = Filas anteriores
deed-signed-in = inició sesión
deed-signed-out = cerró sesión
deed-command-given = orden dada
deed-fork-recorded = otro historial observado
deed-silence-alerted = alerta por falta de contacto
deed-sign-in-refused = inicio de sesión rechazado
deed-session-issued = sesión emitida
deed-exam-created = examen creado
deed-exam-closed = examen cerrado
deed-policy-changed = reglas cambiadas
deed-language-changed = idioma de los enlaces cambiado
deed-roster-imported = lista importada
deed-account-created = cuenta creada
deed-account-disabled = cuenta desactivada
deed-account-enabled = cuenta activada
deed-role-changed = rol cambiado
deed-exams-assigned = exámenes asignados
deed-password-link-made = enlace de contraseña creado
deed-password-set = contraseña establecida
deed-second-factor-set = segundo factor activado
deed-second-factor-removed = segundo factor quitado
deed-token-made = token creado
deed-token-revoked = token retirado
deed-reviewed = revisado
deed-session-erased = sesión borrada
deed-session-exported = sesión exportada
deed-webhook-made = webhook creado
deed-webhook-enabled = webhook activado
deed-webhook-disabled = webhook desactivado
deed-webhook-secret-rotated = secreto del webhook renovado
deed-webhook-deleted = webhook eliminado
deed-messages-sent-again = mensajes reenviados

## Exámenes
exams-none = Todavía no hay ningún examen.
exams-none-assigned = No tiene asignado ningún examen.
exams-newest = Exámenes más recientes
exams-older = Exámenes anteriores
exam-new = Examen nuevo
exam-make = Crear el examen
exam-name = Nombre del examen
exam-warn = Avisar al aspirante después de, en segundos
exam-warn-note = La ventana dice que no se le ve.
exam-alert = Alertar a quien supervisa después de, en segundos
exam-alert-note = No antes de haber avisado al aspirante.
exam-record = Anotar después de, en segundos
exam-record-note = Las ausencias más cortas no figuran en el informe.
exam-rate = Imágenes examinadas por segundo
exam-rate-note = Con más se encuentran ausencias más cortas, y se carga más el ordenador del aspirante.
exam-virtual = Cuando la cámara es un programa
exam-virtual-report = anotarlo
exam-virtual-refuse = no dejar que empiece el examen
exam-default = Por defecto: { $value }.
exam-merge = Contar como uno lo que no dista más de, en segundos
exam-merge-note = Intervalos de una clase: una ausencia, no tres.
exam-lost = Cámara perdida después de, en segundos
exam-lost-note = Ese tiempo sin ninguna imagen.
exam-lowest = No menos imágenes por segundo que
exam-lowest-note = Mientras el ordenador del aspirante tiene poca batería, está caliente o muy ocupado.
exam-still = Cuando la cara solo se mueve como una foto o se reproduce una grabación en bucle
exam-still-report = anotarlo para quien supervisa
exam-still-alert = avisar al aspirante y alertar
exam-still-ignore = no buscarlo
exam-planned = Duración prevista en minutos
exam-planned-note = La ven aspirantes y supervisores. Nada termina por sí solo, y una sesión puede ampliarse. Vacío: sin final previsto.
exam-keep = Días que los avisos quedan en el ordenador del aspirante
exam-keep-note = Después del examen, cuando han llegado todos.
fault-number = Esto no es un número.
fault-day = Ningún tiempo supera un día: va en segundos.
fault-rate = Entre { $least } y { $most }.
fault-days = Días enteros, { $most } como máximo.
fault-minutes = Minutos enteros de 1 a { $most }, o nada.
fault-nothing = Más de 0.
fault-choice = Esto no se puede elegir.
fault-name = Una línea de 1 a { $most } caracteres.
fault-rooms = Como máximo { $most } salas, una por línea, de { $chars } caracteres como máximo.
fault-warn-late = El aspirante se entera primero: no después de alertar a quien supervisa.
fault-alert-early = No antes de anotarlo.
exam-language = Idioma de las páginas de los enlaces
exam-language-browser = el que pida el navegador
exam-language-is = Idioma de las páginas de los enlaces: { $language }
exam-language-change = Cambiar el idioma de los enlaces
exam-language-note = Para los enlaces que se creen a partir de ahora; los ya entregados conservan el suyo.
exam-language-save = Guardar este idioma
exam-rooms = Salas, una por línea (puede quedar vacío)
exam-wrong = No se ha creado ningún examen: vea los campos marcados.
exam-open = abierto
exam-closed = cerrado
exam-closed-aside = (cerrado)
exam-made = Creado el { $made }.
exam-made-closed = Creado el { $made }, cerrado el { $closed }.
exam-close = Cerrar el examen
exam-close-note = No se emite nada más para él. Las sesiones ya emitidas continúan.
exam-candidates = Aspirantes
exam-watch = Observar
exam-nobody = Todavía no hay nadie en la lista.
exam-first = Principio de la lista
exam-more = Más de la lista
exam-line = línea { $line }: { $reason }
import-title = Importar una lista
import-intro-html = Una tabla en CSV. Su primera línea nombra las columnas: <code>name</code> o <code>pseudonym</code>, y <code>room</code> si lo desea. Cada fila recibe una sesión con un código y enlaces.
import-file = El archivo
import-list = O la propia lista
import-example = Aspirante 1,A1
import-days = Los códigos son válidos durante estos días
import-button = Importar la lista
rules = Reglas
rules-default = Las reglas predeterminadas.
rules-default-but = Las reglas predeterminadas, excepto:
rules-change = Cambiar las reglas
rules-note = Para todos los aspirantes del examen, también los que ya tienen un enlace. Lo que solo fijan los programas queda como está.
rules-wrong = Sin cambios: vea los campos marcados.
rules-save = Guardar estas reglas
rules-taken = El programa de un aspirante ha tomado una sesión y tiene estas reglas: ya no se pueden cambiar.
rules-times = Tiempos
rules-sampling = Imágenes
rules-watched = Lo que se observa
rules-besides = Además
rooms-are = Salas: { $rooms }
links-title = Enlaces de { $exam }
links-heading = Códigos y enlaces
links-note = Los códigos solo aparecen aquí ahora: guárdelos antes de salir de esta página.
links-download = Descargar como CSV
links-page = Página para el aspirante
links-page-short = Página

## Una sesión que se emite
session-new = Sesión nueva
session-name = Nombre de la sesión
session-name-note-html = Un puesto o un número, como <q>Puesto 7</q>. Recibirá un código y enlaces para el aspirante.
session-make = Crear un código
issued-note = Entregue al aspirante el código o uno de los enlaces. Solo aparecen aquí ahora: guárdelos antes de salir de esta página.
issued-code = Código, para escribirlo
issued-page = Página, para un mensaje al aspirante
issued-link = Enlace que abre InView

## La página del aspirante
join-title = Entrar en su examen
join-intro = Este examen utiliza InView, un programa en su ordenador.
join-open = Abrir InView
join-by-hand = Si no se abre nada, instale InView, o inícielo usted mismo y escriba:
join-server = Servidor
join-note = El código vale para un solo ordenador. Abrir esta página no lo gasta.
join-foot = InView anota si usted está a la vista de su cámara. Su imagen no sale de su ordenador.

## La lista de sesiones
roster-label = Sesiones, las más urgentes primero
roster-none = Todavía no se ha comunicado ninguna sesión.
roster-none-issuer-html = Cree una arriba o importe la lista de un <a href="/exams">examen</a>, y entregue el código al aspirante. Un agente o una repetición que comunica con su propio token aparece aquí con su primer aviso.
roster-none-other-html = Aquí aparecen las sesiones de los <a href="/exams">exámenes</a> de los que usted se ocupa.
roster-unmatched = No hay ninguna sesión así.
sessions-newest = Sesiones más recientes
sessions-older = Sesiones anteriores
session-nameless = Sesión { $session }
search = Buscar
search-by-name = Buscar por nombre
group-by = Agrupar por
group-urgency = urgencia
group-exam = examen
group-room = sala
group-no-exam = sin examen
group-no-room = sin sala
sound = Sonido
sound-hint = (pulse una tecla para oírlo)
notifications = Notificaciones
notifications-not-allowed = El navegador no las permite aquí
keys = Teclas
keys-next = alerta siguiente
keys-rows = filas
keys-search = buscar
keys-in-row = en la fila de una alerta:
key-acknowledge = darse por enterado
key-fine = en orden
key-technical = técnico
key-violation = infracción
key-unsure = dudoso
key-undo = deshacer
column-for = Desde hace
column-heard = Último contacto
column-spark = Últimos diez minutos
row-for = desde hace
row-heard = último contacto:
heard-never = nunca
heard-ago = hace { $time }
two-histories = dos historiales
to-review = por revisar
to-review-count = { $count } por revisar
reports-arrive = llegan avisos
nothing-to-report = nada que comunicar
never-ended = nunca terminó
code-good-until = código válido hasta el { $time }
spark-nothing = Últimos diez minutos: nada que comunicar
spark-one = Últimos diez minutos: { $kind }
spark-more = Últimos diez minutos: { $count } intervalos: { $kinds }
legend = Leyenda
legend-title = Colores y signos
legend-note = Las barras de altura completa duran lo bastante para una alerta. Rayadas: la cámara no pudo ver o no se supo nada; no se sabe qué ocurrió.
live = ● en directo
live-stale = ▲ sin conexión en directo desde las { $time }
live-signed-out = Sesión cerrada: vuelva a cargar la página
live-gone = Ya no está entre sus sesiones: vuelva a cargar la página
alert-new = Alerta nueva. { $what }
alerts-new = { $number } alertas nuevas

state-alert = alerta
state-could-not-look = sin visión
state-silent = sin contacto
state-fine = en orden
state-checking-in = prueba de cámara
state-not-started = sin empezar
state-ended = terminada
status-checking-in = prueba de cámara
status-issued = sin empezar
status-running = en curso
status-silent = sin contacto
status-ended = terminada
status-code-used = código utilizado

kind-out-of-view = fuera de la vista
kind-face-not-visible = cara no visible
kind-multiple-people = más de una persona
kind-camera-covered = cámara tapada
kind-too-dark = demasiado oscuro
kind-frozen-picture = imagen congelada
kind-camera-lost = cámara perdida
kind-virtual-camera = cámara virtual
kind-suspected-still-image = posible imagen fija
kind-suspected-loop = posible grabación en bucle
kind-agent-gap = el agente no funcionaba
kind-reporting-gap = sin noticias
seen-not-yet = aún no se ha mirado
seen-face = a la vista
seen-body-only = presente, cara no visible
seen-nobody = fuera de la vista
seen-no-frames = sin imagen de la cámara
ended-open = sigue abierto
ended-seen-again = visible de nuevo
ended-could-not-look = la cámara no pudo ver
ended-session = fin de la sesión
ended-incomplete = la grabación se interrumpió
ended-agent-restart = el agente se reinició
ended-heard-again = de nuevo con noticias

trouble-no-camera = sin cámara
trouble-camera-busy = cámara ocupada
trouble-camera-denied = cámara no permitida
trouble-camera-lost = cámara perdida
trouble-capture-stuck = captura bloqueada
trouble-virtual-camera = cámara virtual
trouble-detector-failed = fallo de la detección
trouble-overloaded = ordenador ocupado
trouble-battery-low = poca batería
trouble-machine-hot = ordenador muy caliente
trouble-storage-degraded = el disco no acepta los avisos
trouble-spool-failed = avisos perdidos
trouble-server-unreachable = servidor inaccesible
trouble-server-refuses = el servidor no acepta los avisos
strain-battery = poca batería
strain-heat = ordenador muy caliente
strain-load = ordenador ocupado

## Revisión de alertas
verdict-acknowledged = vista
verdict-fine = en orden
verdict-technical = técnico
verdict-violation = infracción
verdict-unsure = dudoso
review-acknowledge = Vista
review-fine = En orden
review-technical = Técnico
review-violation = Infracción
review-unsure = Dudoso
review-undo = Deshacer
review-not-kept = No se ha guardado ({ $status }): inténtelo de nuevo o vuelva a cargar la página
review-all = Todos los exámenes
review-waits = { $count ->
    [0] ninguna alerta en espera
    [one] 1 alerta en espera
   *[other] { $count } alertas en espera
}
review-from = desde { $from }
review-from-to = de { $from } a { $to }
review-confidence = confianza { $confidence }
review-in-session = En su sesión
review-place = Esta alerta, en { $length }
review-whole = Toda la sesión
review-intervals = { $count ->
    [0] Ningún intervalo
    [one] 1 intervalo
   *[other] { $count } intervalos
} en { $length }
review-none = Ninguna alerta de un examen terminado espera un dictamen.
review-said-last = Su último dictamen:
costs-title = Lo que cuestan las alertas
costs-by-hour = Alertas por hora de examen
costs-alerts = Alertas en { $hours } horas
costs-between = Entre dos dictámenes suyos
costs-median = { $time }, la mediana
percent = { $share } %
costs-note = De las sesiones terminadas, las mil más recientes. Lo que espera se ordena por su clase y su duración; las alertas cortas y ambiguas van al final.

## La página de una sesión
in-room = sala { $room }
forked = Hay más de un historial de esta sesión: se ha observado { $count ->
    [one] 1 vez
   *[other] { $count } veces
}.
forked-note = Se muestra lo que llegó primero; por qué hay dos debe averiguarlo una persona.
forked-from = , desde el aviso { $seq }
forked-reports = otros avisos con números ya ocupados
forked-head-behind = un agente al que le faltan avisos que ha enviado
forked-head-differs = avisos distintos de los que el agente había anunciado
forked-foreign = avisos que la clave de la sesión no firmó
forked-two-agents = dos agentes al mismo tiempo
rejected = { $count ->
    [one] 1 aviso no se pudo leer y falta aquí:
   *[other] { $count } avisos no se pudieron leer y faltan aquí:
}
rejected-number = número { $seq } ({ $reason })
last-heard-title = Cuando se supo de ella por última vez
now = Ahora
wrong = Lo que va mal
wrong-nothing = nada
proof = Prueba
proof-signed = firmado, y hecho después de la última respuesta
proof-none = ninguna
proof-refused = { $count ->
    [one] se rechazó otra señal de vida
   *[other] se rechazaron otras { $count } señales de vida
}
last-heartbeat = Última señal de vida
phase-check-in = prueba de cámara, antes del examen
phase-exam = examen
phase-ending = enviando los últimos avisos
phase-ended = examen terminado
messages-title = Mensajes e indicaciones
commands-over = La sesión ha terminado: ya no se puede pedir nada al aspirante. Lo que no se confirmó antes del final quizá no llegó nunca.
message = Mensaje
message-note = Permanece en la pantalla del aspirante hasta que diga que lo ha leído. Hasta { $count } caracteres.
message-send = Enviar el mensaje
command-message = mensaje
command-allow-start = inicio permitido
command-check-camera = revisión de la cámara
command-extend = más tiempo
command-end = final
asked-check-camera = Revisar la cámara
asked-extend = { $count ->
    [one] 1 minuto más
   *[other] { $count } minutos más
}
outcome-waiting = en espera
outcome-unconfirmed = no consta que llegara
outcome-shown = mostrado
outcome-read = leído
outcome-done = hecho
outcome-refused = rechazado
refused-unknown = el programa del aspirante es más antiguo y no conoce esto
refused-malformed = el programa del aspirante no puede leerlo
refused-already-begun = el examen ya había empezado
refused-not-begun = el examen no había empezado
refused-already-ended = el examen había terminado
refused-no-planned-end = no hay un final previsto
refused-cannot = el aspirante no puede arreglar la cámara
checked-done = Aspirante en { $at }: hecho. La cámara entonces: { $state }
checked-cannot = Aspirante en { $at }: no puede arreglarla. La cámara entonces: { $state }
extended-to = En { $at }: ahora se prevén { $length }
sent-at = enviado { $time }
allow-start = Dejar que empiece el examen aunque no se vea al aspirante: motivo
allow-start-note = El motivo pasa a formar parte del primer aviso de la sesión.
allow-start-button = Permitir el inicio
check-camera = Revisar la cámara
check-camera-note = El aspirante ve su propia imagen y qué hacer, y responde. Usted sabrá cómo estaba la cámara en ese momento.
check-camera-button = Pedir que revise la cámara
extend = Más tiempo, en minutos
extend-note = Solo para este aspirante: el final previsto se retrasa ese tiempo. Se puede añadir más después.
extend-button = Retrasar el final
end-exam = Terminar el examen de este aspirante
end-exam-reason = Motivo; el aspirante lo lee
end-exam-note = La observación termina enseguida y se envía lo anotado, como cuando termina el propio aspirante.
end-exam-sure = Quiero terminar este examen ahora; no se puede deshacer
end-exam-button = Terminar el examen
session-unheard = Todavía no se sabe nada de esta sesión.
timeline = Cronología
timeline-label = Cronología de { $session }: { $count ->
    [0] ningún intervalo
    [one] 1 intervalo
   *[other] { $count } intervalos
} en { $length }; la tabla de abajo los contiene todos
bar = { $what }: de { $from } a { $to } ({ $seconds } s)
bar-open = { $what }: desde { $from }
zoom = Zoom
zoom-in = Mostrar menos tiempo, más grande
zoom-out = Mostrar más tiempo, más pequeño
zoom-back = Antes
zoom-on = Después
zoom-all = Todo el examen
zoom-whole = Todo el examen, { $length }
zoom-part = De { $from } a { $to }
zoom-keys = Arrastre sobre una parte para verla más grande. Teclas, desde un botón:
zoom-keys-intervals = intervalo siguiente, anterior
zoom-locate = Mostrar en la cronología: { $what }, { $at }
attested = Las señales de vida acreditan { $time } del examen.
attested-whole = Las señales de vida acreditan { $time } del examen, sin interrupción.
gaps-title = Sin noticias
gaps-note = Lo que ocurrió entonces no se observó, se dijera lo que se dijera después.
gap = de { $from } a { $to }
gap-open = desde { $from } hasta ahora
gap-server = ; durante { $time } el propio servidor no funcionaba
intervals-title = Intervalos
intervals-keys = En la fila de una alerta:
intervals-none = No se ha comunicado ninguno.
intervals-first = Solo se muestran los primeros { $shown } de { $count } intervalos.
interval-open = abierto
column-what = Qué
column-number = N.º
from = Desde
to = Hasta
seconds = Segundos
confidence = Confianza
ended-by = Fin por
alert = Alerta
review = Revisión
note = Nota
noticed-by-server = (observado por el servidor)
told-afterwards = comunicado después
integrity-title = Avisos y relojes
integrity-note = Lo que el agente observó en sus propios avisos y en los relojes del ordenador. Dice hasta qué punto se puede confiar en los avisos, y nada sobre el aspirante.
noticed-damaged = El archivo de avisos del agente estaba dañado y se apartó. No se sabe qué avisos contenía.
noticed-damaged-arrived = El archivo de avisos del agente estaba dañado y se apartó. Los últimos { $to } avisos que contenía habían llegado todos.
noticed-damaged-missing = El archivo de avisos del agente estaba dañado y se apartó. De sus últimos { $to } avisos faltan los que no habían llegado, desde el { $from }.
noticed-storage-degraded = El disco del ordenador no aceptaba avisos ({ $cause }); se guardaron en memoria y se enviaron desde allí.
noticed-storage-restored = El disco volvió a aceptar avisos{ $count ->
    [0] ; entretanto habían llegado todos.
    [one] , y 1 aviso que no había llegado.
   *[other] , y { $count } avisos que no habían llegado.
}
noticed-reports-lost = También se llenó la memoria para avisos: { $count ->
    [0] no se perdió ningún aviso.
    [one] 1 aviso no se hizo.
   *[other] { $count } avisos no se hicieron.
}
noticed-clock-back = El reloj del ordenador se atrasó { $time }. Las duraciones no dependen de él.
noticed-clock-forward = El reloj del ordenador se adelantó { $time }. Las duraciones no dependen de él.
noticed-suspended = El ordenador estuvo suspendido { $time }.
storage-full = disco lleno
storage-read-only = no se puede escribir en el disco
storage-in-use = archivo en uso por otro programa
storage-failing = fallo del disco, o no se puede abrir el archivo
started = Inicio
issued = Emitida
code-used = Código utilizado
code-until = Código válido hasta
first-heard = Primer contacto
last-heard = Último contacto
length = Duración
length-so-far = { $time } hasta ahora
agent = Agente
looked-at = Imágenes examinadas
frames-a-second = { $rate } imágenes por segundo
sampling-from = desde { $time }: { $rate }
policy = Reglas
policy-whole = Todas las reglas
setting = Ajuste
value = Valor
frames = Imágenes
frames-are = llegaron { $frames }, se examinaron { $sampled }, inservibles { $unusable }
recording-broke = La grabación se interrumpe
start-allowed = Inicio permitido por quien supervisa, { $time }
ended-by-proctor = Terminado por quien supervisa, { $time }
planned-length = Previsto
planned-until = { $length }, hasta { $time }
planned-until-short = hasta { $time }
alert-after = Alerta después de
evidence = Pruebas
recording-hash = Grabación, SHA-256
consent = Consentimiento, { $time }, en el idioma { $language }: SHA-256 del texto
model-hash = Modelo { $model }, SHA-256
chain = Cadena ininterrumpida de { $count ->
    [0] ningún aviso
    [one] 1 aviso
   *[other] { $count } avisos
}, SHA-256 del último
erase = Borrar
erase-note = Cuando un aspirante lo ha pedido. La sesión y todos sus avisos desaparecen para siempre; que se borró queda en el registro de auditoría, con su identificador y el nombre de usted.
erase-sure = Quiero borrar esta sesión; no se puede deshacer
erase-button = Borrar la sesión

## Lo que se exporta de una sesión
export-title = Exportar:
export-report = Informe para imprimir
export-table = Tabla (CSV)
export-signed = Avisos firmados (JSON)
export-signed-note = Cualquiera puede comprobarlo: inview-server verify ARCHIVO
report-title = Informe de una sesión
report-back = A la sesión
report-print = Imprimir
report-made = Creado el { $time } por { $by }.
report-unfinished = La sesión no ha terminado: esto es lo que se sabía entonces.
checked-title = Si esto es tal como se comunicó
checked-nothing = No se ha comunicado nada: no hay nada que comprobar.
checked-good = Comprobado: { $count ->
    [one] 1 aviso está
   *[other] { $count } avisos están
} tal como se comunicó, y los intervalos coinciden.
checked-wrong = Algo aquí no está tal como se comunicó: véase abajo.
checked-note = Calculado a partir de los bytes guardados al crear esta página: el hash y la firma de cada aviso, que cada uno sigue al anterior y que los intervalos son los comunicados.
checked-tables = Tablas del servidor
incarnation = Avisos de { $id }
chain-good = Sin interrupción hasta el aviso { $seq }: { $count ->
    [one] 1 aviso
   *[other] { $count } avisos
}.
chain-missing = De { $count ->
    [one] otro
   *[other] otros { $count }
} solo queda el lugar.
chain-signed = Todos están firmados con la clave de la sesión.
chain-unsigned = No están firmados: la sesión no tiene clave.
chain-wrong = Incorrecto en el aviso { $seq }, el primero que lo está: { $reason }.
chain-head = Aviso { $seq }, SHA-256:
session-key = Clave de la sesión
server-key = Clave del servidor
forked-never = No se ha observado ningún otro historial de esta sesión.
wrong-format = no es un informe de un formato conocido
wrong-twice = una encarnación aparece dos veces
wrong-unreadable = no se puede leer
wrong-identity = es de otra sesión o encarnación, o tiene otro número
wrong-chain = no sigue al anterior: algo se cambió o se quitó
wrong-not-signed = no tiene firma
wrong-signature = su firma no es la de la clave de la sesión sobre estos bytes
wrong-receipt = el recibo no está firmado por el servidor
wrong-received = el servidor lo recibió, y aquí falta o es otro
table-hash = El aviso { $seq } de { $id } no es aquel del que se calculó el hash.
table-interval = El intervalo { $id } no está tal como se comunicó.
table-intervals = Hay { $kept } intervalos guardados, y se comunicaron { $told }.
table-integrity = Lo dicho sobre avisos y relojes no está tal como se comunicó.

## Frases de la interfaz que aparecen en las páginas
problem-not-found = Aquí no existe tal cosa
problem-erased = La sesión se ha borrado
problem-method = Esta dirección no se utiliza de este modo
problem-parameter = Un dato de la dirección no se puede utilizar
problem-scope = El token no sirve para esto
problem-role = Su cuenta no permite esto
problem-too-large = La petición es demasiado grande
problem-malformed = La petición no se puede leer
problem-too-fast = Demasiadas peticiones para esta sesión: inténtelo más tarde
problem-too-many-codes = Han llegado de aquí demasiados códigos incorrectos: inténtelo más tarde
problem-too-many-sign-ins = Han fallado demasiados inicios de sesión: inténtelo más tarde
problem-busy = Demasiado a la vez: inténtelo de nuevo
problem-internal = El servidor ha fallado: inténtelo de nuevo
problem-foreign = Esto lo ha enviado la página de otro sitio web
problem-sign-in-wrong = El nombre, la contraseña o el código no es correcto.
problem-sign-in-token = Este token no se acepta: es desconocido, ha caducado o no es de supervisión.
problem-link-old = Este enlace ya se ha utilizado o es demasiado antiguo. Reinicie el servidor para obtener uno nuevo.
problem-password-link-old = Este enlace ya se ha utilizado o es demasiado antiguo. Pida uno nuevo a la administración.
problem-oidc-unreachable = El inicio de sesión de la organización no está accesible o no responde como debería. Inténtelo más tarde.
problem-oidc-broken-off = El inicio de sesión se interrumpió o tardó demasiado. Empiece de nuevo.
problem-oidc-no-account = No tiene cuenta aquí, o está desactivada: diríjase a la administración.
problem-password-wrong = La contraseña no es correcta.
problem-password-differ = Las dos contraseñas son distintas.
problem-password-short = Una contraseña tiene { $count } caracteres o más.
problem-password-long = Una contraseña tiene como máximo { $count } bytes.
problem-totp-wrong = El código no es correcto: utilice el más reciente de la aplicación.
problem-account-name = Un nombre tiene de 1 a { $count } letras (de la a a la z), cifras y . _ @ + -
problem-account-own = Esta es su propia cuenta: pídaselo a otra persona de la administración.
problem-account-role = No existe esa función.
problem-token-scope = El alcance es write, read, audit, manage o admin.
problem-token-exam = Un token para un solo examen tiene el alcance read, audit o manage.
problem-no-exam = No existe ese examen.
problem-no-exam-of-id = no existe el examen { $exam }
problem-expires = expires_at es una hora (RFC 3339) dentro de los próximos { $days } días.
problem-label = El nombre tiene de 1 a { $count } caracteres y ningún salto de línea.
problem-policy = No son reglas válidas: { $fault }
problem-room = Una sala tiene de 1 a { $count } caracteres y ningún salto de línea.
problem-rooms = Un examen tiene como máximo { $count } salas.
problem-language = El idioma es en, de, es o ja.
problem-form = El formulario no se puede leer.
problem-form-late = El formulario no llegó a tiempo.
problem-bytes = Se aceptan como máximo { $count } bytes.
problem-box = La casilla no está marcada.
problem-list-not-text = La lista no es UTF-8.
problem-list-line-not-text = No es UTF-8: guarde la lista como «CSV UTF-8».
problem-list-long = Una lista tiene como máximo { $count } aspirantes.
problem-list-empty = La lista no tiene aspirantes debajo de su cabecera.
problem-list-lines = { $count } líneas no se pueden utilizar; no se ha emitido nada.
problem-list-same-name = El mismo nombre está en la línea { $line }.
problem-list-name = El nombre tiene de 1 a 200 caracteres y ningún salto de línea.
problem-list-values = Tiene { $values } valores, y la cabecera { $columns }.
problem-list-no-columns = La primera línea debe nombrar las columnas: name (o pseudonym), y room.
problem-list-column = La cabecera tiene una columna { $column }: se conocen name (o pseudonym) y room.
problem-list-column-twice = La cabecera tiene dos columnas para { $column }.
problem-list-no-room = El examen no tiene esa sala.
problem-list-room-missing = El examen tiene salas: indique una.
problem-note-long = Una nota tiene como máximo 500 caracteres.
problem-text-empty = El texto está vacío.
problem-text-long = El texto tiene más de 500 caracteres.
problem-text-odd = El texto contiene caracteres de control.
problem-policy-of-exam = Las reglas son las del examen: no las indique.
problem-policy-kind = Las reglas se componen de nombres y valores.
problem-rooms-of-exam = Solo un examen tiene salas.
problem-key-exam = Con esta clave se pidió otra cosa
problem-exam-closed = El examen está cerrado: no se emite nada más para él
problem-exam-begun = Un agente ha tomado una sesión del examen: tiene las reglas que recibió
problem-command = Esto no se le puede pedir a un agente
problem-command-kind = Tipo desconocido.
problem-commands-many = La sesión tiene ya tantas órdenes como se guardan para una
problem-session-ended = La sesión ha terminado
problem-no-planned-end = No hay un final previsto que se pueda retrasar
problem-minutes = Los minutos deben estar entre 1 y 480.
problem-reviews-many = La sesión tiene ya tantas revisiones como se guardan para una
problem-body-kind = Aquí no se acepta una petición de este tipo
problem-body-late = La petición no llegó a tiempo
problem-exam-id = exam debe ser el identificador de un examen.
problem-after-exam = after debe ser el identificador de un examen.
problem-after-session = after debe ser el identificador de una sesión.
problem-session-id = session debe ser el identificador de una sesión
problem-time = { $name } debe ser una hora (RFC 3339)
problem-after-number = after debe ser un número
problem-row-missing = falta
problem-row-changed = se ha cambiado: sus bytes no tienen su hash
problem-row-other = es otra fila
problem-row-first = no puede haber nada antes
problem-row-before = no es la fila tras la que se escribió la siguiente
problem-row-unreadable = no se puede leer
problem-webhook-ping = un ping se envía a quien lo pide: no se elige
problem-webhook-off = el webhook está desactivado: actívelo primero
problem-webhook-was-off = el webhook se desactivó
problem-webhooks-many = Hay 20 webhooks: elimine uno primero
problem-url-long = la dirección tiene 2000 bytes como máximo
problem-url = no es una dirección
problem-url-host = la dirección no nombra ninguna máquina
problem-url-name = la dirección no lleva nombre, contraseña ni fragmento
problem-url-https = la dirección empieza por https://; http:// es solo para esta máquina
problem-url-within = la dirección es de una máquina que no debe alcanzarse: quienes administran el servidor pueden permitir sus propias redes (--allow-private-webhooks)
problem-send-late = sin respuesta en diez segundos
problem-send-refused = sin conexión: el nombre, el puerto, el certificado, o no se puede alcanzar
problem-send-broken = la conexión se interrumpió

# Pages that are named in the head
review-title = Revisión
webhooks-title = Webhooks
audit-title = Registro
exam-review = Revisar sus alertas

# Lo que leen los candidatos. Palabras sencillas, sin reproches: se informa de la presencia, nunca se juzga.

language-name = Español
language = Idioma
text-larger = Texto más grande
text-smaller = Texto más pequeño
seconds = { $count ->
    [one] 1 segundo
   *[other] { $count } segundos
}

## Antes del examen: la entrada
join-title = Entrar en su examen
join-intro = Pegue en uno de los campos el enlace que ha recibido, o escriba la dirección del servidor y su código.
join-server = Servidor
join-code = Código
join-join = Entrar
join-asking = Preguntando al servidor …
join-no-link = Esto no es un enlace a un examen. Copie el enlace entero, o escriba la dirección del servidor y el código.
join-no-server = Esto no es la dirección de un servidor. Tiene esta forma: https://exams.example.
join-plain = La dirección del servidor debe empezar por https://.
join-no-code = Esto no es un código. Un código tiene doce letras y cifras.
join-no-connection = No se puede llegar al servidor. Compruebe su conexión y la dirección, e inténtelo de nuevo.
join-not-trusted = El servidor no ha podido demostrar que es el correcto. No siga; avise a quien supervisa el examen.
join-not-inview = En esta dirección no hay ningún servidor de InView. Compruebe la dirección. Si su red tiene una página de acceso, entre primero en ella.
join-code-unknown = El servidor no conoce este código. Compruébelo letra por letra.
join-code-expired = Este código ya no es válido. Pida uno nuevo a quien supervisa el examen.
join-code-used = Este código ya se ha utilizado, en otro ordenador o por otra persona. Pida uno nuevo a quien supervisa el examen.
join-too-many = Han llegado demasiados códigos erróneos desde su red. Espere cinco minutos e inténtelo de nuevo.
join-server-failed = El servidor no puede responder en este momento. Inténtelo de nuevo.
join-other = No ha funcionado. Diga a quien supervisa el examen lo que pone abajo.

## Antes del examen: consentimiento
welcome-title = Antes de su examen
welcome-intro = InView anota si usted está a la vista de su cámara mientras dura el examen. Lea, por favor, lo que eso significa.
welcome-watched-title = Qué se observa
welcome-watched = Si la cámara funciona, si hay una cara o una persona en la imagen y si hay más de una persona. InView no reconoce quién es usted, no graba sonido y nunca mira su pantalla, sus archivos ni su teclado.
welcome-leaves-title = Qué sale de este ordenador
welcome-leaves = Las horas y el tipo de lo anotado, por ejemplo «fuera de la vista, de 10:15 a 11:02». Y, desde la comprobación de la cámara, cada pocos segundos: que InView funciona, lo que ve (por ejemplo, «a la vista») y lo que falla en la cámara o en este ordenador (por ejemplo, un disco lleno, la suspensión o un reloj cambiado). También cómo responde a quien supervisa: que ha leído un mensaje y cómo está su cámara cuando se le pide que la revise. Todo ello se envía a { $server }. Su imagen nunca sale de este ordenador y no se guarda.
welcome-kept-title = Qué queda en este ordenador
welcome-kept = Lo que se anota se guarda en este ordenador hasta que el servidor lo tenga. Cuando el examen ha terminado y todo ha llegado, se borra { $days ->
    [0] enseguida
    [one] al cabo de 1 día
   *[other] al cabo de { $days } días
}. Una copia que usted guarde queda hasta que la borre.
welcome-policy-title = Las reglas de este examen
welcome-policy-record = Si está fuera de la vista menos de { $record }, no se anota nada.
welcome-policy-warn = Después de { $warn } se le avisa, para que pueda volver.
welcome-policy-alert = Después de { $alert } se avisa también a quien supervisa el examen.
welcome-policy-virtual-report = Un programa que hace las veces de cámara se anota.
welcome-policy-virtual-refuse = El examen no empieza con un programa en lugar de una cámara.
welcome-policy-still-report = Se anota una imagen fija en lugar de su cara o una grabación en lugar de la imagen de la cámara.
welcome-policy-still-alert = Se anota una imagen fija en lugar de su cara o una grabación en lugar de la imagen de la cámara, y se avisa a quien supervisa.
welcome-policy-end = Al final verá todo lo que se ha comunicado y podrá guardar una copia.
welcome-agree = He leído esto y estoy de acuerdo
welcome-continue = Continuar con la cámara
welcome-other-exam = Otro examen

## Antes del examen: cámara
check-title = Prueba de la cámara
check-preview = Imagen en directo de su cámara, como en un espejo
check-no-picture = Aún no hay imagen
check-start = Empezar el examen
check-wait = Podrá empezar cuando haya estado a la vista durante 2 segundos.
check-refused = Podrá empezar con otra cámara.
check-ready = Está a la vista. Empiece cuando quiera.
check-let-in = Quien supervisa el examen le permite empezar.
check-back = Leer las reglas otra vez
check-private = Esta imagen se queda en este ordenador. Durante el examen solo se muestra si quien supervisa le pide que revise la cámara.
camera-title = Cámara
camera-virtual = { $name } (un programa, no un dispositivo)
camera-moved = Está conectada en otro lugar que la última vez.
camera-stand-in = La cámara que eligió la última vez no está conectada. Se usa esta en su lugar.
sound-switch = Acompañar los avisos con un sonido
sound-try = Tocar el sonido una vez
sound-failed = No se pudo tocar ningún sonido en este ordenador. Los avisos están en esta ventana.

hint-waiting = Esperando a la cámara …
hint-all-good = Todo bien. Quédese así.
hint-move-left = Muévase un poco a su izquierda.
hint-move-right = Muévase un poco a su derecha.
hint-move-up = Siéntese un poco más alto o incline la cámara hacia abajo.
hint-move-down = Siéntese un poco más bajo o incline la cámara hacia arriba.
hint-come-closer = Acérquese un poco.
hint-move-back = Aléjese un poco.
hint-more-light = Está demasiado oscuro. Encienda una luz delante de usted.
hint-lit-from-behind = La luz le llega por detrás. Apártese de la ventana o encienda una luz delante de usted.
hint-lens-covered = El objetivo está tapado. Abra la tapa o quite lo que haya delante.
hint-picture-frozen = La imagen no cambia. Desconecte la cámara y vuelva a conectarla, o reinicie su programa.
hint-nobody-there = No hay nadie en la imagen. Siéntese delante de la cámara.
hint-face-not-visible = No se ve su cara. Mire hacia la pantalla, sin nada delante de la cara.
hint-no-camera = No se ha encontrado ninguna cámara. Conecte una; se detecta sola.
hint-camera-busy = Otro programa usa la cámara. Ciérrelo (una videollamada, por ejemplo).
hint-camera-denied = El sistema no deja que InView use la cámara. Permítalo en los ajustes de privacidad.
hint-camera-refused = Esta cámara es un programa, no un dispositivo, y este examen no lo permite. Elija otra cámara.
hint-camera-lost = La cámara no da imágenes. Revise el cable; InView sigue intentándolo.
hint-detector-failed = La comprobación no funciona en este momento. Se reinicia sola.

## Durante el examen
exam-title = Examen en curso
sight-waiting = Preparando
sight-seen = Está a la vista
sight-not-seen = No está a la vista
sight-cannot-look = La cámara no puede verle
exam-for = desde hace { $time }
exam-running = En marcha desde hace { $time }
exam-planned = Final previsto: { $end }, dentro de { $time }
exam-over = El final previsto era a las { $end }, hace { $time }. La observación sigue hasta que se termine el examen.
exam-extended = { $minutes ->
    [one] Quien supervisa le ha dado 1 minuto más.
   *[other] Quien supervisa le ha dado { $minutes } minutos más.
}
exam-compact = Ventana pequeña siempre visible
exam-full = Ventana completa
exam-end = Terminar el examen
exam-end-title = ¿Terminar el examen?
exam-end-text = La observación termina y se envía lo anotado. No se puede deshacer.
exam-end-yes = Sí, terminar
exam-end-no = No, seguir
leave-title = ¿Cerrar la ventana?
leave-text = El examen sigue en curso. El tiempo en que InView no funciona se comunica como un hueco. Puede abrir InView de nuevo para seguir.
leave-yes = Cerrar de todos modos
leave-no = Quedarse
notice-out-of-view = Está fuera de la vista. Vuelva, por favor.
notice-face-not-visible = No se ve su cara. Mire hacia la pantalla, por favor.
notice-multiple-people = Hay más de una persona en la imagen.
notice-still-image = Su cara parece una imagen fija. Mueva un poco la cabeza, por favor.
notice-loop = Su imagen repite lo que la cámara ya ha mostrado. Muéstrese en directo, por favor.
notice-cannot-look = La cámara no puede verle. { $hint }
notice-back = Gracias, está a la vista de nuevo.
busy = Ahora no ha sido posible. Inténtelo de nuevo.

connection-title = Conexión
connection-all-sent = Conectado; han llegado todos los avisos
connection-sending = Enviando: { $left ->
    [one] 1 aviso espera
   *[other] { $left } avisos esperan
}
connection-unreachable = Sin conexión; { $left ->
    [0] lo que se anote se guarda y se enviará
    [one] 1 aviso se guarda y se enviará
   *[other] { $left } avisos se guardan y se enviarán
} más tarde
connection-refused = El servidor no acepta los avisos; se guardan aquí
connection-unreachable-not-kept = Sin conexión; { $left ->
    [0] lo que se anota espera
    [one] 1 aviso espera
   *[other] { $left } avisos esperan
} en la memoria, y se perdería si InView o este ordenador se parasen
connection-refused-not-kept = El servidor no acepta los avisos; esperan en la memoria, y se perderían si InView o este ordenador se parasen

reported-title = Comunicado hasta ahora
reported-none = Nada.
reported-line = { $kind }, de { $start } a { $end }
reported-open = { $kind }, desde { $start }
kind-out-of-view = Fuera de la vista
kind-face-not-visible = Cara no visible
kind-multiple-people = Más de una persona
kind-camera-covered = Cámara tapada
kind-too-dark = Demasiado oscuro
kind-frozen-picture = Imagen congelada
kind-camera-lost = Cámara perdida
kind-virtual-camera = Cámara virtual
kind-suspected-still-image = Posible imagen fija
kind-suspected-loop = Posible grabación en bucle
kind-agent-gap = InView no funcionaba
kind-reporting-gap = No llegaron avisos

trouble-virtual-camera = Esta cámara es un programa, no un aparato. Se comunica.
trouble-overloaded = Este ordenador está ocupado; InView mira con menos frecuencia.
trouble-battery-low = Queda poca batería; InView mira con menos frecuencia. Conecte el cargador.
trouble-machine-hot = Este ordenador está muy caliente; InView mira con menos frecuencia.
trouble-storage-degraded = El disco de este ordenador no acepta los avisos: ¿está lleno? Se envían de todos modos, pero lo que no haya llegado se pierde si InView o el ordenador se paran.
trouble-spool-failed = Algunos avisos no se han podido guardar ni enviar, y se han perdido. Conéctese, haga sitio en el disco y dígaselo a quien supervisa el examen.
trouble-server-refuses = El servidor no acepta los avisos. Dígaselo a quien supervisa el examen.

## Mensajes de quien supervisa el examen
message-title = Mensaje de quien supervisa
message-at = Recibido a las { $time }
message-at-more = Recibido a las { $time }; { $more ->
    [one] queda 1 más
   *[other] quedan { $more } más
}
message-read = Lo he leído
recheck-title = Quien supervisa le pide que revise su cámara
recheck-text = Mire si sale bien en la imagen y arregle lo que se indica abajo. Después responda; su examen sigue mientras tanto.
recheck-good = Sale bien en la imagen.
recheck-done = La he revisado
recheck-cannot = No puedo arreglarla

## Después del examen
end-title-ending = El examen ha terminado
end-title = Todo listo
ended-by-title = Quien supervisa ha terminado su examen
ended-by-reason = Motivo: { $reason }
ended-by-text = No tiene que hacer nada más aquí. Lo anotado hasta entonces se envía como siempre. Si tiene preguntas, diríjase a quien organiza el examen.
end-sending = Enviando lo anotado …
end-progress = Han llegado { $done } de { $all } avisos
end-arrived = Ha llegado todo. Puede cerrar esta ventana.
end-later = Aún no se ha podido enviar todo. Se guarda en este ordenador y se envía cuando InView se abra de nuevo con este examen. Hágalo, por favor, cuando tenga conexión.
end-later-not-kept = Aún no se ha podido enviar todo, y el disco de este ordenador no lo acepta. Deje esta ventana abierta y conéctese: lo que no haya llegado se pierde cuando la cierre.
end-reported-title = Lo que se ha comunicado sobre su sesión
end-reported-none = Ha estado a la vista todo el tiempo. No se ha comunicado nada.
end-save = Guardar una copia
end-saved = Guardado en { $path }
end-not-saved = No se ha podido guardar la copia: { $reason }
end-open-page = Abrir la página
end-open-folder = Mostrar la carpeta
end-not-opened = No se pudo abrir: { $reason }
end-close = Cerrar

## La copia como página
copy-title = Lo que se comunicó sobre su examen
copy-session = Sesión
copy-label = Nombre ante el supervisor
copy-server = Se comunicó a
copy-began = Inicio del examen
copy-ended = Fin del examen
copy-saved = Copia guardada
copy-reports = Avisos
copy-policy = Reglas
copy-reported = Lo que se comunicó
copy-what = Qué
copy-from = Desde
copy-to = Hasta
copy-length = Duración
copy-open = sin terminar
copy-into = { $time } de examen
copy-zone = Las horas son las de { $zone }.
copy-consent-title = Su consentimiento
copy-consent = El { $time } aceptó el texto sobre este examen. El SHA-256 de sus palabras:
copy-consent-earlier = Lo dio antes de que InView se iniciara de nuevo; esta copia no contiene ese momento.
copy-worth-title = Qué valor tiene esta copia
copy-integrity = Se hizo en su ordenador a partir de lo que InView envió. No está firmada y quien la tenga puede cambiarla: en caso de duda, cuenta lo que tiene el servidor del examen. No contiene ninguna imagen; no se guardó ni se envió ninguna.
copy-beside = Lo mismo, como datos, está en { $file }. Su SHA-256:

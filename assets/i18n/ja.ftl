# 受験者が読む文。やさしい言葉で、責めない。報告するのは在席だけで、判断はしない。

language-name = 日本語
language = 言語
text-larger = 文字を大きく
text-smaller = 文字を小さく
seconds = { $count ->
   *[other] { $count }秒
}

## 試験の前:参加
join-title = 試験に参加する
join-intro = 受け取ったリンクをどちらかの欄に貼り付けるか、サーバーのアドレスとコードを入力してください。
join-server = サーバー
join-code = コード
join-join = 参加する
join-asking = サーバーに問い合わせています…
join-no-link = 試験へのリンクではありません。リンク全体をコピーするか、サーバーのアドレスとコードを入力してください。
join-no-server = サーバーのアドレスではありません。https://exams.example のような形です。
join-plain = サーバーのアドレスは https:// で始まります。
join-no-code = コードではありません。コードは12文字の英数字です。
join-no-connection = サーバーにつながりません。接続とアドレスを確かめて、もう一度お試しください。
join-not-trusted = サーバーが正しいものだと確かめられませんでした。先に進まず、試験監督に知らせてください。
join-not-inview = このアドレスにInViewのサーバーはありません。アドレスを確かめてください。ログインページのあるネットワークでは、先にログインしてください。
join-code-unknown = サーバーがこのコードを知りません。1文字ずつ確かめてください。
join-code-expired = このコードはもう使えません。試験監督に新しいコードをもらってください。
join-code-used = このコードは、別のコンピューターか別の人によってすでに使われています。試験監督に新しいコードをもらってください。
join-too-many = お使いのネットワークから間違ったコードが続けて送られました。5分待ってから、もう一度お試しください。
join-server-failed = サーバーは今、応答できません。もう一度お試しください。
join-other = うまくいきませんでした。下に書かれていることを試験監督に伝えてください。

## 試験の前:同意
welcome-title = 試験の前に
welcome-intro = InViewは、試験中にあなたがカメラに映っているかどうかを記録します。その内容をお読みください。
welcome-watched-title = 確認すること
welcome-watched = カメラが動いているか、顔や人が映っているか、二人以上映っていないかを確認します。InViewはあなたが誰かを識別せず、音を録音せず、画面・ファイル・キーボードを見ることもありません。
welcome-leaves-title = このコンピューターから送られるもの
welcome-leaves = 記録した時刻と種類(例:「映っていない、10:15から11:02まで」)と、カメラの確認以降は数秒ごとに、InViewが動いていること、見えているもの(例:「映っている」)、カメラやコンピューターの不具合(例:ディスクの空き不足、スリープ、時計の変更)と、試験監督への返事(メッセージを読んだこと、カメラの確認を頼まれたときのカメラの状態)だけです。送り先は { $server } です。映像がこのコンピューターから出ることはなく、保存もされません。
welcome-kept-title = このコンピューターに残るもの
welcome-kept = 記録した内容は、サーバーに届くまでこのコンピューターに保存します。試験が終わってすべて届いたら、{ $days ->
    [0] すぐに
   *[other] { $days }日後に
}消去します。ご自分で保存した控えは、削除するまで残ります。
welcome-policy-title = この試験のきまり
welcome-policy-record = 映っていない時間が{ $record }より短ければ、何も記録しません。
welcome-policy-warn = { $warn }たつと、戻れるようにお知らせします。
welcome-policy-alert = { $alert }たつと、試験監督にも知らせます。
welcome-policy-virtual-report = カメラの代わりをするプログラムは、記録されます。
welcome-policy-virtual-refuse = カメラの代わりにプログラムを使うと、試験は始まりません。
welcome-policy-still-report = 顔の代わりに静止画が、またはカメラ映像の代わりに録画が映っている場合は記録されます。
welcome-policy-still-alert = 顔の代わりに静止画が、またはカメラ映像の代わりに録画が映っている場合は記録され、試験監督者に通知されます。
welcome-policy-end = 終わったら、報告した内容をすべて確認でき、控えを保存できます。
welcome-agree = 読んだうえで同意します
welcome-continue = カメラの確認へ進む
welcome-other-exam = 別の試験

## 試験の前:カメラ
check-title = カメラの確認
check-preview = カメラの映像(左右反転)
check-no-picture = まだ映像がありません
check-start = 試験を始める
check-wait = 2秒間続けて映ると、始められます。
check-refused = 別のカメラを選ぶと、始められます。
check-ready = 映っています。準備ができたら始めてください。
check-let-in = 試験監督の許可により、始められます。
check-back = きまりをもう一度読む
check-private = この映像はこのコンピューターの中だけにあります。試験中は、試験監督からカメラの確認を頼まれたときだけ表示します。
camera-title = カメラ
camera-virtual = { $name }（機器ではなくプログラム）
camera-moved = 前回とは別の場所に接続されています。
camera-stand-in = 前回選んだカメラは接続されていません。代わりにこのカメラを使います。
sound-switch = 警告のときに音を鳴らす
sound-try = 音を一度鳴らす
sound-failed = このコンピューターでは音を鳴らせませんでした。お知らせはこの画面に出ます。

hint-waiting = カメラを待っています…
hint-all-good = 問題ありません。そのままでいてください。
hint-move-left = 少し左へ動いてください。
hint-move-right = 少し右へ動いてください。
hint-move-up = 少し高く座るか、カメラを下に向けてください。
hint-move-down = 少し低く座るか、カメラを上に向けてください。
hint-come-closer = 少し近づいてください。
hint-move-back = 少し離れてください。
hint-more-light = 暗すぎます。前から明かりを当ててください。
hint-lit-from-behind = 後ろから光が当たっています。窓を背にしないか、前に明かりをつけてください。
hint-lens-covered = レンズがふさがれています。カバーを開けるか、前にある物をどけてください。
hint-picture-frozen = 映像が変わりません。カメラを抜き差しするか、カメラのソフトを再起動してください。
hint-nobody-there = 誰も映っていません。カメラの前に座ってください。
hint-face-not-visible = 顔が見えません。顔の前に何も置かず、画面のほうを向いてください。
hint-no-camera = カメラが見つかりません。つなぐと自動で認識します。
hint-camera-busy = ほかのソフトがカメラを使っています。終了してください(ビデオ通話など)。
hint-camera-denied = システムがInViewにカメラの使用を許可していません。プライバシー設定で許可してください。
hint-camera-refused = このカメラは機器ではなくプログラムで、この試験では使えません。別のカメラを選んでください。
hint-camera-lost = カメラから映像が来ません。ケーブルを確認してください。InViewは接続を試み続けます。
hint-detector-failed = 確認の処理が止まっています。自動で再開します。

## 試験中
exam-title = 試験中
sight-waiting = 準備中
sight-seen = 映っています
sight-not-seen = 映っていません
sight-cannot-look = カメラで確認できません
exam-for = { $time } 経過
exam-running = 開始から { $time }
exam-planned = 終了予定: { $end }(あと{ $time })
exam-over = 終了予定は{ $end }でした({ $time }前)。試験が終わるまで確認は続きます。
exam-extended = 試験監督が時間を{ $minutes }分延ばしました。
exam-compact = 小さく手前に表示
exam-full = 元の大きさ
exam-end = 試験を終える
exam-end-title = 試験を終えますか?
exam-end-text = 確認を止め、記録した内容を送ります。元には戻せません。
exam-end-yes = はい、終えます
exam-end-no = いいえ、続けます
leave-title = ウィンドウを閉じますか?
leave-text = 試験はまだ続いています。InViewが動いていない時間は空白として報告されます。もう一度起動すれば続けられます。
leave-yes = それでも閉じる
leave-no = 閉じない
notice-out-of-view = 映っていません。カメラの前に戻ってください。
notice-face-not-visible = 顔が見えません。画面のほうを向いてください。
notice-multiple-people = 二人以上映っています。
notice-still-image = 映像が静止画のように見えます。頭を少し動かしてください。
notice-loop = 映像が、以前に映ったものの繰り返しになっています。実際のカメラ映像を映してください。
notice-cannot-look = カメラで確認できません。{ $hint }
notice-back = ありがとうございます。また映っています。
busy = 今はできませんでした。もう一度お試しください。

connection-title = 接続
connection-all-sent = 接続しています。報告はすべて届きました
connection-sending = 送信中:{ $left ->
   *[other] 残り{ $left }件
}
connection-unreachable = 接続がありません。{ $left ->
    [0] 記録したことは保存し、あとで送ります
   *[other] { $left }件を保存し、あとで送ります
}
connection-refused = サーバーが報告を受け取りません。ここに保存しています
connection-unreachable-not-kept = 接続がありません。{ $left ->
    [0] 記録した内容は
   *[other] 報告{ $left }件が
}メモリーにあり、InViewやコンピューターが止まると失われます
connection-refused-not-kept = サーバーが報告を受け取りません。報告はメモリーにあり、InViewやコンピューターが止まると失われます

reported-title = これまでの報告
reported-none = ありません。
reported-line = { $kind }({ $start }から{ $end }まで)
reported-open = { $kind }({ $start }から)
kind-out-of-view = 映っていない
kind-face-not-visible = 顔が見えない
kind-multiple-people = 二人以上いる
kind-camera-covered = カメラがふさがれている
kind-too-dark = 暗すぎる
kind-frozen-picture = 映像が止まっている
kind-camera-lost = カメラの接続が切れた
kind-virtual-camera = 仮想カメラ
kind-suspected-still-image = 静止画の疑い
kind-suspected-loop = 映像の繰り返しの疑い
kind-agent-gap = InViewが動いていなかった
kind-reporting-gap = 報告が届かなかった

trouble-virtual-camera = このカメラは機器ではなくソフトです。そのことを報告します。
trouble-overloaded = コンピューターの負荷が高く、確認の回数が減っています。
trouble-battery-low = バッテリー残量が少ないため、確認の回数を減らしています。充電器をつないでください。
trouble-machine-hot = コンピューターが熱くなっているため、確認の回数を減らしています。
trouble-storage-degraded = このコンピューターのディスクに報告を書き込めません。いっぱいではありませんか?報告は送っていますが、届いていないものは、InViewやコンピューターが止まると失われます。
trouble-spool-failed = 保存も送信もできず、失われた報告があります。接続を確かめ、ディスクの空きを増やし、試験監督に知らせてください。
trouble-server-refuses = サーバーが報告を受け取りません。試験監督に知らせてください。

## 試験監督からのメッセージ
message-title = 試験監督からのメッセージ
message-at = { $time }に届きました
message-at-more = { $time }に届きました。ほかに{ $more }件あります
message-read = 読みました
recheck-title = 試験監督がカメラの確認を求めています
recheck-text = よく映っているかを見て、下に書かれていることを直してください。そのあとで答えてください。その間も試験は続きます。
recheck-good = よく映っています。
recheck-done = 確認しました
recheck-cannot = 直せません

## 試験の後
end-title-ending = 試験が終わりました
end-title = 完了しました
ended-by-title = 試験監督があなたの試験を終了しました
ended-by-reason = 理由: { $reason }
ended-by-text = ここでこれ以上することはありません。それまでに記録した内容は、通常どおり送られます。質問があれば、試験の実施者に尋ねてください。
end-sending = 記録した内容を送っています…
end-progress = { $all }件中{ $done }件が届きました
end-arrived = すべて届きました。ウィンドウを閉じてかまいません。
end-later = まだ送れていないものがあります。このコンピューターに保存し、次にこの試験でInViewを起動したときに送ります。接続できるときに起動してください。
end-later-not-kept = まだ送れていないものがあり、このコンピューターのディスクにも書き込めません。このウィンドウを閉じずに接続してください。閉じると、届いていないものは失われます。
end-reported-title = この試験について報告した内容
end-reported-none = ずっと映っていました。報告はありません。
end-save = 控えを保存
end-saved = { $path } に保存しました
end-not-saved = 控えを保存できませんでした:{ $reason }
end-open-page = ページを開く
end-open-folder = フォルダーを表示
end-not-opened = 開けませんでした: { $reason }
end-close = 閉じる

## 控えのページ
copy-title = あなたの試験について報告されたこと
copy-session = セッション
copy-label = 試験監督に表示される名前
copy-server = 報告先
copy-began = 試験の開始
copy-ended = 試験の終了
copy-saved = 控えを保存した時刻
copy-reports = 報告
copy-policy = きまり
copy-reported = 報告されたこと
copy-what = 内容
copy-from = 開始
copy-to = 終了
copy-length = 長さ
copy-open = 終わっていません
copy-into = 試験開始から{ $time }
copy-zone = 時刻は { $zone } のものです。
copy-consent-title = あなたの同意
copy-consent = { $time } に、この試験についての文章に同意しました。その文章のSHA-256:
copy-consent-earlier = InViewが再起動される前に同意されました。この控えにその時刻は含まれていません。
copy-worth-title = この控えについて
copy-integrity = この控えは、InViewが送った内容からあなたのコンピューターで作られました。署名はなく、持っている人は書き換えられます。疑わしいときは、試験のサーバーにある記録が基準になります。映像は含まれません。保存も送信もされていません。
copy-beside = 同じ内容のデータは { $file } にあります。そのSHA-256:

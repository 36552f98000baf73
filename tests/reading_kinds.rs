//! Kinds by words: automatic replies and reports in many languages, and people who use the same words.

use postcase::mail::{Action, Circumstances, Kind, Reading, read};

fn mail(from: &str, fields: &str, subject: &str, text: &str) -> Reading {
    let raw = format!(
        "From: {from}\nTo: support@instruments.example\nSubject: {subject}\nMessage-ID: <1@customer.example>\n{fields}\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    );
    read(raw.as_bytes(), &Circumstances::default())
}

fn person(subject: &str, text: &str) -> Reading {
    mail("Anna Berg <anna@customer.example>", "", subject, text)
}

/// Subject and text of programs that say nothing in their header.
const AWAY: &[(&str, &str, &str)] = &[
    ("en", "Automatic reply: Pump P-200", "I am out of the office until Monday."),
    ("de", "Automatische Antwort: Pumpe P-200", "Ich bin bis Montag nicht im Büro."),
    ("fr", "Réponse automatique : Pompe P-200", "Je suis absent du bureau jusqu'à lundi."),
    ("es", "Respuesta automática: Bomba P-200", "Estoy fuera de la oficina hasta el lunes."),
    ("it", "Risposta automatica: Pompa P-200", "Sono assente fino a lunedì."),
    ("pt", "Resposta automática: Bomba P-200", "Estou ausente do escritório até segunda-feira."),
    ("nl", "Automatisch antwoord: Pomp P-200", "Ik ben tot maandag niet op kantoor."),
    ("sv", "Autosvar: Pump P-200", "Jag är inte på kontoret före måndag."),
    ("nb", "Automatisk svar: Pumpe P-200", "Jeg er ikke på kontoret før mandag."),
    ("da", "Automatisk svar: Pumpe P-200", "Jeg er ikke på kontoret før mandag."),
    ("fi", "Automaattinen vastaus: Pumppu P-200", "Olen poissa toimistosta maanantaihin asti."),
    ("pl", "Odpowiedź automatyczna: Pompa P-200", "Jestem nieobecny w biurze do poniedziałku."),
    ("cs", "Automatická odpověď: Čerpadlo P-200", "Do pondělí nejsem v kanceláři."),
    ("sk", "Automatická odpoveď: Čerpadlo P-200", "Do pondelka som mimo kancelárie."),
    ("hu", "Automatikus válasz: P-200 szivattyú", "Hétfőig nem vagyok az irodában."),
    ("ro", "Răspuns automat: Pompa P-200", "Nu sunt la birou până luni."),
    ("tr", "Otomatik Yanıt: P-200 pompası", "Pazartesiye kadar ofis dışında olacağım."),
    ("el", "Αυτόματη απάντηση: Αντλία P-200", "Απουσιάζω από το γραφείο έως τη Δευτέρα."),
    ("hr", "Automatski odgovor: Pumpa P-200", "Nisam u uredu do ponedjeljka."),
    ("sl", "Samodejni odgovor: Črpalka P-200", "Do ponedeljka me ni; nisem v pisarni."),
    ("bg", "Автоматичен отговор: Помпа P-200", "Извън офиса съм до понеделник."),
    ("et", "Automaatvastus: Pump P-200", "Olen puhkusel esmaspäevani."),
    ("lv", "Automātiskā atbilde: Sūknis P-200", "Līdz pirmdienai esmu ārpus biroja."),
    ("lt", "Automatinis atsakymas: Siurblys P-200", "Iki pirmadienio nesu biure."),
    ("ru", "Автоматический ответ: Насос P-200", "Меня нет, я в отпуске до понедельника."),
    ("uk", "Автоматична відповідь: Насос P-200", "Я у відпустці до понеділка."),
    ("ja", "自動応答: ポンプ P-200", "月曜日まで不在にしております。"),
    ("zh", "自动答复: 泵 P-200", "我不在办公室，星期一回来。"),
    ("zh-TW", "自動回覆: 泵 P-200", "我不在辦公室，星期一回來。"),
    ("ko", "자동 회신: 펌프 P-200", "월요일까지 부재중입니다."),
    ("he", "תשובה אוטומטית: משאבה P-200", "אני מחוץ למשרד עד יום שני."),
    ("ar", "رد تلقائي: المضخة P-200", "أنا خارج المكتب حتى يوم الاثنين."),
    ("fa", "پاسخ خودکار: پمپ P-200", "من تا دوشنبه در مرخصی هستم."),
    ("th", "การตอบกลับอัตโนมัติ: ปั๊ม P-200", "ฉันไม่อยู่ที่สำนักงาน"),
    ("vi", "Trả lời tự động: Máy bơm P-200", "Tôi vắng mặt đến thứ Hai."),
    ("id", "Balasan otomatis: Pompa P-200", "Saya sedang cuti sampai Senin."),
    ("ca", "Resposta automàtica: Bomba P-200", "Estic de vacances fins dilluns."),
];

#[test]
fn absence_is_understood_in_many_languages() {
    for (language, subject, text) in AWAY {
        let reading = person(subject, text);
        assert_eq!(reading.kind, Kind::AutoReply, "{language}");
        assert!(!reading.may_answer, "{language}");
    }
}

#[test]
fn absence_in_the_text_confirms_a_subject_that_people_use_too() {
    for (subject, text) in [
        ("Out of office", "I am out of the office until Monday. In urgent cases write to Bob."),
        ("Abwesend: Pumpe P-200", "Ich bin bis Montag nicht im Büro."),
        ("Fuera de la oficina", "Estoy de vacaciones hasta el lunes."),
        (
            "Anna Berg is out of the office.",
            "I will be out of the office starting 03.03.2025 and will not return until 10.03.2025.",
        ),
        ("不在のお知らせ", "来週まで休暇をいただいております。"),
    ] {
        assert_eq!(person(subject, text).kind, Kind::AutoReply, "{subject}");
    }
}

#[test]
fn people_use_these_words_too() {
    for (subject, text) in [
        ("Out of office", "Hello, how do I switch my out of office on?"),
        ("Out of office next week", "I am out of the office next week. Please come before."),
        ("Re: Automatic reply: Pump P-200", "Thank you for the note. Who stands in for you?"),
        ("AW: Abwesenheitsnotiz", "Dann melde ich mich am Montag wieder."),
        ("Vacation calendar shows wrong dates", "The vacation calendar of the desk shows wrong dates."),
        ("Question about undeliverable mail", "My mail to you was returned: 550 5.1.1 user unknown. Why?"),
        ("Mail delivery", "Our mail delivery is slow. The mailbox is full, I think. Can you help us?"),
        ("Failure notice", "Dear support,\nthe printer shows a failure notice. What does it mean?"),
        (
            "Delivery failed",
            "Hi,\nyour driver did not find us. The delivery failed. The address does not exist in his system.",
        ),
        (
            "Returned mail",
            "Hallo,\nmeine Mail an bob@instruments.example kam zurück: Diese Nachricht wurde automatisch erstellt.",
        ),
        ("Non-delivery of order 815", "The order has not been delivered. Please check."),
        ("Unzustellbar", "Guten Tag,\nmein Paket ist angeblich unzustellbar. Was kann ich tun?"),
        ("Read: chapter two", "I have read chapter two of the manual. It was read on the train."),
        ("Please verify", "Could you verify that the invoice is correct and confirm your message of Monday?"),
        ("Challenge for our team", "We have a challenge: click here does not work."),
        ("Complaint about message from your colleague", "I want to complain about the tone of his message."),
        ("Auto repair", "My car is broken."),
        ("Away team", "The away team has no tickets. Could you send some?"),
        ("Semester project", "Students need a pump for a semester project."),
        ("Vacation", "Hi all,\nI am on vacation next week. Please write to Bob."),
        ("Out of office", "I will be out of the office on Friday; Bob has the keys."),
        ("Urlaub", "Ich bin vom 3. bis 7. März im Urlaub und kann erst nächste Woche nach der Pumpe sehen."),
        ("Absence", "Bonjour à tous,\nje suis absent du bureau vendredi."),
        ("Ferien", "Wir haben Ferien und brauchen die Pumpe erst im August."),
        ("Mail system", "The server says user unknown and does not exist for half of our people since Monday."),
        ("Quota", "My mailbox is full again: over quota. Please raise it."),
        ("Undeliverable parcel", "The parcel could not be delivered to us, the driver wrote. Please send it again."),
        ("Delivery status", "Please tell me the delivery status of order 815."),
        ("Delivery report for order 815", "Attached is the delivery report; one pump is missing."),
        ("Message rejected by your web form", "Your form said: message rejected. I tried it three times."),
        ("Automatic reply settings", "Where are the settings of the automatic reply?"),
        ("Autoresponder", "Our autoresponder sends your desk two answers. Please look at case 815."),
        ("Verification", "Please confirm your message of Monday, I am not sure that I understood it."),
        ("Read receipt", "Your mail asks for a read receipt each time. Could you switch that off?"),
        ("Spam complaint", "Your newsletter lands in my mailbox although I have unsubscribed."),
        (
            "Notification",
            "I never got a notification. The address anna@customer.example does not exist in your system?",
        ),
        (
            "Bounce",
            "When I write to bob@instruments.example I get:\n550 5.1.1 <bob@instruments.example>: User unknown\nIs he ill?",
        ),
        ("Bounce rate of our newsletter", "The bounce rate is high; many users do not exist any more. Can you help?"),
    ] {
        let reading = person(subject, text);
        assert_eq!(reading.kind, Kind::Correspondence, "{subject}: {:?}", reading.kind_evidence);
        assert!(reading.may_answer, "{subject}");
    }
}

#[test]
fn reports_in_many_languages() {
    for (subject, text) in [
        (
            "Unzustellbar: Angebot",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\n\ngone@old.example\nDas Postfach ist voll.",
        ),
        (
            "Non remis : Offre",
            "Échec de la remise pour ces destinataires :\n\ngone@old.example\nBoîte aux lettres pleine",
        ),
        (
            "No se puede entregar: Oferta",
            "No se pudo entregar a estos destinatarios:\n\ngone@old.example\nEl buzón está lleno.",
        ),
        (
            "Non recapitabile: Offerta",
            "Impossibile recapitare ai destinatari:\n\ngone@old.example\nLa casella è piena.",
        ),
        ("Onbestelbaar: Offerte", "Bezorging mislukt voor:\n\ngone@old.example\nHet mailbox vol."),
        ("Não é possível entregar: Oferta", "Falha na entrega:\n\ngone@old.example\nCaixa de correio cheia"),
        ("Nie można dostarczyć: Oferta", "Nie można dostarczyć wiadomości:\n\ngone@old.example\nmailbox full"),
        ("Kan inte levereras: Offert", "Leveransen misslyckades:\n\ngone@old.example\nquota exceeded"),
        (
            "Не удается доставить: Предложение",
            "Не удалось доставить следующим получателям:\n\ngone@old.example\nЯщик переполнен",
        ),
        ("配信不能: 見積もり", "次の受信者に配信できませんでした:\n\ngone@old.example\n容量を超えています"),
        ("退信通知", "您的邮件无法送达：\n\ngone@old.example\n邮箱已满"),
        ("전송 실패", "다음 수신자에게 배달하지 못했습니다:\n\ngone@old.example\nmailbox full"),
    ] {
        let reading = mail("postmaster@relay.example", "Return-Path: <>\n", subject, text);
        assert_eq!(reading.kind, Kind::DeliveryReport, "{subject}");
        let [report] = reading.report.as_slice() else { panic!("{subject}: {:?}", reading.report) };
        assert_eq!(report.recipient.as_deref(), Some("gone@old.example"), "{subject}");
        assert_eq!((report.action, report.status.as_deref()), (Action::Failed, Some("5.2.2")), "{subject}");
    }
}

#[test]
fn a_report_that_names_nobody_still_says_that_delivery_failed() {
    let reading = mail("MAILER-DAEMON@relay.example", "Return-Path: <>\n", "Error", "Something went wrong.");
    assert_eq!(reading.kind, Kind::DeliveryReport);
    assert_eq!((reading.report[0].recipient.as_deref(), reading.report[0].status.as_deref()), (None, Some("5.0.0")));
}

#[test]
fn machines_are_known_by_their_addresses_and_fields() {
    for (from, fields) in [
        ("noreply@shop.example", ""),
        ("Nicht antworten <nicht-antworten@shop.example>", ""),
        ("alerts@monitor.example", ""),
        ("invoices@shop.example", "Auto-Submitted: auto-generated\n"),
        ("billing@shop.example", "Precedence: bulk\n"),
        ("Cron Daemon <root@db1.example>", "X-Cron-Env: <SHELL=/bin/sh>\n"),
    ] {
        let reading = mail(from, fields, "Invoice 4711", "Please find the invoice attached.");
        assert_eq!(reading.kind, Kind::AutoGenerated, "{from}");
    }
}

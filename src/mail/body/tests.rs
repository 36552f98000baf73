use super::*;

fn shown(text: &str) -> String {
    split(text).shown
}

#[test]
fn attributions_in_many_languages() {
    let attributions = [
        "On Mon, 3 Mar 2025 at 10:12, Anna Berg <anna@example.org> wrote:",
        "On 3 Mar 2025, at 10:12, Anna Berg <anna@example.org>\nwrote:",
        "Am 03.03.2025 um 10:12 schrieb Anna Berg:",
        "Am Mo., 3. März 2025 um 10:12 Uhr schrieb Anna Berg <\nanna@example.org>:",
        "Le lun. 3 mars 2025 à 10:12, Anna Berg <anna@example.org> a écrit :",
        "El lun, 3 mar 2025 a las 10:12, Anna (<anna@example.org>) escribió:",
        "Il giorno lun 3 mar 2025 alle ore 10:12 Anna <anna@example.org> ha scritto:",
        "Op ma 3 mrt 2025 om 10:12 schreef Anna <anna@example.org>:",
        "Em seg., 3 de mar. de 2025 às 10:12, Anna <anna@example.org> escreveu:",
        "W dniu 3.03.2025 o 10:12, Anna pisze:",
        "Den mån 3 mars 2025 kl 10:12 skrev Anna <anna@example.org>:",
        "2025年3月3日(月) 10:12 Anna <anna@example.org>:",
        "在 2025年3月3日 10:12，Anna 写道：",
        "3 марта 2025 г., в 10:12, Anna <anna@example.org> написал(а):",
    ];
    for attribution in attributions {
        for quote in ["> Hello\n> there", "Hello\nthere"] {
            assert_eq!(shown(&format!("Yes.\n\n{attribution}\n\n{quote}\n")), "Yes.", "{attribution}");
        }
    }
}

#[test]
fn headers_that_mail_programs_copy() {
    let blocks = [
        "-----Original Message-----\nFrom: Anna\nSent: Monday\nSubject: x\n\nHello",
        "________________________________\nVon: Anna <a@example.org>\nGesendet: Montag\nAn: Desk\nBetreff: x\n\nHallo",
        "*De :* Anna\n*Envoyé :* lundi\n*À :* Desk\n*Objet :* x\n\nBonjour",
        "差出人: Anna\n送信日時: 2025年3月3日\n宛先: Desk\n件名: x\n\nこんにちは",
        "Från: Anna\nSkickat: den 3 mars\nTill: Desk\nÄmne: x",
        "##- Please write above this line -##\nYour case",
        "##- Bitte oberhalb dieser Zeile schreiben -##\nIhr Fall",
    ];
    let ours = "On Mon, 23 Nov 2026, Anna via Desk wrote:\n\n##- Please write above this line -##\nYour case";
    for block in blocks.into_iter().chain([ours]) {
        assert_eq!(shown(&format!("My answer\n\n{block}\n")), "My answer", "{block}");
    }
}

#[test]
fn signatures_and_footers() {
    assert_eq!(shown("Hi\n\n-- \nAnna\nBerg & Co."), "Hi");
    assert_eq!(shown("Hi\n\nSent from my iPhone"), "Hi");
    assert_eq!(shown("Hallo\n\nVon meinem iPhone gesendet\n\n> x"), "Hallo");
    let disclaimer =
        "This e-mail and any attachments are confidential and intended for the addressee only.\nDelete it.";
    assert_eq!(shown(&format!("Hi\n\n{disclaimer}")), "Hi");
    assert_eq!(
        shown("This e-mail did not reach you yesterday, so I send it again; the pump leaks."),
        "This e-mail did not reach you yesterday, so I send it again; the pump leaks."
    );
    assert_eq!(shown("Sent from my iPhone"), "Sent from my iPhone");
    assert_eq!(shown("-- \nAnna"), "--\nAnna");
}

#[test]
fn what_people_write_stays() {
    for text in [
        "On Monday I wrote:\nplease call me\nat 10",
        "From: the kitchen\nTo: the hall",
        "My list --\n- one\n- two",
        "Date: 3 March\nPlace: here\nwe meet",
        "He said: no.",
        "Von meinem Konto wurde doppelt abgebucht.",
        "Sent via courier on Monday, not arrived.\nWhere is it?",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn interleaved_answers_keep_what_they_answer() {
    let text = "On Mon, 3 Mar 2025, Anna wrote:\n> One?\nYes.\n> Two?\n> Three?\nNo.\n> Bye";
    assert_eq!(shown(text), "> One?\nYes.\n> Two?\n> Three?\nNo.");
    assert_eq!(split(text).own, "Yes.\nNo.\n");
    assert_eq!(shown("Hello\n> One?\nYes."), "Hello\nYes.");
}

#[test]
fn levels_of_quotation() {
    let split = split("own\nOn 3 Mar 2025 at 10:00 A <a@x.org> wrote:\n> near\n>> deep\n> > deep too\n");
    assert_eq!(split.own.trim(), "own");
    assert!(split.nearest.contains("near") && !split.nearest.contains("deep"));
    assert!(split.deeper.contains("deep") && split.deeper.contains("deep too"));
    let outlook = super::split(
        "own\n\nFrom: A\nSent: Mon\nTo: B\nSubject: c\n\nnear\n\nFrom: B\nSent: Sun\nTo: A\nSubject: c\n\ndeep\n",
    );
    assert!(outlook.nearest.contains("near") && outlook.deeper.contains("deep"));
    assert!(super::split("look\n-------- Forwarded Message --------\nSubject: x\n\nold").deeper.contains("old"));
}

#[test]
fn never_empties_a_text() {
    for text in
        ["> only a quote", "##- Please write above this line -##\nx", "-- \n", "On 3 Mar 2025 A <a@b> wrote:\n> x"]
    {
        assert!(!shown(text).is_empty(), "{text}");
    }
    assert_eq!(shown("\n \n"), "");
}

/// Attributions as Gmail, Apple Mail, Outlook, Thunderbird, Yahoo, Proton, Samsung, QQ and others write them.
#[test]
fn attributions_of_many_programs() {
    let attributions = [
        "On Monday, March 3, 2025 at 10:12:34 AM GMT+1, Anna Berg <anna@example.org> wrote:",
        "On Monday, March 3rd, 2025 at 10:12 AM, Anna Berg <anna@example.org> wrote:",
        "On Mon, 2025-03-03 at 10:12 +0100, Anna Berg wrote:",
        "On 3 Mar 2025 at 10:12 +0100, Anna Berg <anna@example.org>, wrote:",
        "---- On Mon, 03 Mar 2025 10:12:34 +0100 Anna Berg <anna@example.org> wrote ----",
        "Anna Berg <anna@example.org> wrote on 03/03/2025 10:12:34 AM:",
        "At 2025-03-03 10:12:34, \"Anna\" <anna@example.org> wrote:",
        "Am Montag, 3. März 2025 um 10:12:34 MEZ hat Anna Berg <anna@example.org> Folgendes geschrieben:",
        "Am Montag, dem 03.03.2025 um 10:12 +0100 schrieb Anna Berg:",
        "Anna Berg <anna@example.org> schrieb am Mo., 3. März 2025, 10:12:",
        "Le lundi 3 mars 2025 à 10:12:34 UTC+1, Anna Berg <anna@example.org> a écrit :",
        "El lunes, 3 de marzo de 2025, 10:12:34 CET, Anna <anna@example.org> escribió:",
        "Il 03/03/25 10:12, Anna Berg ha scritto:",
        "Op 3 mrt 2025 om 10:12 heeft Anna Berg <anna@example.org> het volgende geschreven:",
        "Anna Berg <anna@example.org> escreveu (segunda, 3/03/2025 à(s) 10:12):",
        "Às 10:12 de 03/03/25, Anna Berg escreveu:",
        "pon., 3 mar 2025 o 10:12 Anna Berg <anna@example.org> napisał(a):",
        "Wiadomość napisana przez Anna Berg <anna@example.org> w dniu 3 mar 2025, o godz. 10:12:",
        "Den man. 3. mar. 2025 kl. 10.12 skrev Anna Berg <anna@example.org>:",
        "man. 3. mars 2025 kl. 10:12 skrev Anna Berg <anna@example.org>:",
        "Þann mán., 3. mar. 2025 kl. 10:12 skrifaði Anna Berg <anna@example.org>:",
        "ma 3. maalisk. 2025 klo 10.12 Anna Berg (anna@example.org) kirjoitti:",
        "Anna Berg <anna@example.org> kirjoitti 3.3.2025 kello 10.12:",
        "po 3. 3. 2025 v 10:12 odesílatel Anna Berg <anna@example.org> napsal:",
        "Dňa 3. 3. 2025 o 10:12 Anna Berg napísal(a):",
        "Anna Berg <anna@example.org> ezt írta (időpont: 2025. márc. 3., H, 10:12):",
        "2025. 03. 03. 10:12 keltezéssel, Anna Berg írta:",
        "În lun., 3 mar. 2025 la 10:12, Anna Berg <anna@example.org> a scris:",
        "На пн, 3.03.2025 г. в 10:12 Анна <anna@example.org> написа:",
        "пн, 3 мар. 2025 г. в 10:12, Анна <anna@example.org>:",
        "03.03.2025, 10:12, \"Анна\" <anna@example.org>:",
        "Понедельник, 3 марта 2025, 10:12 +03:00 от Анна <anna@example.org>:",
        "пн, 3 бер. 2025 р. о 10:12 Анна <anna@example.org> пише:",
        "Στις Δευ 3 Μαρ 2025 στις 10:12 π.μ., ο χρήστης Anna <anna@example.org> έγραψε:",
        "Anna Berg <anna@example.org>, 3 Mar 2025 Pzt, 10:12 tarihinde şunu yazdı:",
        "Anna Berg <anna@example.org> şunları yazdı (3 Mar 2025 10:12):",
        "\u{202b}בתאריך יום ב׳, 3 במרץ 2025 ב-10:12 מאת \u{202a}Anna\u{202c}\u{200f} <\u{202a}anna@example.org\u{202c}\u{200f}>:\u{202c}",
        "في الاثنين، ٣ مارس ٢٠٢٥ في ١٠:١٢ ص تمت كتابة ما يلي بواسطة Anna <anna@example.org>:",
        "در تاریخ دوشنبه ۳ مارس ۲۰۲۵ ساعت ۱۰:۱۲ Anna <anna@example.org> نوشت:",
        "ในวันที่ จ. 3 มี.ค. 2025 เวลา 10:12 Anna <anna@example.org> เขียนว่า:",
        "Vào Th 2, 3 thg 3, 2025 vào lúc 10:12 Anna <anna@example.org> đã viết:",
        "Pada tanggal Sen, 3 Mar 2025 pukul 10.12 Anna <anna@example.org> menulis:",
        "2025/03/03 10:12、Anna <anna@example.org>のメール:",
        "Anna <anna@example.org> 于2025年3月3日周一 10:12写道：",
        "Anna <anna@example.org> 於 2025年3月3日 週一 上午10:12寫道：",
        "2025년 3월 3일 (월) 오전 10:12, Anna <anna@example.org>님이 작성:",
        "25. 3. 3. 10:12에 Anna 이(가) 쓴 글:",
        "Missatge de Anna <anna@example.org> del dia dl., 3 de març 2025 a les 10:12:",
        "O 03/03/25 ás 10:12, Anna escribiu:",
        "pon, 3. ožu 2025. u 10:12 Anna <anna@example.org> napisao je:",
        "Dana 3.3.2025. u 10:12, Anna je napisala:",
        "Дана 3.3.2025. у 10:12, Ана је написала:",
        "V V pon., 3. mar. 2025 ob 10:12 je oseba Anna <anna@example.org> napisala:",
        "2025-03-03, pr, 10:12 Anna <anna@example.org> rašė:",
        "pirmd., 2025. g. 3. marts, plkst. 10:12 — lietotājs Anna (<anna@example.org>) rakstīja:",
        "Kuupäev E, 3. märts 2025 kell 10:12 kirjutas Anna <anna@example.org>:",
        "Më hën, 3 mar 2025, në 10:12, Anna <anna@example.org> shkroi:",
        ">>> Anna Berg <anna@example.org> 03.03.2025 10:12 >>>",
    ];
    for attribution in attributions {
        for quote in ["> Hello\n> there", "Hello\nthere"] {
            assert_eq!(shown(&format!("Yes.\n\n{attribution}\n\n{quote}\n")), "Yes.", "{attribution}");
        }
        // Wrapped where a program breaks lines.
        let Some(at) = attribution.rfind([' ', '<']).filter(|at| *at > 30) else { continue };
        let wrapped = format!("{}\n{}", &attribution[..at], &attribution[at..]);
        assert_eq!(shown(&format!("Yes.\n\n{wrapped}\n\n> Hello\n> there\n")), "Yes.", "{wrapped}");
    }
}

#[test]
fn attributions_beside_the_words_of_the_author() {
    assert_eq!(shown("yes please On Mon, Mar 3, 2025 at 10:12 AM, anna@example.org wrote:\n> Hi"), "yes please");
    assert_eq!(shown("ja gern--- Am 03.03.2025 um 10:12 schrieb Anna:\n> Hi"), "ja gern");
    assert_eq!(shown("On Mon, Mar 3, 2025 at 10:12 AM Anna\n<anna@example.org\n> wrote:\n> Hi\n\nBelow."), "Below.");
    assert_eq!(shown("Yes\n\nas below\n\nAnna wrote:\nAB> Is it?\nAB> Is it not?\n"), "Yes\n\nas below");
    assert_eq!(shown("Yes\n\nOn 3 Mar 2025 10:12, Anna wrote:\n| Is it?\n| Is it not?\n\nNo."), "Yes\n\nNo.");
    assert_eq!(shown("At last it works.\n\nAnna wrote:\n> Hi"), "At last it works.");
    assert_eq!(shown("At last it works.\nAnna wrote:\n> Hi"), "At last it works.");
    let wrapped = "Yes\n\nOn 3 Mar 2025 10:12, Anna wrote:\n> a line that is so long that a program broke it in two and left the\nrest without a mark\n> and on\n";
    assert_eq!(shown(wrapped), "Yes");
}

#[test]
fn headers_of_many_languages() {
    let blocks = [
        "From: Anna Berg <anna@example.org>\nSent: Monday, March 3, 2025 10:12 AM\nTo: Desk\nCc: Bob\nSubject: Re: x",
        "________________________________________\nFrom: Anna Berg\nDate: Monday, 3 March 2025 at 10:12\nTo: Desk\nSubject: x",
        "Gesendet: Montag, 03. März 2025 um 10:12 Uhr\nVon: \"Anna\" <anna@example.org>\nAn: desk@x.org\nBetreff: x",
        "De : Anna <anna@example.org>\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : Desk\nObjet : x",
        "De: Anna\nEnviado el: lunes, 3 de marzo de 2025 10:12\nPara: Desk\nAsunto: x",
        "Da: Anna\nInviato: lunedì 3 marzo 2025 10:12\nA: Desk\nOggetto: x",
        "Van: Anna\nVerzonden: maandag 3 maart 2025 10:12\nAan: Desk\nOnderwerp: x",
        "De: Anna\nEnviada em: segunda-feira, 3 de março de 2025 10:12\nPara: Desk\nAssunto: x",
        "Od: Anna\nWysłane: poniedziałek, 3 marca 2025 10:12\nDo: Desk\nTemat: x",
        "Fra: Anna\nSendt: 3. marts 2025 10:12\nTil: Desk\nEmne: x",
        "Lähettäjä: Anna\nLähetetty: maanantai 3. maaliskuuta 2025 10.12\nVastaanottaja: Desk\nAihe: x",
        "Od: Anna\nOdesláno: pondělí 3. března 2025 10:12\nKomu: Desk\nPředmět: x",
        "Od: Anna\nOdoslané: pondelok 3. marca 2025 10:12\nKomu: Desk\nPredmet: x",
        "Feladó: Anna\nElküldve: 2025. március 3., hétfő 10:12\nCímzett: Desk\nTárgy: x",
        "De la: Anna\nTrimis: luni, 3 martie 2025 10:12\nCătre: Desk\nSubiect: x",
        "От: Анна\nОтправлено: 3 марта 2025 г. 10:12\nКому: Desk\nТема: x",
        "Від: Анна\nНадіслано: 3 березня 2025 р. 10:12\nКому: Desk\nТема: x",
        "От: Анна\nИзпратено: понеделник, 3 март 2025 г. 10:12\nДо: Desk\nОтносно: x",
        "Šalje: Anna\nPoslano: 3. ožujka 2025. 10:12\nPrima: Desk\nPredmet: x",
        "Od: Anna\nPoslano: ponedeljek, 03. marec 2025 10:12\nZa: Desk\nZadeva: x",
        "Από: Anna\nΕστάλη: Δευτέρα, 3 Μαρτίου 2025 10:12\nΠρος: Desk\nΘέμα: x",
        "Kimden: Anna\nGönderildi: 3 Mart 2025 Pazartesi 10:12\nKime: Desk\nKonu: x",
        "Nuo: Anna\nIšsiųsta: 2025 m. kovo 3 d. 10:12\nKam: Desk\nTema: x",
        "Saatja: Anna\nSaadetud: 3. märts 2025 10:12\nAdressaat: Desk\nTeema: x",
        "מאת: Anna\nנשלח: יום שני 03 מרץ 2025 10:12\nאל: Desk\nנושא: x",
        "من: Anna\nتاريخ الإرسال: 03/مارس/2025 10:12\nإلى: Desk\nالموضوع: x",
        "จาก: Anna\nส่ง: 3 มีนาคม 2025 10:12\nถึง: Desk\nเรื่อง: x",
        "Từ: Anna\nĐã gửi: 3 Tháng Ba 2025 10:12\nĐến: Desk\nChủ đề: x",
        "Dari: Anna\nDikirim: 3 Maret 2025 10:12\nKepada: Desk\nSubjek: x",
        "差出人: Anna\n送信日時: 2025年3月3日 10:12\n宛先: Desk\n件名: x",
        "发件人: Anna\n发送时间: 2025年3月3日 10:12\n收件人: Desk\n主题: x",
        "寄件者: Anna\n寄件日期: 2025年3月3日 10:12\n收件者: Desk\n主旨: x",
        "보낸 사람: Anna\n보낸 날짜: 2025년 3월 3일 10:12\n받는 사람: Desk\n제목: x",
        "------------------ 原始邮件 ------------------\n发件人: \"Anna\"<anna@example.org>;\n主题: x",
        "-------- Mensaje original --------\nDe: Anna\nFecha: 3/3/25\nAsunto: x",
        "------ Originalnachricht ------\nVon \"Anna\" <anna@example.org>\nAn \"Desk\"\nBetreff x",
        "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, Anna wrote:",
        "---- Replied Message ----\n| From | Anna |\n| Date | 03/03/2025 10:12 |",
        "From: Anna <anna@example.org> Sent: Monday, March 3, 2025 10:12 AM To: Desk Subject: x",
    ];
    for block in blocks {
        assert_eq!(shown(&format!("My answer\n\n{block}\n\nHello\nthere\n")), "My answer", "{block}");
    }
}

#[test]
fn footers_of_many_languages() {
    let footers = [
        "Sent from my iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Sent from Yahoo Mail on Android",
        "Sent with Proton Mail secure email.",
        "Von meinem iPhone gesendet",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Holen Sie sich Outlook für iOS",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour Android",
        "Enviado desde mi iPhone",
        "Obtener Outlook para iOS",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Wysłane z iPhone'a",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "Odesláno z iPhonu",
        "Odoslané z iPhonu",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "Изпратено от моя iPhone",
        "Poslano s mog iPhonea",
        "Στάλθηκε από το iPhone μου",
        "iPhone'umdan gönderildi",
        "Elküldve az iPhone-omról",
        "Trimis de pe iPhone-ul meu",
        "נשלח מה-iPhone שלי",
        "أُرسلت من الـ iPhone",
        "Đã gửi từ iPhone của tôi",
        "Dikirim dari iPhone saya",
        "ส่งจาก iPhone ของฉัน",
        "iPhoneから送信",
        "发自我的iPhone",
        "從我的 iPhone 傳送",
        "나의 iPhone에서 보냄",
    ];
    for footer in footers {
        assert_eq!(shown(&format!("Hi\n\n{footer}")), "Hi", "{footer}");
        assert_eq!(shown(&format!("Hi\n\n{footer}\n\nMore of mine.")), format!("Hi\n\n{footer}\n\nMore of mine."));
    }
}

#[test]
fn what_is_handed_on_is_content() {
    let forwards = [
        "---------- Forwarded message ---------\nFrom: Anna <a@x.org>\nSubject: x\n\nHello",
        "Begin forwarded message:\n\n> From: Anna\n> Subject: x\n>\n> Hello",
        "-------- Messaggio Inoltrato --------\nOggetto: x\nDa: Anna\n\nHello",
    ];
    for forward in forwards {
        let text = format!("See below.\n\n{forward}");
        let split = split(&text);
        assert_eq!(split.shown, text);
        assert_eq!(split.own.trim(), "See below.");
        assert!(split.deeper.contains("Hello"));
        // Within a quotation it is quoted.
        assert_eq!(shown(&format!("No.\n\n-----Original Message-----\n\n{forward}")), "No.");
    }
}

#[test]
fn what_looks_like_a_quotation_and_is_none() {
    for text in [
        "On 3 March 2025 I wrote to anna@example.org at 10:12:\nwhere is the pump?",
        "Am 3.3.2025 um 10:12 habe ich geschrieben:\nwo ist die Pumpe?",
        "Please send it to:\nAnna Berg\nMain street 3",
        "Date: 3 March 2025\nTime: 10:12\nAddress: Main street 3\n\nSee you.",
        ">>> look here <<<\nand there",
        "Error from the log:\nFrom: 10.0.0.1 To: 10.0.0.2",
        "Sent by courier this morning.",
        "Parts:\n| a | b |\n| 1 | 2 |\nThanks",
        "We met on Monday.\n\nRegards,\nAnna Berg\nSales",
    ] {
        assert_eq!(shown(text), text);
    }
}

//! The author's words in replies of the usual programs, in the languages that their users write: tables in
//! `fixtures/words`, each row told in several layouts.

use std::path::Path;

use postcase::mail::{Circumstances, Reading, read};

const ANSWER: &str = "It still leaks, alas.\n\nCan you send somebody on Tuesday?";

fn table(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/words").join(name);
    std::fs::read_to_string(path).expect("the tables are part of the repository")
}

/// The lines of a table, without notes.
fn rows(name: &str) -> Vec<String> {
    let table = table(name);
    let rows = table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "));
    rows.map(|row| row.replace("\\n", "\n")).collect()
}

/// What stands between lines of `%%%%`, with what is noted behind them.
fn stretches(name: &str) -> Vec<(String, String)> {
    let table = table(name);
    let parts = table.split("\n%%%%").skip(1);
    parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(note, text)| (note.trim().into(), text.trim().into()))
        .collect()
}

fn mail(media_type: &str, subject: &str, body: &str) -> String {
    format!(
        "From: otto@example.net\nTo: desk@example.org\nSubject: {subject}\nDate: Tue, 4 Mar 2025 09:00:00 +0100\n\
         MIME-Version: 1.0\nContent-Type: {media_type}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n"
    )
}

/// With LF, and the same with CRLF.
fn reading(media_type: &str, subject: &str, body: &str) -> Reading {
    let mail = mail(media_type, subject, body);
    let reading = read(mail.as_bytes(), &Circumstances::default());
    let crlf = read(mail.replace('\n', "\r\n").as_bytes(), &Circumstances::default());
    assert_eq!(reading.author_text, crlf.author_text, "LF and CRLF differ:\n{body}");
    reading
}

/// The same, read once.
fn told(media_type: &str, body: &str) -> String {
    read(mail(media_type, "Re: Pump", body).as_bytes(), &Circumstances::default()).author_text
}

fn words(media_type: &str, body: &str) -> String {
    reading(media_type, "Re: Pump", body).author_text
}

/// Lines of so many columns at most, broken between words.
fn wrapped(line: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in line.split(' ') {
        let long = word.chars().count();
        if width > 0 && width + 1 + long > columns {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += long;
    }
    out
}

#[derive(Default)]
struct Misses(Vec<String>, usize);

impl Misses {
    fn compare(&mut self, what: &str, found: &str, expected: &str) {
        self.1 += 1;
        if found.trim() != expected.trim() {
            self.0.push(format!("---- {what}\n→ {found}"));
        }
    }

    fn none(self) {
        assert!(self.0.is_empty(), "{} of {} are misread:\n{}", self.0.len(), self.1, self.0.join("\n"));
    }
}

#[test]
fn attributions() {
    let mut misses = Misses::default();
    for row in rows("attributions.txt") {
        let (row, sure) = row.strip_prefix('~').map_or((row.as_str(), true), |row| (row, false));
        let marked = "> Hello,\n>\n> is the pump tight again?\n>\n> Anna";
        let plain = "Hello,\n\nis the pump tight again?\n\nAnna";
        for columns in [400, 76, 60] {
            let attribution = match row.strip_prefix("> ") {
                Some(row) => format!("> {}", wrapped(row, columns).replace('\n', "\n> ")),
                None => wrapped(row, columns),
            };
            if columns < 400 && attribution == row {
                continue;
            }
            for gap in ["\n", "\n\n"] {
                let text = format!("{ANSWER}\n\n{attribution}{gap}{marked}");
                misses.compare(&text, &told("text/plain", &text), ANSWER);
            }
            if sure && columns == 400 && !row.starts_with("> ") {
                let text = format!("{ANSWER}\n\n{attribution}\n\n{plain}");
                misses.compare(&text, &told("text/plain", &text), ANSWER);
            }
        }
        if row.starts_with(">") {
            continue;
        }
        let beneath = format!("{row}\n{marked}\n\n{ANSWER}\n");
        misses.compare(&beneath, &told("text/plain", &beneath), ANSWER);
        let escaped = row.replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
        let html = format!(
            "<div>{}</div><br><div>{escaped}</div><blockquote>Hello,<br>Anna</blockquote>",
            ANSWER.replace('\n', "<br>")
        );
        misses.compare(&html, &told("text/html", &html), ANSWER);
    }
    misses.none();
}

/// The same, by people and desks with names of every kind, and addresses as programs write them.
#[test]
fn attributions_of_all_kinds_of_people() {
    let names = [
        "O'Brien, Anna (EXT)",
        "Дарья Петрова",
        "山田 太郎",
        "anna.berg@example.org",
        "Desk [ACME] Team",
        "Støtte – Kundeservice",
        "\"Berg, Anna\"",
        "Dr. Anna-Maria van den Berg-Öztürk",
        "Anna via Support",
        "سارة",
    ];
    let addresses = [
        "<mailto:anna@example.org>",
        "[mailto:anna@example.org]",
        "<anna@example.org <mailto:anna@example.org>>",
        "<anna@example.org<mailto:anna@example.org>>",
        "(anna@example.org)",
        "< anna@example.org >",
        "<anna@example.org>",
    ];
    let mut misses = Misses::default();
    for (number, row) in rows("attributions.txt").iter().enumerate() {
        let row = row.trim_start_matches('~').replace("Anna Berg", names[number % names.len()]);
        let row = row.replace("<anna@example.org>", addresses[number % addresses.len()]);
        let text = format!("{ANSWER}\n\n{row}\n\n> Hello,\n>\n> is the pump tight again?");
        misses.compare(&text, &told("text/plain", &text), ANSWER);
    }
    misses.none();
}

#[test]
fn headers() {
    let mut misses = Misses::default();
    for (name, header) in stretches("headers.txt") {
        for between in ["\n\n", "\n\n\n"] {
            let text = format!("{ANSWER}{between}{header}\n\nHello,\n\nis the pump tight again?\n\nAnna");
            misses.compare(&format!("{name}\n{text}"), &words("text/plain", &text), ANSWER);
        }
    }
    misses.none();
}

#[test]
fn footers() {
    let mut misses = Misses::default();
    for footer in rows("footers.txt") {
        let attribution = "On Mon, 3 Mar 2025 at 10:12, Anna Berg <anna@example.org> wrote:\n> Hello";
        for text in [format!("{ANSWER}\n\n{footer}"), format!("{ANSWER}\n\n{footer}\n\n{attribution}")] {
            misses.compare(&footer, &words("text/plain", &text), ANSWER);
        }
    }
    misses.none();
}

#[test]
fn what_stays() {
    let mut misses = Misses::default();
    let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, text) in stretches("stays.txt") {
        let text = format!("Dear desk,\n\n{text}");
        misses.compare(&name, &words("text/plain", &text), &text);
        let quoted = format!("{text}\n\nOn Mon, 3 Mar 2025 at 10:12, Anna Berg <anna@example.org> wrote:\n> Hello");
        misses.compare(&format!("{name}, above a quotation"), &words("text/plain", &quoted), &text);
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n");
        let html = format!("<html><body><div>{escaped}</div></body></html>");
        misses.compare(&format!("{name}, HTML"), &bare(&words("text/html", &html)), &bare(&text));
    }
    misses.none();
}

#[test]
fn markup() {
    let mut misses = Misses::default();
    for (name, html) in stretches("html.txt") {
        let html = html.replace("ANSWER", "It still leaks, alas.<br><br>Can you send somebody on Tuesday?");
        misses.compare(&name, &words("text/html", &html), ANSWER);
    }
    misses.none();
}

/// Both halves of a multipart/alternative.
fn alternative(plain: &str, html: &str) -> Reading {
    let part = |kind: &str, body: &str| format!("--b\nContent-Type: text/{kind}; charset=utf-8\n\n{body}\n");
    let body = format!("{}{}--b--", part("plain", plain), part("html", html));
    let mail = mail("multipart/alternative; boundary=b", "Re: Pump", &body);
    read(mail.as_bytes(), &Circumstances::default())
}

#[test]
fn plain_text_that_stands_for_html() {
    let html = "<p>It still leaks, alas.</p><p>Can you send somebody on Tuesday?</p>";
    for plain in [
        "This message requires HTML. Please use an HTML capable mail client.",
        "Ihr E-Mail-Programm unterstützt leider kein HTML.",
        "[image: photo.jpg]",
        "Please view in a browser: https://example.net/v",
        "Your mail program does not show HTML.\nPlease view this mail in a browser.",
    ] {
        let reading = alternative(plain, html);
        assert_eq!(reading.author_text, ANSWER, "{plain}");
        assert!(reading.message.html.is_some());
    }
    assert_eq!(alternative("It still leaks.", html).author_text, "It still leaks.");
    assert_eq!(
        alternative("The hose is in the picture, as asked.", "<img alt='The hose'>").message.text.trim_end(),
        "The hose is in the picture, as asked."
    );
}

#[test]
fn marks_that_the_plain_text_has_alone() {
    let attribution = "On Mon, 3 Mar 2025 at 10:12, Anna Berg <anna@example.org> wrote:";
    let plain = format!("Hello Anna,\n\n{attribution}\n\n> Does it leak?\n>\n\nYes.\n\n> Does it hiss?\n\nNo.\n");
    let html = format!(
        "<div>Hello Anna,</div><div class=gmail_quote>{}<div>Does it leak?</div><div>Yes.</div>\
         <div>Does it hiss?</div><div>No.</div></div>",
        attribution.replace('<', "&lt;")
    );
    let shown = "Hello Anna,\n\n> Does it leak?\n\nYes.\n\n> Does it hiss?\n\nNo.";
    assert_eq!(alternative(&plain, &html).author_text.replace("\n>\n", "\n"), shown);
}

/// Every answer above and beneath quotations of several kinds, and with what programs put below it.
#[test]
fn answers() {
    let mut misses = Misses::default();
    let marked = "> Hello,\n>\n> is the pump tight again?\n>\n> Anna";
    let plain = "Hello,\n\nis the pump tight again?\n\nAnna";
    let attributions = [
        "On Mon, Mar 3, 2025 at 10:12 AM Anna Berg <anna@example.org> wrote:",
        "Am 03.03.25 um 10:12 schrieb Anna Berg:",
        "Le lun. 3 mars 2025 à 10:12, Anna Berg <anna@example.org>\na écrit :",
        "2025年3月3日(月) 10:12 Anna Berg <anna@example.org>:",
        "Anna Berg <anna@example.org> wrote on 03.03.2025 10:12:13:",
    ];
    let headers = [
        "From: Anna Berg <anna@example.org>\nSent: Monday, March 3, 2025 10:12 AM\nTo: Otto\nSubject: Pump",
        "-----Ursprüngliche Nachricht-----\nVon: Anna Berg\nGesendet: Montag, 3. März 2025 10:12\nAn: Otto\nBetreff: Pump",
        "------------------ 原始邮件 ------------------\n发件人: \"Anna\"<anna@example.org>;\n主题: Pump",
        "________________________________\nDe : Anna\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : Otto\nObjet : Pump",
        "##- Please write above this line -##",
    ];
    let between =
        ["", "\n\nSent from my iPhone", "\n\n-- \nOtto Meadow\nMeadow Ltd.", "\n\nVon meinem iPhone gesendet"];
    for (turn, (name, answer)) in stretches("answers.txt").into_iter().chain(stretches("stays.txt")).enumerate() {
        let quotations =
            attributions.iter().flat_map(|line| [format!("{line}\n{marked}"), format!("{line}\n\n{plain}")]);
        let quotations = quotations.chain(headers.iter().map(|header| format!("{header}\n\n{plain}")));
        for (number, quotation) in quotations.enumerate().skip(turn % 3).step_by(3) {
            let below = between[number % between.len()];
            let text = format!("{answer}{below}\n\n{quotation}");
            misses.compare(&format!("{name}, above {quotation}"), &told("text/plain", &text), &answer);
        }
        for attribution in attributions.iter().skip(turn % 2).step_by(2) {
            let text = format!("{attribution}\n{marked}\n\n{answer}");
            misses.compare(&format!("{name}, beneath {attribution}"), &told("text/plain", &text), &answer);
        }
        for below in between {
            let text = format!("{answer}{below}");
            misses.compare(&format!("{name}, with {below}"), &told("text/plain", &text), &answer);
        }
    }
    misses.none();
}

#[test]
fn between() {
    let mut misses = Misses::default();
    for (name, told) in stretches("between.txt") {
        let (text, shown) = told.split_once("\n====\n").expect("an answer and what is shown of it");
        misses.compare(&name, &words("text/plain", text), shown);
    }
    misses.none();
}

#[test]
fn forwards() {
    let mut misses = Misses::default();
    for (name, forward) in stretches("forwards.txt") {
        for note in ["For you.\n\n", ""] {
            let found = reading("text/plain", "Fwd: Pump", &format!("{note}{forward}")).forwarded;
            let [found] = found.as_slice() else {
                misses.compare(&format!("{name}\n{note}"), &format!("{} mails", found.len()), "one mail");
                continue;
            };
            let from = found.from.as_ref().map(ToString::to_string).unwrap_or_default();
            let date = found.date.map(|date| date.to_string()).unwrap_or_default();
            let told = format!("{from} / {date} / {} / {}", found.subject, found.text);
            let subject = if name == "Yandex" { "" } else { "Pump" };
            let expected = format!("Anna Berg <anna@example.org> / 2025-03-03T09:12:00Z / {subject} / It leaks.");
            misses.compare(&format!("{name}\n{note}"), &told, &expected);
        }
    }
    misses.none();
}

#[test]
fn cards() {
    let mut misses = Misses::default();
    for (name, told) in stretches("cards.txt") {
        let (text, shown) = told.split_once("\n====\n").expect("a text and what is shown of it");
        misses.compare(&name, &words("text/plain", text), shown);
        let above = format!("{text}\n\nOn Mon, 3 Mar 2025 at 10:12, Anna Berg <anna@example.org> wrote:\n> Hello");
        misses.compare(&format!("{name}, above a quotation"), &words("text/plain", &above), shown);
    }
    misses.none();
}

/// Whatever stands together in a text: what is shown is empty only where the text is, and the author's own words are
/// never missing from it.
#[test]
fn words_are_never_lost() {
    let furniture = [
        "On Mon, Mar 3, 2025 at 10:12 AM Anna Berg <anna@example.org> wrote:",
        "> Hello,",
        ">> deeper",
        "",
        "-- ",
        "________________________________",
        "-----Original Message-----",
        "From: Anna Berg <anna@example.org>",
        "Sent: Monday, March 3, 2025 10:12 AM",
        "To: Otto",
        "Subject: Pump",
        "---------- Forwarded message ---------",
        "##- Please write above this line -##",
        "Sent from my iPhone",
        "Kind regards,",
        "Anna Berg",
        "T: +44 20 7946 0000",
        "This e-mail is confidential and intended only for the addressee, whoever that is.",
    ];
    // A generator of its own, so that a failure comes again.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % bound
    };
    for _ in 0..1_500 {
        let lines: Vec<&str> = (0..=next(9)).map(|_| furniture[next(furniture.len())]).collect();
        let below = lines.join("\n");
        let shown = told("text/plain", &below);
        assert_eq!(shown.trim().is_empty(), below.trim().is_empty(), "{below}\n→ {shown}");
        let above = format!("It leaks, alas.\n\n{below}");
        let shown = told("text/plain", &above);
        assert!(shown.starts_with("It leaks, alas."), "{above}\n→ {shown}");
    }
}

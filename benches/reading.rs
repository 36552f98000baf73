//! How fast mail is read: `cargo bench --bench reading`.
//!
//! Prints messages a second for ordinary mail of 20 KB through [`postcase::mail::read`], beside bare mail-parser in the
//! same run, and the slowest of a set of inputs of 1 MB that were made to harm.

use std::hint::black_box;
use std::time::{Duration, Instant};

use postcase::mail::{Address, Circumstances, Keyring, read};

/// Bytes of a hostile input.
const HOSTILE_BYTES: usize = 1_000_000;
/// The argument with which this program measures one hostile mail.
const ONE: &str = "--one";
/// How long one measurement of ordinary mail lasts.
const MEASURE: Duration = Duration::from_secs(2);

fn main() {
    // `cargo test --benches` runs this too: once through is enough there.
    let brief = std::env::args().any(|arg| arg == "--test");
    let measure = if brief { Duration::ZERO } else { MEASURE };
    let circumstances = Circumstances {
        own_addresses: vec![Address::parse("support@desk.example").expect("a constant")],
        case_word: "Case".to_owned(),
        keyring: Keyring::new(vec![[7; 32]]),
        ..Circumstances::default()
    };
    let mut arguments = std::env::args().skip_while(|argument| argument != ONE).skip(1);
    if let Some(at) = arguments.next().and_then(|at| at.parse().ok()) {
        return one(at, &circumstances);
    }
    let mails = ordinary();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    println!("ordinary mail: {} kinds, {} bytes each on average", mails.len(), bytes / mails.len());
    let ours = rate(&mails, measure, |mail| drop(black_box(read(mail, &circumstances))));
    let bare = rate(&mails, measure, |mail| drop(black_box(mail_parser::MessageParser::default().parse(mail))));
    println!("  mail::read        {ours:>8.0} messages/s");
    println!("  bare mail-parser  {bare:>8.0} messages/s");
    for (at, mail) in mails.iter().enumerate() {
        let one = std::slice::from_ref(mail);
        let rate = rate(one, measure / 8, |mail| drop(black_box(read(mail, &circumstances))));
        println!("    kind {at} ({} bytes) {rate:>8.0} messages/s", mail.len());
    }

    let mut worst: Vec<Measure> = (0..hostile().len()).step_by(if brief { 40 } else { 1 }).map(apart).collect();
    println!("hostile mail of {HOSTILE_BYTES} bytes, each in a process of its own, {} of them", worst.len());
    let shown = if brief { 1 } else { 12 };
    worst.sort_unstable_by_key(|measure| std::cmp::Reverse(measure.time));
    println!("slowest:");
    for Measure { time, kilobytes, name } in worst.iter().take(shown) {
        println!("  {:>7.1} ms  {kilobytes:>6} kB  {name}", time.as_secs_f64() * 1000.0);
    }
    worst.sort_unstable_by_key(|measure| std::cmp::Reverse(measure.kilobytes));
    println!("largest, beyond the mail itself:");
    for Measure { time, kilobytes, name } in worst.iter().take(shown) {
        println!("  {kilobytes:>6} kB  {:>7.1} ms  {name}", time.as_secs_f64() * 1000.0);
    }
}

/// What one hostile mail cost.
struct Measure {
    time: Duration,
    kilobytes: u64,
    name: String,
}

/// Reads one hostile mail in another process, so that its memory is its own.
fn apart(at: usize) -> Measure {
    let program = std::env::current_exe().expect("this program has a path");
    let output = std::process::Command::new(program).args([ONE, &at.to_string()]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = said.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
    let (Some(micros), Some(kilobytes)) = (numbers.next(), numbers.next()) else {
        panic!("hostile mail {at} ends the process: {}", output.status)
    };
    Measure { time: Duration::from_micros(micros), kilobytes, name: hostile().swap_remove(at).name }
}

/// Reads one hostile mail and says what it cost: microseconds, and kilobytes beyond what was there before.
fn one(at: usize, circumstances: &Circumstances) {
    let mail = (hostile().swap_remove(at).mail)();
    ordinary().iter().for_each(|mail| drop(black_box(read(mail, circumstances))));
    let before = peak().unwrap_or(0);
    let start = Instant::now();
    black_box(read(&mail, circumstances));
    println!("{} {}", start.elapsed().as_micros(), peak().unwrap_or(0).saturating_sub(before));
}

fn rate(mails: &[Vec<u8>], measure: Duration, read: impl Fn(&[u8])) -> f64 {
    let start = Instant::now();
    let mut count = 0u32;
    loop {
        mails.iter().for_each(|mail| read(mail));
        count += u32::try_from(mails.len()).unwrap_or(1);
        let elapsed = start.elapsed();
        if elapsed >= measure {
            return f64::from(count) / elapsed.as_secs_f64();
        }
    }
}

/// The most memory in kB that the process had (Linux).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

const HEADER: &str = "Return-Path: <anna@customer.example>\r\n\
    Received: from mx.customer.example (mx.customer.example [192.0.2.1])\r\n\tby mail.desk.example (Postfix) with ESMTPS id 4ABC\r\n\t\
    for <support@desk.example>; Mon, 3 Mar 2025 09:15:01 +0100 (CET)\r\n\
    Authentication-Results: mail.desk.example; dkim=pass header.d=customer.example; spf=pass smtp.mailfrom=customer.example\r\n\
    From: =?utf-8?Q?Anna_J=C3=B6rgensen?= <anna@customer.example>\r\nTo: Support <support@desk.example>\r\n\
    Subject: =?utf-8?B?UmU6IERpZSBQdW1wZSBsw6R1ZnQgbmljaHQ=?= [Case 10482]\r\n\
    Date: Mon, 3 Mar 2025 09:15:00 +0100\r\nMessage-ID: <12345@customer.example>\r\n\
    In-Reply-To: <67890@desk.example>\r\nReferences: <1@customer.example> <2@desk.example> <67890@desk.example>\r\n\
    MIME-Version: 1.0\r\n";

/// Paragraphs of a letter, with quotation below.
fn letter(bytes: usize) -> String {
    let paragraph = "The pump on the second floor has stopped again since this morning, and the display shows error 42.\r\n\
        We have tried to switch it off and on, as described in the manual, without success.\r\n\r\n";
    let own = paragraph.repeat(3);
    let quoted: String =
        paragraph.repeat(bytes / paragraph.len()).lines().map(|line| format!("> {line}\r\n")).collect();
    format!(
        "Hello,\r\n\r\n{own}Regards\r\nAnna\r\n\r\nOn Mon, 3 Mar 2025 at 08:00, Support <support@desk.example> wrote:\r\n{quoted}"
    )
}

fn page(bytes: usize) -> String {
    let row = "<tr><td style=\"padding:4px;color:#333\"><p class=\"x\">The pump has <b>stopped</b> again, see \
        <a href=\"https://example.org/a?b=1&amp;c=2\">the manual</a>.</p></td></tr>\r\n";
    format!(
        "<html><head><style>p {{ margin: 0 }}</style></head><body><table>{}</table></body></html>",
        row.repeat(bytes / row.len())
    )
}

fn base64(bytes: usize) -> String {
    "JVBERi0xLjcKJeLjz9MKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyAvUGFnZXMgMiAwIFIgPj4KZW5k\r\n".repeat(bytes / 82)
}

/// Ordinary mail of about 20 KB: plain, with HTML beside it, HTML alone, with an attachment.
fn ordinary() -> Vec<Vec<u8>> {
    let plain = format!("{HEADER}Content-Type: text/plain; charset=utf-8\r\n\r\n{}", letter(18_500));
    let both = format!(
        "{HEADER}Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{}\r\n--b--\r\n",
        letter(6_000),
        page(12_000)
    );
    let html = format!("{HEADER}Content-Type: text/html; charset=utf-8\r\n\r\n{}", page(18_500));
    let attached = format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n\
         --b\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Disposition: attachment; filename=offer.pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        letter(3_000),
        base64(15_000)
    );
    [plain, both, html, attached].map(String::into_bytes).to_vec()
}

/// A mail made to harm, of [`HOSTILE_BYTES`].
struct Hostile {
    name: String,
    mail: Box<dyn Fn() -> Vec<u8>>,
}

impl Hostile {
    fn new(name: String, mail: impl Fn() -> Vec<u8> + 'static) -> Hostile {
        Hostile { name, mail: Box::new(mail) }
    }

    /// A header, and a piece that is repeated.
    fn repeated(name: &str, head: &str, unit: &'static str) -> Hostile {
        let head = format!("{START}{head}");
        Hostile::new(format!("{name} of {unit:?}"), move || {
            format!("{head}{}", unit.repeat(HOSTILE_BYTES / unit.len())).into_bytes()
        })
    }

    /// A header, and pieces that differ by their number.
    fn counted(name: &str, head: &'static str, piece: &'static str) -> Hostile {
        Hostile::new(name.to_owned(), move || {
            let mut mail = format!("{START}{head}").into_bytes();
            for number in 0.. {
                if mail.len() >= HOSTILE_BYTES {
                    break;
                }
                mail.extend_from_slice(piece.replace('#', &number.to_string()).as_bytes());
            }
            mail
        })
    }
}

fn hostile() -> Vec<Hostile> {
    let mut found = Vec::new();
    let mut add = |name: &str, head: &str, units: &[&'static str]| {
        found.extend(units.iter().map(|unit| Hostile::repeated(name, head, unit)));
    };
    add("header", "", FIELDS);
    for name in [
        "X-Long",
        "To",
        "Subject",
        "References",
        "Content-Type: text/plain; x",
        "Authentication-Results",
        "Date",
        "Received",
    ] {
        add(name, &format!("{name}: "), WORDS);
    }
    add("text", "\r\n", LINES);
    add("text of a report", "Return-Path: <>\r\nSubject: Undelivered Mail\r\n\r\n", LINES);
    add(
        "text of a robot",
        "Auto-Submitted: auto-replied\r\nSubject: Mail delivery\r\nIn-Reply-To: <a@b>\r\n\r\n",
        LINES,
    );
    add("flowed text", "Content-Type: text/plain; format=flowed\r\n\r\n", LINES);
    add("html", "Content-Type: text/html\r\n\r\n", TAGS);
    add("parts", "Content-Type: multipart/report; boundary=b\r\n\r\n", PARTS);
    add(
        "status",
        "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n",
        STATUS,
    );
    for encoding in ["base64", "quoted-printable", "x-uuencode"] {
        add(encoding, &format!("Content-Transfer-Encoding: {encoding}\r\n\r\n"), &["=", "=41", "QUJD", "=\r\n", "M"]);
    }
    for charset in ["utf-8", "iso-2022-jp", "iso-2022-kr", "hz", "utf-7", "gb18030", "utf-16", "unknown"] {
        let units = ["\u{1b}$B", "\u{fc}", "~{", "+A", "\u{1b}(B\u{1b}$B%F", "\0"];
        add(charset, &format!("Content-Type: text/plain; charset={charset}\r\n\r\n"), &units);
    }
    found.extend(COUNTED.iter().map(|(name, head, piece)| Hostile::counted(name, head, piece)));
    for head in
        ["X: y", "Content-Type: text/html", "Content-Transfer-Encoding: base64", "Content-Type: application/ms-tnef"]
    {
        let mail = move || [format!("{START}{head}\r\n\r\n").into_bytes(), noise()].concat();
        found.push(Hostile::new(format!("noise behind {head:?}"), mail));
    }
    found
}

/// Bytes without any order, the same each time (xorshift).
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..HOSTILE_BYTES / 8).flat_map(|_| next()).collect()
}

/// The header with which hostile mail begins.
const START: &str = "From: a@x.example\r\nMessage-ID: <1@x.example>\r\n";

/// Pieces that differ from each other: `#` is their number.
const COUNTED: &[(&str, &str, &str)] = &[
    ("fields of different names", "", "X-#: y\r\n"),
    ("parameters of different names", "Content-Type: text/plain", "; x#=y"),
    ("pieces of a parameter", "Content-Type: text/plain", "; name*#=y"),
    ("addresses", "To: x@x.example", ",\r\n a# <a#@x.example>"),
    ("groups", "To: x@x.example", ", g#: a#@x.example;"),
    ("references", "References: <x>", "\r\n <#@x.example>"),
    ("multiparts within each other", "", "Content-Type: multipart/mixed; boundary=b#\r\n\r\n--b#\r\n"),
    (
        "parts with files",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
        "--b\r\nContent-Type: image/png; name=#.png\r\nContent-ID: <#>\r\n\r\nx\r\n",
    ),
    ("attributes", "Content-Type: text/html\r\n\r\n<p>x<p ", "a#=# "),
    ("elements", "Content-Type: text/html\r\n\r\n", "<e#>x"),
    ("elements that end", "Content-Type: text/html\r\n\r\n", "<e#>x</e#>"),
    ("links", "Content-Type: text/html\r\n\r\n", "<a href='http://x.example/#'>x</a> "),
    ("pictures", "Content-Type: text/html\r\n\r\n", "<img src=cid:#@x>"),
    ("classes", "Content-Type: text/html\r\n\r\n", "<div class='c# gmail_quote'>x</div>"),
    ("styles", "Content-Type: text/html\r\n\r\n", "<td style='font-size:0;display:#'>x"),
    ("rules of style", "Content-Type: text/html\r\n\r\n<style>", ".c# { display: none }\r\n"),
    (
        "alternatives",
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n",
        "--b\r\nContent-Type: text/html\r\n\r\n<p>x# y</p>\r\n",
    ),
    (
        "recipients of a report",
        "Return-Path: <>\r\nSubject: Undelivered Mail\r\n\r\n",
        "<a#@x.example>: 550 5.1.1 x\r\n",
    ),
    ("attributions", "\r\n", "On 1 Mar 2025 at 10:#, A <a#@x.example> wrote:\r\n> x\r\n"),
    ("headers in the text", "\r\n", "From: a#\r\nDate: #\r\nTo: b\r\n\r\n"),
    ("ruled lines", "\r\n", "-----\r\n\r\n_____\r\n"),
    ("files in the text", "\r\n", "begin 644 #\r\n#0V%T\r\n`\r\nend\r\n"),
    ("words of different charsets", "Subject: ", "=?x-#?B?w6k=?= "),
];

const FIELDS: &[&str] = &[
    "X: y\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    "To: a@x.example\r\n",
    "Subject: =?utf-8?Q?a?=\r\n",
    "References: <a@b>\r\n",
    "Authentication-Results: x; dkim=pass header.d=x\r\n",
    "no field\r\n x\r\n",
];
const WORDS: &[&str] = &[
    "word ",
    "a@x.example,",
    "=?utf-8?Q?a?= ",
    "=?utf-8?B?",
    "=?",
    "(",
    "\"\\",
    "<a@b>",
    "x*0*=''%41;",
    ";",
    "\r\n ",
    "[Case 1] ",
    "=?iso-2022-jp?B?GyRCJUY?= ",
    "\u{fc}",
    "re: ",
    "ref:0",
    "x=y ",
    ":",
    "a:b;",
];
const LINES: &[&str] = &[
    ">",
    "> ",
    "> a\r\n",
    "-- \r\n",
    "On 1 Mar 2025 a@b.c wrote:\r\n",
    "From: a@b.c\r\nSubject: x\r\n",
    "ref:0",
    "\r\n",
    "On 1\r\n",
    "[Case 1",
    "begin 644 x\r\n#0V%T\r\n",
    "begin 644 x\r\n",
    "=ybegin line=1 size=1 name=x\r\n",
    "a@b.example ",
    "550 5.1.1 x\r\n",
    "-----Original Message-----\r\n",
    "word ",
    "\u{fc}\u{df} ",
    "\t",
    "--\r\n\r\n",
    "http://x.example/ ",
    "<a@b.example>: x\r\n",
    "a@",
    "@a.",
    "a \r\n",
    "Final-Recipient: a@b\r\n\r\n",
];
const TAGS: &[&str] = &[
    "<div>",
    "<blockquote>",
    "<a href='http://x'>",
    "<style>",
    "<p a=1 b='",
    "<!--",
    "<b><i>",
    "&amp",
    "<li>",
    "<pre>",
    "cid:",
    "<table><tr><td>",
    "<div><p>x</p>",
    "<font size=1>",
    "</p>",
    "<br>",
    "&#x41;",
    "<span style='display:none'>",
    "<img src=cid:a>",
];
const PARTS: &[&str] = &[
    "--b\r\n\r\nx\r\n",
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n",
    "--b\r\nContent-Type: text/html\r\n\r\n<div>\r\n",
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.c\r\nAction: failed\r\n\r\n",
    "--c\r\n",
    "--\r\n",
    "--b\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgEA\r\n",
    "--b\r\nContent-Type: text/calendar\r\n\r\nMETHOD:X\r\n",
];
const STATUS: &[&str] = &[
    "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nDiagnostic-Code: smtp; what\r\n\r\n",
    "Final-Recipient: rfc822; a@b.example\r\n",
    "x: y\r\n\r\n",
    "\r\n",
];

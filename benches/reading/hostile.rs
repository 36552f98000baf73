//! Mail made to harm.

/// Bytes of a hostile input.
pub const HOSTILE_BYTES: usize = 1_000_000;

/// A mail made to harm, of [`HOSTILE_BYTES`].
pub struct Hostile {
    pub name: String,
    pub mail: Box<dyn Fn() -> Vec<u8>>,
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

pub fn hostile() -> Vec<Hostile> {
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

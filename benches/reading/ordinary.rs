//! Ordinary mail of about 20 KB, as desks get it: most of it text with HTML beside it, most of it an answer above what
//! it answers; each as the program writes it that it is said to come from.

use std::fmt::Write;

/// A mail, and who writes such.
pub struct Ordinary {
    pub name: &'static str,
    pub mail: Vec<u8>,
}

pub fn ordinary() -> Vec<Ordinary> {
    let all = [
        ("text and HTML, an answer from Gmail", gmail()),
        ("text and HTML, an answer from Outlook", outlook()),
        ("text and HTML, a first mail with a signature", first()),
        ("text alone, an answer from Thunderbird", thunderbird()),
        ("text and a file, from a telephone", telephone()),
        ("HTML alone, from a shop", shop()),
    ];
    all.map(|(name, mail)| Ordinary { name, mail: mail.replace('\n', "\r\n").into_bytes() }).into()
}

/// What servers and programs put above a mail that answers one of ours.
fn header(content: &str) -> String {
    format!(
        "Return-Path: <anna@customer.example>\n\
         Received: from mail-lf1-f42.customer.example (mail-lf1-f42.customer.example [192.0.2.42])\n\tby mx.desk.example \
         (Postfix) with ESMTPS id 4ABCD1Xyz\n\tfor <support@desk.example>; Mon, 3 Mar 2025 09:15:01 +0100 (CET)\n\
         Received: by mail-lf1-f42.customer.example with SMTP id 2adb3069b0e04-5493;\n\tMon, 03 Mar 2025 00:15:00 -0800 (PST)\n\
         Authentication-Results: mx.desk.example; dkim=pass header.d=customer.example header.s=s2048;\n\t\
         spf=pass smtp.mailfrom=anna@customer.example; dmarc=pass (policy=quarantine) header.from=customer.example\n\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=customer.example; s=s2048; t=1740989700;\n\t\
         h=to:subject:message-id:date:from:in-reply-to:references:mime-version:from:to:cc:subject:date;\n\t\
         bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n\tb={}\n\
         X-Received: by 2002:a05:6512:3da2:b0:545:fc8:e155 with SMTP id 2adb3069b0e04; Mon, 03 Mar 2025 00:14:59 -0800\n\
         From: =?utf-8?Q?Anna_J=C3=B6rgensen?= <anna@customer.example>\nTo: Support <support@desk.example>\n\
         Cc: Workshop <workshop@customer.example>\n\
         Subject: =?utf-8?B?UmU6IERpZSBQdW1wZSBsw6R1ZnQgbmljaHQ=?= [Case 10482]\n\
         Date: Mon, 3 Mar 2025 09:15:00 +0100\nMessage-ID: <CAF12345678+abcdefgh@mail.customer.example>\n\
         In-Reply-To: <67890@desk.example>\nReferences: <1@customer.example> <2@desk.example> <67890@desk.example>\n\
         MIME-Version: 1.0\nContent-Type: {content}\n",
        "dGhpcyBpcyBub3QgYSBzaWduYXR1cmU".repeat(8),
    )
}

/// What people write: so many paragraphs, no two alike.
fn paragraphs(from: usize, count: usize) -> impl Iterator<Item = String> {
    const SUBJECTS: [&str; 7] = [
        "the pump on the second floor",
        "your last invoice",
        "the display beside the door",
        "our new colleague in the workshop",
        "the spare part that you sent us",
        "the update of last week",
        "the contract for both machines",
    ];
    const SENTENCES: [&str; 9] = [
        "We have had trouble with # since this morning, and nobody here knows what to do about it.",
        "Could you please have a look at # and tell us what you would need from our side?",
        "As you wrote, I have switched it off and on again, waited ten minutes, and then looked at # once more.",
        "The manual says something about # on page 42, but this does not help, because the menu is not there.",
        "I’m sending you a picture of #; you can see error E-1042 in the upper corner.",
        "My colleague called you on Friday at 10:30 about # and was told that somebody would call back.",
        "It is not urgent for us, but by the end of the month we would like to have # in order.",
        "Thank you very much for your help so far, it’s been great with everything but #.",
        "If that is not possible, then would it be better to send # back to you (at our cost, of course)?",
    ];
    (from..from + count).map(|at| {
        let sentence = |n: usize| SENTENCES[(at * 4 + n) % 9].replace('#', SUBJECTS[(at * 3 + n) % 7]);
        (0..2 + at % 3).map(sentence).collect::<Vec<String>>().join(" ")
    })
}

/// Wrapped as programs do that write plain text.
fn wrapped(text: &str, prefix: &str) -> String {
    let mut out = String::new();
    let mut line = prefix.to_owned();
    for word in text.split(' ') {
        if line.len() + word.len() > 76 {
            out.push_str(line.trim_end());
            out.push('\n');
            line = prefix.to_owned();
        }
        line.push_str(word);
        line.push(' ');
    }
    out + line.trim_end() + "\n"
}

fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        for byte in line.bytes() {
            let plain = byte.is_ascii_graphic() && byte != b'=' || byte == b' ';
            if column > 72 {
                out.push_str("=\n");
                column = 0;
            }
            match plain {
                true => out.push(char::from(byte)),
                false => write!(out, "={byte:02X}").expect("a string takes all"),
            }
            column += if plain { 1 } else { 3 };
        }
        out.push_str(end);
        column = 0;
    }
    out
}

/// Two parts that say the same.
fn alternatives(plain: &str, html: &str) -> String {
    let part = |kind: &str, text: &str| {
        format!(
            "--b1\nContent-Type: text/{kind}; charset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\n{}\n",
            quoted_printable(text)
        )
    };
    header("multipart/alternative; boundary=\"b1\"") + "\n" + &part("plain", plain) + &part("html", html) + "--b1--\n"
}

fn gmail() -> String {
    let (own, quoted) = (4, 18);
    let attribution = "On Mon, 3 Mar 2025 at 08:00, Support <support@desk.example> wrote:";
    let mut plain = String::from("Hello,\n\n");
    paragraphs(0, own).for_each(|text| plain += &(wrapped(&text, "") + "\n"));
    plain += &format!("Best regards\nAnna\n\n{attribution}\n\n");
    paragraphs(own, quoted).for_each(|text| plain += &(wrapped(&text, "> ") + ">\n"));

    let mut html = String::from("<div dir=\"ltr\"><div dir=\"ltr\"><div>Hello,</div><div><br></div>");
    paragraphs(0, own).for_each(|text| html += &format!("<div>{text}</div><div><br></div>"));
    html += "<div>Best regards</div><div>Anna</div></div><br><div class=\"gmail_quote gmail_quote_container\">\
        <div dir=\"ltr\" class=\"gmail_attr\">On Mon, 3 Mar 2025 at 08:00, Support &lt;<a href=\"mailto:support@desk.example\" \
        target=\"_blank\">support@desk.example</a>&gt; wrote:<br></div><blockquote class=\"gmail_quote\" \
        style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\"><div dir=\"ltr\">\n";
    paragraphs(own, quoted).for_each(|text| html += &format!("<p>{text}</p>\n"));
    alternatives(&plain, &(html + "</div></blockquote></div></div>\n"))
}

fn outlook() -> String {
    let (own, quoted) = (3, 10);
    let fields = [
        ("From", "Support &lt;support@desk.example&gt;"),
        ("Sent", "Monday, March 3, 2025 8:00 AM"),
        ("To", "Anna J\u{f6}rgensen &lt;anna@customer.example&gt;"),
        ("Subject", "Die Pumpe l\u{e4}uft nicht [Case 10482]"),
    ];
    let mut plain = String::from("Hello,\n\n");
    paragraphs(0, own).for_each(|text| plain += &format!("{text}\n\n"));
    plain += "Kind regards\n\nAnna J\u{f6}rgensen\nHead of Production\nCustomer Ltd\nPhone: +49 30 1234567\n\n";
    fields.iter().for_each(|(name, value)| {
        plain += &format!("{name}: {}\n", value.replace("&lt;", "<").replace("&gt;", ">"));
    });
    plain += "\n";
    paragraphs(own, quoted).for_each(|text| plain += &format!("{text}\n\n"));

    let mut html = format!(
        "<html xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">\n<head>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\n<!--[if !mso]><style>v\\:* \
         {{behavior:url(#default#VML);}}</style><![endif]--><style><!--\n/* Font Definitions */\n{}--></style></head>\n\
         <body lang=\"EN-US\" link=\"#0563C1\" vlink=\"#954F72\"><div class=\"WordSection1\">\n",
        "p.MsoNormal, li.MsoNormal, div.MsoNormal\n\t{margin:0in;\n\tfont-size:11.0pt;\n\tfont-family:\"Calibri\",sans-serif;}\n"
            .repeat(14),
    );
    let line = |text: &str| {
        format!(
            "<p class=\"MsoNormal\"><span lang=\"EN-US\" style=\"mso-fareast-language:EN-US\">{text}<o:p></o:p></span></p>\n"
        )
    };
    let blank = line("&nbsp;");
    html += &line("Hello,");
    paragraphs(0, own).for_each(|text| html += &(blank.clone() + &line(&text)));
    ["Kind regards", "&nbsp;", "<b>Anna J\u{f6}rgensen</b>", "Head of Production", "Customer Ltd"]
        .iter()
        .for_each(|text| html += &line(text));
    html += "<div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in\"><p class=\"MsoNormal\">";
    fields.iter().for_each(|(name, value)| html += &format!("<b>{name}:</b> {value}<br>\n"));
    html += "<o:p></o:p></p></div></div>\n";
    paragraphs(own, quoted).for_each(|text| html += &(blank.clone() + &line(&text)));
    alternatives(&plain, &(html + "</div></body></html>\n"))
}

fn first() -> String {
    let own = 23;
    let card = "Anna J\u{f6}rgensen | Head of Production | Customer Ltd\nMusterstra\u{df}e 1 | 10115 Berlin\n\
        Phone +49 30 1234567 | www.customer.example\n";
    let mut plain = String::from("Dear support team,\n\n");
    paragraphs(0, own).for_each(|text| plain += &(wrapped(&text, "") + "\n"));
    plain += &format!("Kind regards\nAnna\n\n-- \n{card}");
    let mut html = String::from(
        "<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"></head>\
         <body style=\"overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;\">\
         <div>Dear support team,</div>",
    );
    paragraphs(0, own).for_each(|text| html += &format!("<div><br></div><div>{text}</div>\n"));
    html += "<div>Kind regards</div><div>Anna</div><br><table cellpadding=\"0\" cellspacing=\"0\" \
        style=\"font-family: Arial; font-size: 10pt\"><tr><td style=\"padding-right: 10px\">\
        <img src=\"cid:logo@customer.example\" width=\"90\" height=\"40\"></td><td>";
    card.lines().for_each(|line| html += &format!("<span style=\"color: rgb(68, 68, 68);\">{line}</span><br>"));
    alternatives(
        &plain,
        &(html + "<a href=\"https://www.customer.example/\">Website</a></td></tr></table></body></html>\n"),
    )
}

fn thunderbird() -> String {
    let mut text = header("text/plain; charset=UTF-8; format=flowed") + "Content-Transfer-Encoding: 8bit\n\n";
    text += "Hello,\n\nOn 03.03.25 08:00, Support wrote:\n";
    let mut all = paragraphs(0, 54);
    while let Some(quoted) = all.next() {
        text += &wrapped(&quoted, "> ");
        all.by_ref().take(2).for_each(|more| text += &format!(">\n{}", wrapped(&more, "> ")));
        all.next().into_iter().for_each(|own| text += &format!("\n{}\n", wrapped(&own, "")));
    }
    text + "-- \nAnna J\u{f6}rgensen, Customer Ltd\nPhone: +49 30 1234567\n"
}

fn telephone() -> String {
    let mut text = header("multipart/mixed; boundary=\"b1\"");
    text += "\n--b1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n";
    let mut own = String::from("Hi, here is the picture.\n\n");
    paragraphs(0, 2).for_each(|text| own += &format!("{text}\n\n"));
    own += "Sent from my iPhone\n\n> On 3 Mar 2025, at 08:00, Support <support@desk.example> wrote:\n> \n";
    paragraphs(2, 7).for_each(|text| own += &format!("> {text}\n> \n"));
    text += &quoted_printable(&own);
    text += "\n--b1\nContent-Type: image/jpeg; name=IMG_1042.jpg\nContent-Disposition: attachment; filename=IMG_1042.jpg\n\
        Content-Transfer-Encoding: base64\n\n";
    text += &"/9j/4AAQSkZJRgABAQAASABIAAD/4QBMRXhpZgAATU0AKgAAAAgAAgESAAMAAAABAAEAAIdpAAQA\n".repeat(170);
    text + "--b1--\n"
}

fn shop() -> String {
    let mut html = String::from(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Your order</title><style type=\"text/css\">\
         body { margin: 0; padding: 0; } @media only screen and (max-width: 600px) { .column { width: 100% !important; } }\
         </style></head><body style=\"margin:0;padding:0;background-color:#f4f4f4\">\
         <div style=\"display:none;max-height:0;overflow:hidden\">What happened to your order</div>\
         <table role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" align=\"center\">\n",
    );
    for (at, text) in paragraphs(0, 20).enumerate() {
        html += &format!(
            "<tr><td class=\"column\" style=\"padding:12px 24px;font-family:Arial,Helvetica,sans-serif;font-size:14px;\
             line-height:20px;color:#333333\"><p style=\"margin:0 0 12px\">{text}</p><table role=\"presentation\" \
             cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td style=\"font-weight:bold;padding:4px 8px\">Part&nbsp;{at}</td>\
             <td style=\"padding:4px 8px\">{}.90&nbsp;&euro;</td><td><a href=\"https://shop.example/orders/10482?part={at}&amp;lang=en\" \
             style=\"color:#0057b8;text-decoration:none\">See the part</a></td></tr></table></td></tr>\n",
            at * 7 + 3
        );
    }
    html += "</table></body></html>\n";
    header("text/html; charset=utf-8") + "Content-Transfer-Encoding: quoted-printable\n\n" + &quoted_printable(&html)
}

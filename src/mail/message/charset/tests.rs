use super::*;

#[test]
fn guesses_only_when_the_declared_charset_fails() {
    assert_eq!(text("Grüße".as_bytes(), Some("utf-8")), ("Grüße".into(), Verdict::Right));
    assert_eq!(text("Grüße".as_bytes(), None), ("Grüße".into(), Verdict::Right));
    let latin = b"Sch\xf6ne Gr\xfc\xdfe aus K\xf6ln";
    assert_eq!(text(latin, Some("utf-8")), ("Schöne Grüße aus Köln".into(), Verdict::Guessed));
    assert_eq!(text(latin, Some("iso-8859-1")), ("Schöne Grüße aus Köln".into(), Verdict::Right));
    assert_eq!(text(latin, Some("no-such-charset")).0, "Schöne Grüße aus Köln");
}

#[test]
fn one_broken_character_does_not_spoil_the_rest() {
    let cut = "Grüße aus Zürich, schöne Wörter".as_bytes();
    let cut = [cut, b"\xc3"].concat();
    assert_eq!(text(&cut, Some("utf-8")).0, "Grüße aus Zürich, schöne Wörter\u{fffd}");
}

#[test]
fn utf_8_is_seen_behind_other_names() {
    for name in ["iso-8859-1", "windows-1251", "us-ascii", "koi8-r", "x-unknown"] {
        assert_eq!(text("Größe, Привет".as_bytes(), Some(name)).0, "Größe, Привет", "{name}");
    }
    assert_eq!(text(b"\xff\xfeH\0i\0", Some("utf-8")).0, "Hi");
    assert_eq!(text(b"H\0i\0!\0", Some("unicode")).0, "Hi!");
}

#[test]
fn reads_seven_bit_charsets() {
    assert_eq!(text(b"Hi Mom +Jjo-!", Some("utf-7")).0, "Hi Mom \u{263a}!");
    assert_eq!(text(b"Hi Mom +Jjo-!", Some("UNICODE-1-1-UTF-7")).0, "Hi Mom \u{263a}!");
    assert_eq!(text(b"+AOA- bient+APQ-t, 1 +- 1, +BBcENAQ1BEEETA, x", Some("utf-7")).0, "à bientôt, 1 + 1, Здесь, x");
    assert_eq!(text(b"\x1b$B$3$s$K$A$O\x1b(B", Some("utf-8")), ("こんにちは".into(), Verdict::Guessed));
    assert_eq!(text(b"\x1b$B$3$s$K$A$O\x1b(B", None).0, "こんにちは");
    assert_eq!(text(b"\x1b$B$3$s$K$A$O\x1b(B", Some("iso-2022-jp")).0, "こんにちは");
    assert_eq!(text(b"\x1b$B$3$s\x1b(B\x1b$B$K$A$O\x1b(B", Some("iso-2022-jp")).0, "こんにちは");
    assert_eq!(text(b"\x1b$B$3$s$K$A$O\x1b(B", Some("us-ascii")), ("こんにちは".into(), Verdict::Guessed));
    assert_eq!(text(b"\x1b$)C\x0e>H3g\x0f Hi", Some("iso-2022-kr")).0, "안녕 Hi");
    assert_eq!(
        text(b"This is ~{<:Ky2;S{!#NpJ)l6HK!#~}Bye~~.", Some("HZ-GB-2312")).0,
        "This is 己所不欲。勿施於人。Bye~."
    );
}

#[test]
fn what_is_called_western_may_be_of_another_script() {
    for (bytes, expected) in [
        (&b"\xc7\xe4\xf0\xe0\xe2\xf1\xf2\xe2\xf3\xe9\xf2\xe5, \xed\xe0\xf1\xee\xf1 \xed\xe5 \xf0\xe0\xe1\xee\xf2\xe0\xe5\xf2."[..], "Здравствуйте, насос не работает."),
        (b"\xcb\xae\xb1\xc3\xb4\xd3\xd7\xf2\xcc\xec\xd4\xe7\xc9\xcf\xbf\xaa\xca\xbc\xbe\xcd\xb2\xbb\xb9\xa4\xd7\xf7\xc1\xcb\xa1\xa3", "水泵从昨天早上开始就不工作了。"),
    ] {
        assert_eq!(text(bytes, Some("iso-8859-1")), (expected.into(), Verdict::Guessed));
        let beside = Beside::new(Some("iso-8859-1".to_owned()), bytes.to_vec(), Country::default());
        assert_eq!(beside.text(bytes).0, expected);
    }
    let western = b"\xc4\xd6\xdc \xe4\xf6\xfc\xdf: die Umlaute";
    assert_eq!(text(western, Some("iso-8859-1")).1, Verdict::Right);
}

/// Bytes of `text` in a charset of the list.
fn encoded(text: &str, charset: &str) -> Vec<u8> {
    let (bytes, _, lossy) = Encoding::for_label(charset.as_bytes()).unwrap().encode(text);
    assert!(!lossy, "{text}");
    bytes.into_owned()
}

#[test]
fn western_text_is_believed() {
    for words in [
        "Schöne Grüße aus Köln! Die Größe der Bügel passt überhaupt nicht, außerdem fehlen Ölfässer für MÜLLER.",
        "L'été dernier, à l'hôtel, nous avons reçu le reçu déjà réglé. « Où êtes-vous ? » ÉTÉ 2024, cœur, 50 €.",
        "Não é possível: as informações das instalações não estão disponíveis, atenção às condições de manutenção.",
        "¿Cuándo llegará el envío? El número del año pasado está dañado, señor Muñoz. ¡Adiós! Nº 5, 3ª planta.",
        "Hej! Jag får inte igång pumpen på övervåningen, den låter väldigt högt. Åäö ÅÄÖ.",
        "Kære hr. Sørensen, blåbærgrød på køkkenbordet er ødelagt, så vi må få den ombyttet.",
        "Hyvää päivää, lähetykseni ei ole vielä tullut perille. Pyydän, että selvitätte tämän äkkiä. Yötä!",
        "Góðan daginn, ég þarf aðstoð við dæluna mína. Hún bilaði í gær og þið voruð búin að loka. Kveðja, Þórður Ýmir",
        "Perché la città è così? Più è là, però può darsi che l'umidità dell'università non vada giù.",
        "10 µm ± 5 %, 20 °C, 3 m² à 4 €/m³, §§ 5–7, “quoted”, ‘so’ … ½ – ¾, £5, ®, ©",
        "Een coördinator uit België reünieert geïnspireerd; financiële ruïne, knieën, zeeën.",
    ] {
        for name in ["iso-8859-1", "windows-1252", "us-ascii"] {
            assert_eq!(text(&encoded(words, "windows-1252"), Some(name)).0, words, "{name}");
        }
        assert_eq!(text(&encoded(words, "windows-1252"), None).0, words);
    }
}

#[test]
fn what_is_called_western_may_be_in_other_letters() {
    for (words, charset) in [
        ("Naukowcy zauważyli, że zmiana rytmu snu w dni wolne może być zła. Dziękuję za odpowiedź.", "iso-8859-2"),
        ("Taşta kan vardı, adım yapılan çarpıcı bir şeydi. Işık açıldı.", "windows-1254"),
        ("Πώς μπορώ να αλλάξω τον κωδικό μου στο Windows XP; Ευχαριστώ.", "windows-1253"),
        ("Здравствуйте, Windows не видит принтер HP LaserJet 1020.", "windows-1251"),
        ("我的 Windows 不能启动 Outlook 了，请帮助我，谢谢。", "gbk"),
        ("プリンターが Windows で動きません。よろしくお願いします。", "shift_jis"),
    ] {
        assert_eq!(text(&encoded(words, charset), Some("iso-8859-1")), (words.into(), Verdict::Guessed));
        assert_eq!(text(&encoded(words, charset), None).0, words);
    }
}

#[test]
fn the_country_of_the_sender_helps() {
    for (words, charset, domain) in [
        ("Honosító Műhely, beírod a keresőbe", "iso-8859-2", "posta.example.hu"),
        ("English 1 CD altyazısı", "windows-1254", "x.com.tr"),
        ("Těch policistů", "windows-1250", "x.cz"),
        ("Привет из Москвы", "koi8-r", "x.ru"),
        ("Οι Helloween σε Θεσσαλονίκη", "windows-1253", "x.gr"),
        ("瞼を閉じれば", "euc-jp", "x.co.jp"),
        ("펌프 고장", "euc-kr", "x.co.kr"),
    ] {
        assert_eq!(text_from(&encoded(words, charset), None, Country::of(domain)).0, words);
    }
    for domain in ["", "x", "x.com", "x.ÄÖ", "x.xn--p1ai", "192.0.2.1"] {
        assert_eq!(text_from(b"Gr\xfc\xdfe, M\xfcller", None, Country::of(domain)).0, "Grüße, Müller", "{domain}");
    }
}

#[test]
fn utf_8_with_a_few_other_bytes_stays_utf_8() {
    let mixed = [
        "Grüße, die Pumpe läuft nicht. Schöne Wörter.\n--\nListe: ".as_bytes(),
        b"M\xfcller, Gr\xf6\xdfe, 50 \xb0C, \xc3",
    ]
    .concat();
    let expected = "Grüße, die Pumpe läuft nicht. Schöne Wörter.\n--\nListe: Müller, Gr";
    for name in [Some("utf-8"), None, Some("us-ascii")] {
        let (read, verdict) = text(&mixed, name);
        assert!(read.starts_with(expected) && verdict == Verdict::Guessed, "{name:?} {read}");
    }
    assert_eq!(text("水泵不工作了".as_bytes(), Some("gb2312")).0, "水泵不工作了");
    assert_eq!(text("ポンプが動きません".as_bytes(), Some("shift_jis")).0, "ポンプが動きません");
    assert_eq!(text("펌프가 고장".as_bytes(), Some("ks_c_5601-1987")).0, "펌프가 고장");
}

#[test]
fn byte_order_is_seen() {
    let bytes = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    for sample in ["Hi!", "Привет", "昨日の朝からポンプが動きません。"] {
        assert_eq!(text(&bytes(sample, u16::to_le_bytes), Some("utf-16")).0, sample);
        assert_eq!(text(&bytes(sample, u16::to_be_bytes), Some("utf-16")).0, sample);
    }
}

#[test]
fn knows_charsets_by_their_other_names() {
    for (name, bytes, expected) in [
        ("ks_c_5601-1987", &b"\xbe\xc8\xb3\xe7"[..], "안녕"),
        ("cp949", b"\xbe\xc8\xb3\xe7", "안녕"),
        ("Shift-JIS", b"\x82\xb1\x82\xf1", "こん"),
        ("windows-31j", b"\x82\xb1\x82\xf1", "こん"),
        ("cp1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("windows1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("win-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("koi8", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
        ("iso8859_15", b"\xa4", "€"),
        ("latin-2", b"\xb1", "ą"),
        ("GB_2312-80", b"\xc4\xe3\xba\xc3", "你好"),
        ("cp950", b"\xa7A\xa6n", "你好"),
        ("cp850", b"\x81", "ü"),
        ("cp437", b"\x81\xe3", "üπ"),
        ("ibm852", b"\xa5\x88", "ął"),
        ("\"iso-8859-1\"; x", b"\xfc", "ü"),
        ("ISO-8859-8-I", b"\xf9\xec\xe5\xed", "שלום"),
        ("macintosh", b"\x9f", "ü"),
        ("tis-620", b"\xca\xc7\xd1\xca", "สวัส"),
        ("mac_cyrillic", b"\x8f\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("x-mac-ce", b"\xe4kola", "škola"),
        ("x-mac-turkish", b"\xdb\xdd", "ğı"),
        ("cp-855", b"\xdd\xe1\xb7\xeb\xa8\xe5", "Привет"),
        ("ibm-862", b"\x99\x8c\x85\x8d", "שלום"),
        ("cp737", b"\x82\x9c\xa0\x98", "Γεια"),
    ] {
        assert_eq!(text(bytes, Some(name)).0, expected, "{name}");
    }
}

/// The labels of the WHATWG Encoding Standard §4.2, and what the bytes say under each of them. `x-user-defined` is left
/// out: nobody can say what it means.
const LABELS: &[(&str, &[u8], &str)] = &[
    ("Grüße", b"Gr\xc3\xbc\xc3\x9fe", "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8"),
    ("Привет", b"\x8f\xe0\xa8\xa2\xa5\xe2", "866 cp866 csibm866 ibm866"),
    ("gęś", b"g\xea\xb6", "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"),
    ("ĉu", b"\xe6u", "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"),
    ("ģ", b"\xbb", "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"),
    (
        "Привет",
        b"\xbf\xe0\xd8\xd2\xd5\xe2",
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    ),
    (
        "مرحبا",
        b"\xe5\xd1\xcd\xc8\xc7",
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    ),
    (
        "Γεια",
        b"\xc3\xe5\xe9\xe1",
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    ),
    (
        "שלום",
        b"\xf9\xec\xe5\xed",
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical",
    ),
    ("đ", b"\xb9", "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"),
    ("ģ", b"\xec", "iso-8859-13 iso8859-13 iso885913"),
    ("ŵ", b"\xf0", "iso-8859-14 iso8859-14 iso885914"),
    ("€", b"\xa4", "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"),
    ("ș", b"\xba", "iso-8859-16"),
    ("Привет", b"\xf0\xd2\xc9\xd7\xc5\xd4", "cskoi8r koi koi8 koi8-r koi8_r"),
    ("Їжак", b"\xb7\xd6\xc1\xcb", "koi8-ru koi8-u"),
    ("ü", b"\x9f", "csmacintosh mac macintosh x-mac-roman"),
    ("สวัส", b"\xca\xc7\xd1\xca", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"),
    ("gęś", b"g\xea\x9c", "cp1250 windows-1250 x-cp1250"),
    ("Привет", b"\xcf\xf0\xe8\xe2\xe5\xf2", "cp1251 windows-1251 x-cp1251"),
    (
        "Grüße",
        b"Gr\xfc\xdfe",
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    ),
    ("Γεια", b"\xc3\xe5\xe9\xe1", "cp1253 windows-1253 x-cp1253"),
    (
        "ğ",
        b"\xf0",
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254",
    ),
    ("שלום", b"\xf9\xec\xe5\xed", "cp1255 windows-1255 x-cp1255"),
    ("مرحبا", b"\xe3\xd1\xcd\xc8\xc7", "cp1256 windows-1256 x-cp1256"),
    ("ģ", b"\xec", "cp1257 windows-1257 x-cp1257"),
    ("ơ", b"\xf5", "cp1258 windows-1258 x-cp1258"),
    ("Привет", b"\x8f\xf0\xe8\xe2\xe5\xf2", "x-mac-cyrillic x-mac-ukrainian"),
    (
        "你好",
        b"\xc4\xe3\xba\xc3",
        "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030",
    ),
    ("你好", b"\xa7A\xa6n", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"),
    ("こん", b"\xa4\xb3\xa4\xf3", "cseucpkdfmtjapanese euc-jp x-euc-jp"),
    ("こん", b"\x1b$B$3$s\x1b(B", "csiso2022jp iso-2022-jp"),
    ("こん", b"\x82\xb1\x82\xf1", "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"),
    (
        "안녕",
        b"\xbe\xc8\xb3\xe7",
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
    ),
    ("안녕", b"\x1b$)C\x0e>H3g\x0f", "csiso2022kr iso-2022-kr"),
    ("你好", b"~{Dc:C~}", "hz-gb-2312"),
    ("Hi ü", b"\x00H\x00i\x00 \x00\xfc", "unicodefffe utf-16be"),
    ("Hi ü", b"H\x00i\x00 \x00\xfc\x00", "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le"),
];

#[test]
fn reads_every_label_of_the_list() {
    let mut count = 0;
    for (expected, bytes, labels) in LABELS {
        for label in labels.split(' ') {
            for label in [label.to_owned(), label.to_uppercase()] {
                assert_eq!(text(bytes, Some(&label)).0, *expected, "{label}");
            }
            count += 1;
        }
    }
    assert!(count >= 215, "{count}");
}

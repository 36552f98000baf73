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
        ("\"iso-8859-1\"; x", b"\xfc", "ü"),
        ("ISO-8859-8-I", b"\xf9\xec\xe5\xed", "שלום"),
        ("macintosh", b"\x9f", "ü"),
        ("tis-620", b"\xca\xc7\xd1\xca", "สวัส"),
    ] {
        assert_eq!(text(bytes, Some(name)).0, expected, "{name}");
    }
}

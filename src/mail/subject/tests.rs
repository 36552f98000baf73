use super::*;

#[test]
fn prefixes_and_our_tag_go_the_rest_stays() {
    for (subject, expected) in [
        ("Printer on fire", "Printer on fire"),
        ("Re: AW: SV: Printer", "Printer"),
        ("RE[2]: Re (3): Re^4: Printer", "Printer"),
        ("Re: [Case 10482] Printer", "Printer"),
        ("[case 10482] Fwd: Printer", "Printer"),
        ("Re: 【Case 10482】Printer", "Printer"),
        ("Re: (Case #10482) Printer", "Printer"),
        ("Re: ［Case：10482］ Printer", "Printer"),
        ("{Case: 10482} Printer [#10482]", "Printer"),
        ("回复：プリンター", "プリンター"),
        ("İLT: Ynt: Printer", "Printer"),
        ("Απ: Σχετ: Printer", "Printer"),
        ("Rép. : Printer", "Printer"),
        ("Trả lời: Printer", "Printer"),
        ("השב: Printer", "Printer"),
        ("\u{200f}RE: Printer", "Printer"),
        ("[Urgent] Printer: paper", "[Urgent] Printer: paper"),
        ("[Case study] read me", "[Case study] read me"),
        ("[Urgent] Re: Printer", "Printer"),
        ("Re: [Urgent] [Shop] AW: Printer", "Printer"),
        ("[EXTERNAL] Printer", "Printer"),
        ("Re: [EXT] AW: [EXTERN] Printer", "Printer"),
        ("***SPAM*** Re: Printer", "Printer"),
        ("{Spam?} Printer", "Printer"),
        ("[WARNING: External Email] Printer", "Printer"),
        ("EXT: Printer", "Printer"),
        ("外部： Printer", "Printer"),
        ("【外部】Re：Printer", "Printer"),
        ("External: drive", "drive"),
        ("[Spam filter] is broken", "[Spam filter] is broken"),
        ("*Printer* on fire", "*Printer* on fire"),
        ("RE：［Ｃａｓｅ １０４８２］ｘ", "ｘ"),
        ("ＲＥ：ＡＷ: Printer", "Printer"),
        ("〖Case No. 10482〗 Printer", "Printer"),
        ("[Case № 10482] Printer", "Printer"),
        ("Antw: RIF: RES: Odp: YNT: ATB: Printer", "Printer"),
        ("ΑΠ: 答复: 回覆: 返信: 회신: Printer", "Printer"),
        ("Vá: VS: Atb.: Svar: Rép.: Printer", "Printer"),
        ("Odg: Одг: НА: Відп: Отг: Printer", "Printer"),
        ("ตอบกลับ: رد: پاسخ: उत्तर: Printer", "Printer"),
        ("Re[2]: Re (2): Re^3: RE*4: re 5: Re {6}: Printer", "Printer"),
        ("WG: TR: RV: ENC: Doorst: PD: İLT: ΠΡΘ: YML: 转发: 転送: Printer", "Printer"),
        ("Re: Printer (fwd)", "Printer"),
        ("[Fwd: Re: Printer]", "Printer"),
        ("Re:", ""),
        ("", ""),
        ("Re: : [", ": ["),
        ("a ]b[ Case 1", "a ]b[ Case 1"),
        ("Regarding: x", "Regarding: x"),
    ] {
        assert_eq!(base(subject, "Case"), expected, "{subject}");
    }
    assert_eq!(without_reply_prefixes("Re: AW: Fwd: Re: x"), "Fwd: Re: x");
}

#[test]
fn subjects_that_share_a_word_that_means_something_are_related() {
    for (new, old) in [
        ("Re: Printer on fire", "Printer on fire"),
        ("The printer again", "Label printer prints blank pages"),
        ("Re: invoices", "Invoice 4711"),
        ("4711 paid twice", "Invoice 4711"),
        ("Druckerproblem gelöst", "Der Drucker brennt"),
        ("Etikettendrucker", "Drucker"),
        ("Rechnung", "RECHNUNGEN für März"),
        ("Вопрос о счёте", "Счёт за март"),
        ("プリンターの故障", "ラベルプリンターが動きません"),
        ("打印机还是坏的", "打印机无法打印"),
        ("프린터 고장", "라벨 프린터"),
        ("Ｐrinter", "printer"),
        ("Cafe machine", "Café"),
        ("[EXTERNAL] Re: Printer", "[Case 10482] Printer"),
        ("Case 10482", "Printer on fire"),
        ("Re: case no. 10482: any news?", "Printer on fire"),
        ("AW: Case #10482 - Nachfrage", "Der Drucker brennt"),
        ("#10482", "Printer on fire"),
    ] {
        assert!(!is_unrelated(new, old, "Case"), "{new} / {old}");
    }
}

#[test]
fn subjects_without_a_common_word_are_not() {
    for (new, old) in [
        ("Vacation plans", "Printer on fire"),
        ("Re: Question about my invoice", "Question about the printer"),
        ("Re: [Case 10482] New order", "[Case 10482] Broken scanner"),
        ("Neue Bestellung: 20 Rollen", "Der Drucker brennt"),
        ("AW: Kündigung des Vertrags", "Etiketten sind leer"),
        ("Order 4712", "Invoice 4711"),
        ("[EXTERNAL] Vacation plans", "[EXTERNAL] Printer on fire"),
        ("Case 10482: vacation plans", "[Case 10482] Printer on fire"),
        ("Новый заказ", "Принтер не работает"),
        ("請求書について", "プリンターの故障"),
        ("发票", "打印机无法打印"),
    ] {
        assert!(is_unrelated(new, old, "Case"), "{new} / {old}");
    }
}

#[test]
fn what_says_nothing_is_no_other_matter() {
    for nothing in [
        "",
        "Re:",
        "Re: Re: AW:",
        "(no subject)",
        "Re: (kein Betreff)",
        "(sans objet)",
        "(sin asunto)",
        "(nessun oggetto)",
        "(geen onderwerp)",
        "(brak tematu)",
        "(без темы)",
        "(无主题)",
        "（件名なし）",
        "Hello",
        "Thank you!",
        "Urgent question",
        "Case 10482",
        "?",
        "...",
    ] {
        assert!(!is_unrelated(nothing, "Printer on fire", "Case"), "{nothing}");
        assert!(!is_unrelated("Printer on fire", nothing, "Case"), "{nothing}");
    }
}

#[test]
fn marks_of_answering() {
    assert!(is_handed_on("re: undeliverable"));
    assert!(is_handed_on("fwd[2]: x"));
    assert!(is_handed_on("[external] [case 7] aw: x"));
    assert!(!is_handed_on("returned mail: see transcript"));
    assert!(!is_handed_on("rejected: x"));
}

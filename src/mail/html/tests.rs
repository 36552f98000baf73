use super::*;

fn text(html: &str) -> String {
    to_text(html)
}

#[test]
fn lines_and_blocks() {
    assert_eq!(text("<p>One</p><p>Two<br>three</p>"), "One\n\nTwo\nthree");
    assert_eq!(text("<div>a</div><div><br></div><div>b  \n c</div>"), "a\n\nb c");
    assert_eq!(text("<ul><li>x<li>y</ul>z"), "- x\n- y\nz");
    assert_eq!(text("<table><tr><td>a<td>b<tr><td>c</table>"), "a b\nc");
    assert_eq!(text("<pre>a\n  b</pre>"), "a\n  b");
    assert_eq!(text("a&nbsp;&amp;&nbsp;b &euro;"), "a & b €");
}

#[test]
fn quotations_are_marked() {
    assert_eq!(
        text("Yes<blockquote>Is it?<br><br>Bob<blockquote>no</blockquote></blockquote>Anna"),
        "Yes\n> Is it?\n>\n> Bob\n>> no\nAnna"
    );
}

#[test]
fn scripts_and_styles_never_show() {
    assert_eq!(text("<title>t</title><style>p{}</style>a<script>if(1<2)'</p>'</script>b"), "ab");
    assert_eq!(text("a<style>b"), "a");
    assert_eq!(text("<style/>a</style>b<!-- c -->"), "b");
    assert_eq!(text("<svg><style/></svg>b"), "b");
}

#[test]
fn what_never_ends_swallows_no_mail() {
    assert_eq!(text("<title>Invoice</head><body><p>The pump is loud."), "The pump is loud.");
    assert_eq!(text("<style/>p{color:red}</head><body><p>The pump is loud.</p></body>"), "The pump is loud.");
    assert_eq!(text("<title>A <b> title</title><p>The pump is loud."), "The pump is loud.");
    assert_eq!(text("<style>p{}</style><title>t</title>a<script>if(1<2)'<p>no</p>'"), "a");
}

#[test]
fn links_keep_their_target() {
    assert_eq!(text("<a href='https://x.org/a'>here</a>!"), "here <https://x.org/a>!");
    assert_eq!(text("<a href='https://x.org/'>x.org</a> <a href='mailto:a@x.org'>a@x.org</a>"), "x.org a@x.org");
    assert_eq!(text("<a href='javascript:x()'>here</a>"), "here");
    assert_eq!(
        text("x&nbsp;&nbsp;<a href=https://x.example><div>über uns</div></a>"),
        "x\nüber uns <https://x.example>"
    );
    assert_eq!(text("<a href='HTTPS://x.org/a\n b'>here</a>"), "here <HTTPS://x.org/a b>");
    assert_eq!(
        text("<a href='tel:+49-30-123456'>030 123456</a> <a href='tel:+1555'>call</a>"),
        "030 123456 call <tel:+1555>"
    );
    assert_eq!(text("<a href='https://x.org/pay'><img alt='Pay'></a>"), "[Pay] <https://x.org/pay>");
}

#[test]
fn stays_linear_whatever_comes() {
    let many = 100_000;
    text(&"<blockquote>".repeat(many));
    text(&"<div><a href='http://a'>".repeat(many));
    text(&format!("<p {}", (0..many).map(|n| format!("a{n} ")).collect::<String>()));
    text(&"<".repeat(many));
    text(&"&".repeat(many));
}

#[test]
fn hidden_text_is_dropped() {
    for hidden in [
        "<div style='display:none'>no</div>",
        "<div style='DISPLAY : none !important'>no</div>",
        "<div style='max-height:0;overflow:hidden'>no</div>",
        "<span style='font-size:0px'>no</span>",
        "<span style='opacity: 0.0'>no</span>",
        "<p style='visibility:hidden'>no<p>",
        "<div hidden>no</div>",
        "<div style='color:#FFF; background-color: #ffffff'>no</div>",
        "<font style='color:white;background:#fff'>no</font>",
        "<div style='position:absolute;left:-9999px'>no</div>",
        "<span style='color:transparent'>no</span>",
        "<div style='color:#fff;background:white'><p style='color:inherit;background:transparent'>no</p></div>",
        "<font color=#FFFFFF style='background:#fff'>no</font>",
        "<head><title>no</title></head>",
        "<xml><w:View>no</w:View></xml>",
    ] {
        assert_eq!(text(&format!("{hidden}<div>yes</div>")), "yes", "{hidden}");
    }
    for shown in [
        "<div style='font-size:0.9em'>yes</div>",
        "<td style='font-size:0'><div style='font-size:13px'>yes</div></td>",
        "<div style='opacity:0.5;color:#fff'>yes</div>",
        "<a style='mso-hide:all'>yes</a>",
        "<div style='color: inherit; background-color: inherit;'>yes</div>",
        "<div style='color: initial; background: initial'>yes</div>",
        "<div style='color: currentColor; background: currentColor'>yes</div>",
        "<table bgcolor=#ffffff style='color:#ffffff'><td bgcolor=#003366>yes",
        "<div style='color:#fff;background:#fff'><span style='color:black'>yes</span></div>",
        "<div style='color:transparent'><font color=black>yes</font></div>",
    ] {
        assert_eq!(text(&format!("{shown}<p>yes</p>")).replace('\n', ""), "yesyes", "{shown}");
        assert_eq!(text(shown), "yes", "{shown}");
    }
    // Where nothing else is there, what is hidden shows.
    assert_eq!(text("<div style='display:none'>yes</div>"), "yes");
}

#[test]
fn lists_tables_and_pictures() {
    assert_eq!(text("<ol start=3><li>a<ul><li>b</ul><li>c</ol>"), "3. a\n  - b\n4. c");
    assert_eq!(text("<table><tr><th>a<th>b<tr><td><p>c</p><td>d</table>e"), "a | b\nc | d\ne");
    let word = "<td style='border:solid windowtext 1.0pt'><p class=MsoNormal>";
    assert_eq!(
        text(&format!("<table><tr>{word}Part</p>{word}Pieces</p><tr>{word}Pump</p>{word}2</p></table>")),
        "Part | Pieces\nPump | 2"
    );
    assert_eq!(
        text("<table border=1><tr><td>Dear Anna,<br>thank you.<p>Bob</table>z"),
        "Dear Anna,\nthank you.\nBob\nz"
    );
    assert_eq!(text("<img alt='A red pump'><img alt=logo.png><img alt=logo>"), "[A red pump]");
    assert_eq!(text("a<img alt='😀'>b"), "a😀b");
}

#[test]
fn lines_are_marked() {
    let marks = |html: &str| render(html).marks;
    assert_eq!(
        marks("a<div class='gmail_signature'>b</div><div class=gmail_quote>c<blockquote>d</blockquote></div>e"),
        [Mark::Text, Mark::Signature, Mark::Quote, Mark::Quote, Mark::Text]
    );
    assert_eq!(marks("<div class=quote><p>2 pumps, 300 EUR each</p></div>"), [Mark::Text]);
    assert_eq!(marks("a<hr><div id=x_divRplyFwdMsg>b</div>c"), [Mark::Text, Mark::Appended, Mark::Appended]);
    assert_eq!(text("a<blockquote class=gmail_quote style='margin:0 0 0 40px;border:none'>b</blockquote>"), "a\nb");
    for bar in ["border-right:medium none", "border-right-width:0", "border-left:0px solid"] {
        let html = format!("a<blockquote style='margin:0 0 0 40px;border:none;{bar}'>b</blockquote>");
        assert_eq!(text(&html), "a\nb", "{bar}");
    }
    assert_eq!(text("a<blockquote class=gmail_quote>b</blockquote>"), "a\nb");
    assert_eq!(text("<div class=gmail_quote>a<blockquote class=gmail_quote>b</blockquote></div>"), "a\n> b");
}

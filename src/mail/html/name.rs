//! The names of elements and attributes that mean something to a reader.

/// A name, as 64 bits that are compared at once (FNV-1a). Who makes up a name with the bits of another gains its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name(u64);

impl Name {
    /// Of a name in lower case.
    pub const fn of(name: &[u8]) -> Name {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut at = 0;
        while at < name.len() {
            hash = (hash ^ name[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        Name(hash)
    }

    /// One of so many numbers, the same for the same name.
    pub fn slot(self, slots: usize) -> usize {
        let Name(hash) = self;
        (hash >> 32) as usize % slots
    }
}

/// Elements, and attributes.
impl Name {
    pub const A: Name = Name::of(b"a");
    pub const ADDRESS: Name = Name::of(b"address");
    pub const ALT: Name = Name::of(b"alt");
    pub const AREA: Name = Name::of(b"area");
    pub const ARTICLE: Name = Name::of(b"article");
    pub const ASIDE: Name = Name::of(b"aside");
    pub const B: Name = Name::of(b"b");
    pub const BASE: Name = Name::of(b"base");
    pub const BGCOLOR: Name = Name::of(b"bgcolor");
    pub const BIG: Name = Name::of(b"big");
    pub const BLOCKQUOTE: Name = Name::of(b"blockquote");
    pub const BODY: Name = Name::of(b"body");
    pub const BORDER: Name = Name::of(b"border");
    pub const BR: Name = Name::of(b"br");
    pub const CAPTION: Name = Name::of(b"caption");
    pub const CENTER: Name = Name::of(b"center");
    pub const CLASS: Name = Name::of(b"class");
    pub const CODE: Name = Name::of(b"code");
    pub const COL: Name = Name::of(b"col");
    pub const COLOR: Name = Name::of(b"color");
    pub const DATA_MARKER: Name = Name::of(b"data-marker");
    pub const DATA_SMARTMAIL: Name = Name::of(b"data-smartmail");
    pub const DATALIST: Name = Name::of(b"datalist");
    pub const DD: Name = Name::of(b"dd");
    pub const DIV: Name = Name::of(b"div");
    pub const DL: Name = Name::of(b"dl");
    pub const DT: Name = Name::of(b"dt");
    pub const EM: Name = Name::of(b"em");
    pub const EMBED: Name = Name::of(b"embed");
    pub const FAIREMAIL: Name = Name::of(b"fairemail");
    pub const FIELDSET: Name = Name::of(b"fieldset");
    pub const FIGURE: Name = Name::of(b"figure");
    pub const FONT: Name = Name::of(b"font");
    pub const FOOTER: Name = Name::of(b"footer");
    pub const FORM: Name = Name::of(b"form");
    pub const H1: Name = Name::of(b"h1");
    pub const H2: Name = Name::of(b"h2");
    pub const H3: Name = Name::of(b"h3");
    pub const H4: Name = Name::of(b"h4");
    pub const H5: Name = Name::of(b"h5");
    pub const H6: Name = Name::of(b"h6");
    pub const HEAD: Name = Name::of(b"head");
    pub const HEADER: Name = Name::of(b"header");
    pub const HEIGHT: Name = Name::of(b"height");
    pub const HIDDEN: Name = Name::of(b"hidden");
    pub const HR: Name = Name::of(b"hr");
    pub const HREF: Name = Name::of(b"href");
    pub const HTML: Name = Name::of(b"html");
    pub const I: Name = Name::of(b"i");
    pub const ID: Name = Name::of(b"id");
    pub const IFRAME: Name = Name::of(b"iframe");
    pub const IMG: Name = Name::of(b"img");
    pub const INPUT: Name = Name::of(b"input");
    pub const LABEL: Name = Name::of(b"label");
    pub const LI: Name = Name::of(b"li");
    pub const LINK: Name = Name::of(b"link");
    pub const LISTING: Name = Name::of(b"listing");
    pub const MAIN: Name = Name::of(b"main");
    pub const MATH: Name = Name::of(b"math");
    pub const META: Name = Name::of(b"meta");
    pub const NAME: Name = Name::of(b"name");
    pub const NAV: Name = Name::of(b"nav");
    pub const NOFRAMES: Name = Name::of(b"noframes");
    pub const OBJECT: Name = Name::of(b"object");
    pub const OL: Name = Name::of(b"ol");
    pub const OPTION: Name = Name::of(b"option");
    pub const P: Name = Name::of(b"p");
    pub const PARAM: Name = Name::of(b"param");
    pub const PRE: Name = Name::of(b"pre");
    pub const S: Name = Name::of(b"s");
    pub const SCRIPT: Name = Name::of(b"script");
    pub const SECTION: Name = Name::of(b"section");
    pub const SMALL: Name = Name::of(b"small");
    pub const SOURCE: Name = Name::of(b"source");
    pub const SPAN: Name = Name::of(b"span");
    pub const START: Name = Name::of(b"start");
    pub const STRIKE: Name = Name::of(b"strike");
    pub const STRONG: Name = Name::of(b"strong");
    pub const STYLE: Name = Name::of(b"style");
    pub const SUB: Name = Name::of(b"sub");
    pub const SUP: Name = Name::of(b"sup");
    pub const SVG: Name = Name::of(b"svg");
    pub const TABLE: Name = Name::of(b"table");
    pub const TBODY: Name = Name::of(b"tbody");
    pub const TD: Name = Name::of(b"td");
    pub const TEMPLATE: Name = Name::of(b"template");
    pub const TEXTAREA: Name = Name::of(b"textarea");
    pub const TFOOT: Name = Name::of(b"tfoot");
    pub const TH: Name = Name::of(b"th");
    pub const THEAD: Name = Name::of(b"thead");
    pub const TITLE: Name = Name::of(b"title");
    pub const TR: Name = Name::of(b"tr");
    pub const TRACK: Name = Name::of(b"track");
    pub const TT: Name = Name::of(b"tt");
    pub const TYPE: Name = Name::of(b"type");
    pub const U: Name = Name::of(b"u");
    pub const UL: Name = Name::of(b"ul");
    pub const WBR: Name = Name::of(b"wbr");
    pub const WIDTH: Name = Name::of(b"width");
    pub const XML: Name = Name::of(b"xml");
    pub const XMP: Name = Name::of(b"xmp");
    /// Word's own paragraph.
    pub const OFFICE_PARAGRAPH: Name = Name::of(b"o:p");
}

impl Name {
    /// Elements within a line.
    pub fn is_inline(self) -> bool {
        matches!(
            self,
            Name::A
                | Name::B
                | Name::I
                | Name::U
                | Name::S
                | Name::EM
                | Name::STRONG
                | Name::FONT
                | Name::SPAN
                | Name::SMALL
                | Name::BIG
                | Name::SUB
                | Name::SUP
                | Name::TT
                | Name::STRIKE
                | Name::CODE
                | Name::LABEL
                | Name::OFFICE_PARAGRAPH
        )
    }

    /// Tables and what they are made of.
    pub fn is_of_table(self) -> bool {
        matches!(self, Name::TABLE | Name::TBODY | Name::THEAD | Name::TFOOT | Name::TR | Name::TD | Name::TH)
    }

    /// Elements of which what is around them is not closed from within.
    pub fn is_scope(self) -> bool {
        matches!(self, Name::TABLE | Name::TD | Name::TH | Name::HTML | Name::OBJECT | Name::CAPTION)
    }

    /// Elements without content and without end tag, or around everything.
    pub fn is_void(self) -> bool {
        matches!(
            self,
            Name::AREA
                | Name::BASE
                | Name::BR
                | Name::COL
                | Name::EMBED
                | Name::HR
                | Name::IMG
                | Name::INPUT
                | Name::LINK
                | Name::META
                | Name::PARAM
                | Name::SOURCE
                | Name::TRACK
                | Name::WBR
                | Name::HTML
                | Name::BODY
                | Name::HEAD
        )
    }

    /// Elements that make lines.
    pub fn is_block(self) -> bool {
        matches!(
            self,
            Name::BR
                | Name::P
                | Name::DIV
                | Name::TABLE
                | Name::TR
                | Name::TD
                | Name::LI
                | Name::PRE
                | Name::HTML
                | Name::BODY
                | Name::BLOCKQUOTE
                | Name::CENTER
                | Name::H1
        )
    }

    /// Elements that stand on lines of their own, without a blank line around them.
    pub fn is_line(self) -> bool {
        matches!(
            self,
            Name::DIV
                | Name::DT
                | Name::DD
                | Name::HR
                | Name::SECTION
                | Name::ARTICLE
                | Name::HEADER
                | Name::FOOTER
                | Name::ADDRESS
                | Name::CENTER
                | Name::FORM
                | Name::BODY
                | Name::UL
                | Name::OL
                | Name::DL
                | Name::TABLE
                | Name::PRE
                | Name::LI
                | Name::BLOCKQUOTE
                | Name::MAIN
                | Name::NAV
                | Name::ASIDE
                | Name::FIGURE
                | Name::FIELDSET
                | Name::OPTION
                | Name::CAPTION
                | Name::LISTING
        )
    }

    /// Attributes that somebody reads.
    pub fn is_read(self) -> bool {
        matches!(
            self,
            Name::ALT
                | Name::BGCOLOR
                | Name::BORDER
                | Name::CLASS
                | Name::COLOR
                | Name::DATA_MARKER
                | Name::DATA_SMARTMAIL
                | Name::FAIREMAIL
                | Name::HEIGHT
                | Name::HIDDEN
                | Name::HREF
                | Name::ID
                | Name::NAME
                | Name::START
                | Name::STYLE
                | Name::TYPE
                | Name::WIDTH
        )
    }
}

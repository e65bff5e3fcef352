//! Text of an SVG 1.1 document, made by hand: elements, attributes and escaped text.

use std::fmt::Write as _;

/// A document under construction.
pub(super) struct Svg(String);

/// Text that XML can hold: the five signs as entities, what XML 1.0 (2.2) has no place for as U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
                out.push('\u{FFFD}')
            }
            // Signs that turn the direction of what follows could make a name read as another one.
            '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                out.push('\u{FFFD}')
            }
            other => out.push(other),
        }
    }
    out
}

impl Svg {
    /// A picture of this size in user units, with a title and a description for those who cannot see it.
    pub(super) fn new(width: u32, height: u32, title: &str, description: &str) -> Self {
        let (title, description) = (escape(title), escape(description));
        Self(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"title desc\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"desc\">{description}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        ))
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.0.write_fmt(text);
    }

    /// Words; `anchor` is start, middle or end.
    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escape(text);
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"));
    }

    /// A filled rectangle that says what it is.
    pub(super) fn bar(&mut self, [x, y, width, height]: [f64; 4], fill: &str, title: &str) {
        let title = escape(title);
        self.add(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.1}\" fill=\"{fill}\" \
             stroke=\"#333333\" stroke-width=\"0.3\"><title>{title}</title></rect>\n"
        ));
    }

    /// A ring around a centre.
    pub(super) fn ring(&mut self, [x, y]: [f64; 2], inner: f64, outer: f64, fill: &str, title: &str) {
        let (radius, width, title) = (f64::midpoint(inner, outer), (outer - inner).max(0.4), escape(title));
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.2}\" fill=\"none\" stroke=\"{fill}\" \
             stroke-width=\"{width:.2}\"><title>{title}</title></circle>\n"
        ));
    }

    /// A line through points.
    pub(super) fn curve(&mut self, points: &[[f64; 2]], stroke: &str) {
        self.0.push_str("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"");
        self.0.push_str(stroke);
        self.0.push_str("\" points=\"");
        for [x, y] in points {
            self.add(format_args!("{x:.1},{y:.1} "));
        }
        self.0.push_str("\"/>\n");
    }

    /// The whole document.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

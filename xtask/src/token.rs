//! A Rust tokenizer just good enough to tell code from comments, strings and character literals.

/// A piece of Rust source that matters to a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Identifier or keyword; raw identifiers come without `r#`.
    Ident(String),
    /// One punctuation character.
    Punct(char),
    /// String, character or number literal; a lifetime too.
    Literal,
}

/// A token and the line (from 1) it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is_ident(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Ident(name) if name == word)
    }

    pub(crate) fn is_punct(&self, mark: char) -> bool {
        self.kind == Kind::Punct(mark)
    }
}

/// Splits `source` into tokens. Comments and white space vanish; unfinished literals end with the text.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    Lexer { rest: source.chars().collect(), at: 0, line: 1 }.run()
}

struct Lexer {
    rest: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at.checked_add(ahead)?).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn run(mut self) -> Vec<Token> {
        let mut out = Vec::new();
        while let Some(c) = self.peek(0) {
            let line = self.line;
            let kind = if c.is_whitespace() {
                self.bump();
                continue;
            } else if c == '/' && self.peek(1) == Some('/') {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.bump();
                }
                continue;
            } else if c == '/' && self.peek(1) == Some('*') {
                self.block_comment();
                continue;
            } else if c == '"' {
                self.quoted('"');
                Kind::Literal
            } else if c == '\'' {
                self.character_or_lifetime();
                Kind::Literal
            } else if c.is_ascii_digit() {
                self.number();
                Kind::Literal
            } else if c == '_' || c.is_alphabetic() {
                self.word()
            } else {
                self.bump();
                Kind::Punct(c)
            };
            out.push(Token { kind, line });
        }
        out
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        while let Some(c) = self.bump() {
            match (c, self.peek(0)) {
                ('/', Some('*')) => {
                    self.bump();
                    depth += 1;
                }
                ('*', Some('/')) => {
                    self.bump();
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn quoted(&mut self, end: char) {
        self.bump();
        while let Some(c) = self.bump() {
            if c == '\\' {
                self.bump();
            } else if c == end {
                return;
            }
        }
    }

    /// `'a'`, `'\n'` are literals, `'a` is a lifetime: told apart by the closing quote.
    fn character_or_lifetime(&mut self) {
        if self.peek(1) == Some('\\') || self.peek(2) == Some('\'') {
            self.quoted('\'');
            return;
        }
        self.bump();
        while self.peek(0).is_some_and(|c| c == '_' || c.is_alphanumeric()) {
            self.bump();
        }
    }

    fn number(&mut self) {
        while let Some(c) = self.peek(0) {
            let fraction = c == '.' && self.peek(1).is_some_and(|d| d.is_ascii_digit());
            if !(fraction || c == '_' || c.is_alphanumeric()) {
                return;
            }
            self.bump();
        }
    }

    /// An identifier, or the prefix of a string (`b"`, `c"`, `r#"`, `br"`) or byte (`b'`).
    fn word(&mut self) -> Kind {
        let mut word = String::new();
        while let Some(c) = self.peek(0).filter(|c| *c == '_' || c.is_alphanumeric()) {
            word.push(c);
            self.bump();
        }
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        match self.peek(0) {
            Some('"') if raw => self.raw_string(0),
            Some('"') if matches!(word.as_str(), "b" | "c") => self.quoted('"'),
            Some('\'') if word == "b" => self.quoted('\''),
            Some('#') if raw => {
                let mut hashes = 0usize;
                while self.peek(hashes) == Some('#') {
                    hashes += 1;
                }
                if self.peek(hashes) != Some('"') {
                    // `r#name`: the raw identifier is the name itself.
                    self.bump();
                    return self.word();
                }
                for _ in 0..hashes {
                    self.bump();
                }
                self.raw_string(hashes);
            }
            _ => return Kind::Ident(word),
        }
        Kind::Literal
    }

    fn raw_string(&mut self, hashes: usize) {
        self.bump();
        while let Some(c) = self.bump() {
            if c == '"' && (0..hashes).all(|i| self.peek(i) == Some('#')) {
                for _ in 0..hashes {
                    self.bump();
                }
                return;
            }
        }
    }
}

/// For each token, whether it stands inside an item that only tests compile (`#[cfg(test)]`, `#[test]`).
pub(crate) fn test_only(tokens: &[Token]) -> Vec<bool> {
    let mut out = vec![false; tokens.len()];
    let mut i = 0;
    while i < tokens.len() {
        match test_attribute(tokens, i) {
            Some(after) => {
                let end = item_end(tokens, after);
                out[i..end].fill(true);
                i = end;
            }
            None => i += 1,
        }
    }
    out
}

/// If an attribute that means "tests only" starts at `i`, the index behind it.
fn test_attribute(tokens: &[Token], i: usize) -> Option<usize> {
    if !(tokens.get(i)?.is_punct('#') && tokens.get(i + 1)?.is_punct('[')) {
        return None;
    }
    let end = closing(tokens, i + 1, '[', ']');
    let inner = tokens.get(i + 2..end.checked_sub(1)?)?;
    let first = inner.first()?;
    let conditional = first.is_ident("cfg")
        && inner.iter().any(|t| t.is_ident("test"))
        && !inner.iter().any(|t| t.is_ident("not"));
    let test = inner.len() == 1 && first.is_ident("test");
    (conditional || test).then_some(end)
}

/// Index behind the item that starts at `i`: its further attributes, then up to `;` or the end of its block.
fn item_end(tokens: &[Token], mut i: usize) -> usize {
    while i < tokens.len() {
        let token = &tokens[i];
        if token.is_punct('#') && tokens.get(i + 1).is_some_and(|t| t.is_punct('[')) {
            i = closing(tokens, i + 1, '[', ']');
        } else if token.is_punct('(') {
            i = closing(tokens, i, '(', ')');
        } else if token.is_punct('[') {
            i = closing(tokens, i, '[', ']');
        } else if token.is_punct('{') {
            return closing(tokens, i, '{', '}');
        } else if token.is_punct(';') {
            return i + 1;
        } else {
            i += 1;
        }
    }
    i
}

/// Index behind the bracket that closes the one at `i`.
fn closing(tokens: &[Token], i: usize, open: char, close: char) -> usize {
    let mut depth = 0usize;
    for (k, token) in tokens.iter().enumerate().skip(i) {
        if token.is_punct(open) {
            depth += 1;
        } else if token.is_punct(close) {
            depth -= 1;
            if depth == 0 {
                return k + 1;
            }
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idents(source: &str) -> Vec<(String, usize)> {
        tokens(source)
            .into_iter()
            .filter_map(|t| match t.kind {
                Kind::Ident(name) => Some((name, t.line)),
                _ => None,
            })
            .collect()
    }

    fn names(source: &str) -> Vec<String> {
        idents(source).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(names("// unsafe\n/* unsafe /* unsafe */ unsafe */ a"), ["a"]);
        assert_eq!(names(r#"x("unsafe \" unsafe", 'u', '\'', b'"', c"unsafe", b"unsafe") y"#), ["x", "y"]);
        assert_eq!(names("r#\"unsafe \" unsafe\"# z br##\"unsafe\"# unsafe\"## w"), ["z", "w"]);
    }

    #[test]
    fn lifetimes_do_not_swallow_code() {
        assert_eq!(
            names("fn f<'a>(x: &'a str) { 'outer: loop { unsafe_call() } }"),
            ["fn", "f", "x", "str", "loop", "unsafe_call"]
        );
    }

    #[test]
    fn raw_identifiers_and_numbers() {
        assert_eq!(names("r#unsafe 1.5e3 0x_ffu8 1..n"), ["unsafe", "n"]);
    }

    #[test]
    fn lines_count_through_multi_line_literals() {
        assert_eq!(idents("a\n\"x\ny\"\n/* \n */ b"), [("a".to_owned(), 1), ("b".to_owned(), 5)]);
    }

    #[test]
    fn test_items_are_marked() {
        let all = tokens(
            "a #[cfg(test)] #[allow(x)] mod t { fn b([u8; 2]: y) { c } } d #[cfg(not(test))] fn e() {}",
        );
        let marks = test_only(&all);
        let live: Vec<_> = all
            .iter()
            .zip(marks)
            .filter(|(_, only)| !only)
            .filter_map(|(t, _)| match &t.kind {
                Kind::Ident(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(live, ["a", "d", "cfg", "not", "test", "fn", "e"]);
    }
}

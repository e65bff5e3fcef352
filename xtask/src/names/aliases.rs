//! The documentation aliases of the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem, Type, Visibility};

/// One item that carries aliases.
struct Carrier {
    aliases: Vec<String>,
    /// Path as users write it.
    path: String,
    /// What of that path `use` takes: a type for its members, a variant, a free item.
    importable: String,
}

/// Every public item with aliases, and the table of result codes.
pub(crate) struct Aliases {
    carriers: Vec<Carrier>,
    codes: String,
}

/// Source of the result codes: lines of a macro that the parser does not see into.
const CODES: &str = "disc/src/hresult.rs";

/// How users reach a crate through the facade.
fn facade(krate: &str) -> String {
    match krate {
        "fsimage" | "iso9660" | "udf" => "imapi2fs".to_owned(),
        "burn" | "recorder" => format!("imapi2::{krate}"),
        // The facade itself: what its modules hold of their own.
        "glassmaster" => String::new(),
        other => other.to_owned(),
    }
}

impl Aliases {
    /// Reads all sources below `crates`.
    pub(crate) fn read(crates: &Path) -> Result<Self, String> {
        let mut out = Self { carriers: Vec::new(), codes: String::new() };
        let codes = crates.join(CODES);
        out.codes = fs::read_to_string(&codes).map_err(|e| format!("{}: {e}", codes.display()))?;
        let wrong = |e: std::io::Error| format!("{}: {e}", crates.display());
        for entry in fs::read_dir(crates).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let mut files = Vec::new();
            let sources = entry.path().join("src");
            crate::tidy::collect(&sources, &mut files)?;
            files.sort();
            let parse = |file: &Path| {
                let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
                syn::parse_file(&text).map_err(|e| format!("{}: {e}", file.display()))
            };
            let root = sources.join("lib.rs");
            let open = if root.is_file() { public_modules(&parse(&root)?.items) } else { BTreeSet::new() };
            for file in files {
                let inside = file.strip_prefix(&sources).ok().and_then(|f| f.iter().next());
                let module = inside.map(|f| f.to_string_lossy().trim_end_matches(".rs").to_owned());
                let at = match module.filter(|module| open.contains(module)) {
                    Some(module) => format!("{}::{module}", facade(&name)),
                    None => facade(&name),
                };
                out.items(&at, &parse(&file)?.items);
            }
        }
        out.carriers.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }

    /// Public items; what others cannot reach carries nothing.
    fn items(&mut self, at: &str, items: &[Item]) {
        for item in items {
            match item {
                Item::Struct(s) if is_public(&s.vis) => {
                    let owner = format!("{at}::{}", s.ident);
                    self.add_type(&s.attrs, &s.ident.to_string(), &owner);
                    for (n, field) in s.fields.iter().enumerate().filter(|(_, f)| is_public(&f.vis)) {
                        let ident = field.ident.as_ref().map_or_else(|| n.to_string(), ToString::to_string);
                        self.add(&field.attrs, format!("{owner}::{ident}"), &owner);
                    }
                }
                Item::Enum(e) if is_public(&e.vis) => {
                    let owner = format!("{at}::{}", e.ident);
                    self.add_type(&e.attrs, &e.ident.to_string(), &owner);
                    for variant in &e.variants {
                        let path = format!("{owner}::{}", variant.ident);
                        self.add(&variant.attrs, path.clone(), &path);
                        for field in &variant.fields {
                            if let Some(ident) = &field.ident {
                                self.add(&field.attrs, format!("{path}::{ident}"), &path);
                            }
                        }
                    }
                }
                Item::Trait(t) if is_public(&t.vis) => {
                    let owner = format!("{at}::{}", t.ident);
                    self.add_type(&t.attrs, &t.ident.to_string(), &owner);
                    for item in &t.items {
                        if let TraitItem::Fn(f) = item {
                            self.add(&f.attrs, format!("{owner}::{}", f.sig.ident), &owner);
                        }
                    }
                }
                Item::Impl(i) => self.methods(at, i),
                Item::Fn(f) if is_public(&f.vis) => self.add_free(&f.attrs, at, &f.sig.ident),
                Item::Const(c) if is_public(&c.vis) => self.add_free(&c.attrs, at, &c.ident),
                Item::Type(t) if is_public(&t.vis) => self.add_free(&t.attrs, at, &t.ident),
                Item::Macro(m) if m.mac.path.segments.last().is_some_and(|s| s.ident == "bitflags") => {
                    self.bitflags(at, m);
                }
                Item::Macro(m) if m.ident.is_none() => self.tables(at, m),
                Item::Mod(m) => {
                    if let Some((_, items)) = &m.content {
                        let inside = format!("{at}::{}", m.ident);
                        self.items(if is_public(&m.vis) { &inside } else { at }, items);
                    }
                }
                _ => {}
            }
        }
    }

    fn methods(&mut self, at: &str, i: &syn::ItemImpl) {
        let Type::Path(path) = &*i.self_ty else { return };
        let Some(name) = path.path.segments.last().map(|s| s.ident.to_string()) else { return };
        let owner = format!("{at}::{name}");
        // What a trait has is as public as the trait.
        let reached = |vis: &Visibility| i.trait_.is_some() || is_public(vis);
        for item in &i.items {
            match item {
                ImplItem::Fn(f) if reached(&f.vis) => {
                    self.add(&f.attrs, format!("{owner}::{}", f.sig.ident), &owner);
                }
                ImplItem::Const(c) if reached(&c.vis) => {
                    self.add(&c.attrs, format!("{owner}::{}", c.ident), &owner);
                }
                _ => {}
            }
        }
    }

    /// The body of `bitflags!` reads like a struct and constants; only lines of aliases and names are looked at.
    fn bitflags(&mut self, at: &str, m: &syn::ItemMacro) {
        let text = m.mac.tokens.to_string();
        let mut owner: Option<String> = None;
        let mut aliases = Vec::new();
        let bare = |word: &'_ str| word.chars().all(|c| !c.is_alphanumeric());
        let trim = |word| str::trim_matches(word, ['(', ')', '[', ']', '{', '}', '#', ',', ':', '=', ';']);
        let words: Vec<&str> = text.split_whitespace().filter(|w| !bare(w)).map(trim).collect();
        for (n, word) in words.iter().enumerate() {
            match *word {
                "alias" => {
                    let alias = words.get(n + 1).map(|w| w.trim_matches('"'));
                    aliases.extend(alias.map(str::to_owned));
                }
                "struct" | "const" => {
                    let Some(name) = words.get(n + 1) else { continue };
                    let path = match &owner {
                        Some(owner) if *word == "const" => format!("{at}::{owner}::{name}"),
                        _ => format!("{at}::{name}"),
                    };
                    let importable = match &owner {
                        Some(owner) if *word == "const" => format!("{at}::{owner}"),
                        _ => path.clone(),
                    };
                    let carrier = Carrier { aliases: std::mem::take(&mut aliases), path, importable };
                    if !carrier.aliases.is_empty() {
                        self.carriers.push(carrier);
                    }
                    if *word == "struct" {
                        owner = Some((*name).to_owned());
                    }
                }
                _ => {}
            }
        }
    }

    /// Macros of our own: what follows an alias attribute carries it, and rows of a table give an alias as text behind
    /// the name of the constant. By custom such a table makes the constants of the type it is named after: `profiles!`
    /// those of `Profile`, `page_codes!` those of `PageCode`.
    fn tables(&mut self, at: &str, m: &syn::ItemMacro) {
        let Some(name) = m.mac.path.segments.last().map(|s| s.ident.to_string()) else { return };
        if name == "codes" {
            return;
        }
        let singular = name.strip_suffix('s').unwrap_or(&name);
        let owner: String = singular.split('_').map(capitalized).collect();
        self.tokens(at, &format!("{at}::{owner}"), m.mac.tokens.clone());
    }

    fn tokens(&mut self, at: &str, table: &str, tokens: TokenStream) {
        let mut aliases: Vec<String> = Vec::new();
        let mut name = String::new();
        let mut hash = false;
        for token in tokens {
            let attribute = std::mem::replace(&mut hash, false);
            match token {
                TokenTree::Punct(p) => hash = p.as_char() == '#',
                TokenTree::Group(g) if attribute => aliases.extend(alias_of(g.stream())),
                TokenTree::Group(g) if g.delimiter() == Delimiter::Brace && !name.is_empty() => {
                    let inside = format!("{at}::{name}");
                    self.tokens(&inside, &inside, g.stream());
                }
                TokenTree::Group(_) => {}
                TokenTree::Ident(i)
                    if matches!(i.to_string().as_str(), "pub" | "struct" | "enum" | "const") => {}
                TokenTree::Ident(i) => {
                    name = i.to_string();
                    if !aliases.is_empty() {
                        let path = format!("{at}::{name}");
                        // Inside of a type its members, else types.
                        let importable = if at == table { at.to_owned() } else { path.clone() };
                        self.carriers.push(Carrier {
                            aliases: std::mem::take(&mut aliases),
                            path,
                            importable,
                        });
                    }
                }
                TokenTree::Literal(l) => {
                    let text = l.to_string();
                    let alias = text.trim_matches('"');
                    if alias.starts_with("IMAPI_") && !name.is_empty() {
                        let path = format!("{table}::{name}");
                        let carrier =
                            Carrier { aliases: vec![alias.to_owned()], path, importable: table.to_owned() };
                        self.carriers.push(carrier);
                    }
                }
            }
        }
    }

    fn add(&mut self, attributes: &[Attribute], path: String, importable: &str) {
        let aliases: Vec<String> = attributes.iter().flat_map(aliases_of).collect();
        if !aliases.is_empty() {
            let trimmed = |path: &str| path.trim_start_matches("::").to_owned();
            self.carriers.push(Carrier { aliases, path: trimmed(&path), importable: trimmed(importable) });
        }
    }

    fn add_free(&mut self, attributes: &[Attribute], at: &str, ident: &syn::Ident) {
        let path = format!("{at}::{ident}");
        self.add(attributes, path.clone(), &path);
    }

    /// A type, which needs no alias for its own name.
    fn add_type(&mut self, attributes: &[Attribute], name: &str, path: &str) {
        let mut aliases: Vec<String> = attributes.iter().flat_map(aliases_of).collect();
        aliases.push(name.to_owned());
        self.carriers.push(Carrier { aliases, path: path.to_owned(), importable: path.to_owned() });
    }

    /// What of the items at these paths `use` takes.
    pub(crate) fn importable<'a>(&self, paths: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
        let paths: BTreeSet<&String> = paths.collect();
        let mut all: BTreeSet<String> =
            self.carriers.iter().filter(|c| paths.contains(&c.path)).map(|c| c.importable.clone()).collect();
        if paths.iter().any(|p| p.starts_with("disc::HResult::")) {
            all.insert("disc::HResult".to_owned());
        }
        all
    }

    /// Items with the alias `name`.
    pub(crate) fn item(&self, name: &str) -> Vec<String> {
        let has = |c: &&Carrier| c.aliases.iter().any(|a| a == name);
        unique(self.carriers.iter().filter(has).map(|c| &c.path))
    }

    /// Items with the alias `member` that are, or stand inside, what has the alias `family`; and items with the alias
    /// `family.member`.
    pub(crate) fn member(&self, family: &str, member: &str) -> Vec<String> {
        let whole = format!("{family}.{member}");
        let families: Vec<&str> = self
            .carriers
            .iter()
            .filter(|c| c.aliases.iter().any(|a| a == family))
            .map(|c| c.path.as_str())
            .collect();
        let inside = |path: &str| {
            families.iter().any(|f| path.strip_prefix(f).is_some_and(|r| r.is_empty() || r.starts_with("::")))
        };
        let has = |c: &&Carrier| {
            c.aliases.contains(&whole) || (inside(&c.path) && c.aliases.iter().any(|a| a == member))
        };
        unique(self.carriers.iter().filter(has).map(|c| &c.path))
    }

    /// The constant of a result code, when it has that value.
    pub(crate) fn code(&self, name: &str, value: &str) -> Vec<String> {
        let quoted = format!("\"{name}\"");
        let line = self.codes.lines().find(|l| l.split_whitespace().nth(2) == Some(quoted.as_str()));
        let Some(line) = line else { return Vec::new() };
        let mut words = line.split_whitespace();
        let number = words.next().unwrap_or_default().replace('_', "");
        match words.next() {
            Some(constant) if number.eq_ignore_ascii_case(value) => {
                vec![format!("disc::HResult::{constant}")]
            }
            _ => Vec::new(),
        }
    }
}

/// Modules of a crate that users go through; what stands in others is handed out by the crate itself.
fn public_modules(items: &[Item]) -> BTreeSet<String> {
    let public = |item: &Item| match item {
        Item::Mod(m) if is_public(&m.vis) && m.content.is_none() => Some(m.ident.to_string()),
        _ => None,
    };
    items.iter().filter_map(public).collect()
}

fn capitalized(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect()
}

fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

fn unique<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<String> {
    let set: BTreeSet<&String> = paths.collect();
    set.into_iter().cloned().collect()
}

/// The `X` of `doc(alias = "X")`.
fn alias_of(attribute: TokenStream) -> Option<String> {
    let mut tokens = attribute.into_iter();
    let (Some(TokenTree::Ident(doc)), Some(TokenTree::Group(list))) = (tokens.next(), tokens.next()) else {
        return None;
    };
    let mut list = list.stream().into_iter();
    match (list.next(), list.next(), list.next()) {
        (Some(TokenTree::Ident(alias)), Some(TokenTree::Punct(_)), Some(TokenTree::Literal(text)))
            if doc == "doc" && alias == "alias" =>
        {
            Some(text.to_string().trim_matches('"').to_owned())
        }
        _ => None,
    }
}

/// `#[doc(alias = "X")]` and `#[doc(alias("X", "Y"))]`.
fn aliases_of(attribute: &Attribute) -> Vec<String> {
    let mut out = Vec::new();
    if !attribute.path().is_ident("doc") || !matches!(attribute.meta, Meta::List(_)) {
        return out;
    }
    // What is no alias, such as `hidden`, ends the reading without harm.
    let _ = attribute.parse_nested_meta(|meta| {
        if !meta.path.is_ident("alias") {
            return Ok(());
        }
        let mut keep = |expr: Expr| {
            if let Expr::Lit(lit) = expr
                && let Lit::Str(text) = lit.lit
            {
                out.push(text.value());
            }
        };
        if meta.input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in meta.input);
            let list = content.parse_terminated(|stream| stream.parse::<Expr>(), syn::Token![,])?;
            list.into_iter().for_each(&mut keep);
        } else {
            keep(meta.value()?.parse()?);
        }
        Ok(())
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_belong_to_the_type_they_stand_in() {
        let text = r#"
            #[doc(alias = "IThing")] pub struct Thing;
            impl Thing { #[doc(alias("Do", "Make"))] pub fn act(&self) {} }
            pub struct Other;
            #[doc(alias = "IEvents")] #[doc(alias = "Notify")] pub struct Event;
            pub enum Parts { #[doc(alias = "IPart")] Part { #[doc(alias = "Size")] bytes: u64 } }
            impl Other { #[doc(alias = "Undo")] pub fn back(&self) {} }
            #[doc(alias = "IThing.Free")] pub fn free() {}
            pub mod part { #[doc(alias = "MAJOR")] pub const MAJOR_VERSION: u32 = 1; }
            bitflags::bitflags! {
                #[doc(alias = "Flags")] pub struct Marks: u32 { #[doc(alias = "FlagOne")] const ONE = 1; }
            }
        "#;
        let tables = r#"
            closed_code! {
                /// Text with Words.
                #[doc(alias = "KINDS")]
                Kind { /// One.
                    #[doc(alias = "KIND_ONE")] #[default] One = 0, }
            }
            profiles! { 0x0008 CD_ROM "IMAPI_PROFILE_TYPE_CDROM" "CD-ROM" CD_ROM; }
            page_codes! { 0x03 MRW "Mount Rainier" "IMAPI_MODE_PAGE_TYPE_MRW"; 0x05 WRITE "Write"; }
            features! { #[doc(alias = "FEATURE")] Thing[4] THING 2 "IMAP" { field: bool = 0, } }
        "#;
        let codes = "    0xC0AA_0002 CANCELLED \"E_CANCELLED\" \"Text.\";\n".to_owned();
        let mut aliases = Aliases { carriers: Vec::new(), codes };
        aliases.items("room", &syn::parse_file(text).unwrap().items);
        aliases.items("room", &syn::parse_file(tables).unwrap().items);
        assert_eq!(aliases.item("MAJOR"), ["room::part::MAJOR_VERSION"]);
        assert_eq!(aliases.item("KINDS"), ["room::Kind"]);
        assert_eq!(aliases.item("KIND_ONE"), ["room::Kind::One"]);
        assert_eq!(aliases.item("IMAPI_PROFILE_TYPE_CDROM"), ["room::Profile::CD_ROM"]);
        assert_eq!(aliases.item("IMAPI_MODE_PAGE_TYPE_MRW"), ["room::PageCode::MRW"]);
        assert_eq!(aliases.item("FEATURE"), ["room::Thing"]);
        assert_eq!(aliases.item("IThing"), ["room::Thing"]);
        assert_eq!(aliases.item("Other"), ["room::Other"]);
        assert_eq!(aliases.member("IEvents", "Notify"), ["room::Event"]);
        assert_eq!(aliases.member("IPart", "Size"), ["room::Parts::Part::bytes"]);
        assert_eq!(aliases.member("IThing", "Do"), ["room::Thing::act"]);
        assert_eq!(aliases.member("IThing", "Make"), ["room::Thing::act"]);
        assert!(aliases.member("IThing", "Undo").is_empty());
        assert_eq!(aliases.member("IThing", "Free"), ["room::free"]);
        assert_eq!(aliases.member("Flags", "FlagOne"), ["room::Marks::ONE"]);
        assert_eq!(aliases.code("E_CANCELLED", "0xC0AA0002"), ["disc::HResult::CANCELLED"]);
        assert!(aliases.code("E_CANCELLED", "0xC0AA0003").is_empty());
    }

    #[test]
    fn what_others_cannot_reach_carries_nothing() {
        let text = r#"
            #[doc(alias = "IThing")] pub struct Thing { #[doc(alias = "Inner")] inner: u8, #[doc(alias = "Size")] pub size: u8 }
            impl Thing { #[doc(alias = "Do")] pub(crate) fn act(&self) {} #[doc(alias = "Be")] pub const BE: u8 = 1; }
            impl Clone for Thing { #[doc(alias = "Copy")] fn clone(&self) -> Self { loop {} } }
            #[doc(alias = "IHidden")] pub(super) struct Hidden;
            pub enum Parts { #[doc(alias = "One")] One }
        "#;
        let mut aliases = Aliases { carriers: Vec::new(), codes: String::new() };
        aliases.items("room", &syn::parse_file(text).unwrap().items);
        for hidden in ["Inner", "Do"] {
            assert!(aliases.member("IThing", hidden).is_empty(), "{hidden}");
        }
        assert!(aliases.item("IHidden").is_empty());
        let paths: Vec<_> = ["Size", "Be", "Copy"].iter().flat_map(|n| aliases.member("IThing", n)).collect();
        assert_eq!(paths, ["room::Thing::size", "room::Thing::BE", "room::Thing::clone"]);
        let all = aliases.importable(paths.iter().chain(&aliases.item("One")));
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["room::Parts::One", "room::Thing"]);
    }
}

//! The names of a library and the items that carry them.

use super::aliases::Aliases;

/// What a name stands for; sections of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Section {
    Objects,
    Members,
    Values,
    Constants,
    Codes,
}

impl Section {
    pub(crate) const ALL: [Self; 5] =
        [Self::Objects, Self::Members, Self::Values, Self::Constants, Self::Codes];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Objects => "Objects",
            Self::Members => "Interfaces and events",
            Self::Values => "Enumerations",
            Self::Constants => "Constants",
            Self::Codes => "Result codes",
        }
    }
}

/// A list: names with the section they stand in and, for codes, their value.
pub(crate) struct Library(Vec<(Section, String, Option<String>)>);

/// A name and where it is.
pub(crate) struct Row {
    pub(crate) section: Section,
    pub(crate) name: String,
    pub(crate) items: Vec<String>,
}

impl Library {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut section = None;
        let mut names = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with('[') {
                section = Some(match line {
                    "[objects]" => Section::Objects,
                    "[members]" => Section::Members,
                    "[values]" => Section::Values,
                    "[constants]" => Section::Constants,
                    "[codes]" => Section::Codes,
                    other => return Err(format!("line {number}: no section is called {other}")),
                });
                continue;
            }
            let section = section.ok_or_else(|| format!("line {number}: a name before any section"))?;
            let (name, value) = match line.split_once(' ') {
                Some((name, value)) => (name, Some(value.trim().to_owned())),
                None => (line, None),
            };
            names.push((section, name.to_owned(), value));
        }
        Ok(Self(names))
    }

    pub(crate) fn resolve(&self, aliases: &Aliases) -> Vec<Row> {
        let row = |(section, name, value): &(Section, String, Option<String>)| {
            let items = match (section, name.split_once('.')) {
                (Section::Members | Section::Values, Some((family, member))) => {
                    aliases.member(family, member)
                }
                (Section::Codes, _) => aliases.code(name, value.as_deref().unwrap_or_default()),
                _ => aliases.item(name),
            };
            Row { section: *section, name: name.clone(), items }
        };
        self.0.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_sections() {
        let library = Library::parse("# why\n[members]\nIThing.Do\n[codes]\nE_X 0x80000000\n").unwrap();
        assert_eq!(library.0[0], (Section::Members, "IThing.Do".into(), None));
        assert_eq!(library.0[1], (Section::Codes, "E_X".into(), Some("0x80000000".into())));
        assert!(Library::parse("IThing.Do\n").is_err());
        assert!(Library::parse("[things]\n").is_err());
    }
}

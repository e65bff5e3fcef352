//! Names and paths of the contract (section 7).

use glassmaster_disc::HResult;
use glassmaster_tree::Tree;

use crate::code::Failure;
use crate::error::Error;

/// Longest name in UTF-16 units.
const LONGEST: usize = 255;

/// Rules for names and paths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rules {
    /// The contract's; without it every name is taken that a POSIX directory can hold.
    pub(super) compat: bool,
    /// Only code points 32 to 127 in new names.
    pub(super) restricted: bool,
}

pub(super) fn invalid_path(path: &str) -> Error {
    Failure::new(HResult::INVALID_PATH).with(path).into()
}

pub(super) fn invalid_param(name: &'static str) -> Error {
    Failure::new(HResult::INVALID_PARAM).with(name).into()
}

fn illegal(c: char) -> bool {
    u32::from(c) < 0x20 || matches!(c, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|')
}

impl Rules {
    /// What stands between the components of paths that are given back.
    pub(super) fn separator(self) -> char {
        if self.compat { '\\' } else { '/' }
    }

    fn is_separator(self, c: char) -> bool {
        c == '/' || (self.compat && c == '\\')
    }

    /// Whether one component may be called so.
    pub(super) fn is_name(self, name: &[u8]) -> bool {
        if name.is_empty() || name == b"." || name == b".." {
            return false;
        }
        if !self.compat {
            return name.len() <= LONGEST && !name.contains(&b'/') && !name.contains(&0);
        }
        let Ok(text) = std::str::from_utf8(name) else { return false };
        !text.chars().any(illegal)
            && !text.ends_with(['.', ' '])
            && (name.len() <= LONGEST || text.encode_utf16().count() <= LONGEST)
    }

    /// Whether a new component keeps to the restricted set while that is asked for.
    pub(super) fn is_in_set(self, name: &[u8]) -> bool {
        !self.restricted || name.iter().all(|b| (32..=127).contains(b))
    }

    /// Refuses a new name outside the restricted set.
    pub(super) fn check_set(self, name: &[u8]) -> Result<(), Error> {
        if self.is_in_set(name) {
            return Ok(());
        }
        let name = String::from_utf8_lossy(name);
        Err(Failure::new(HResult::RESTRICTED_NAME_VIOLATION).with(name).into())
    }

    /// A new name of an item that is in no directory yet.
    pub(super) fn check_new(self, name: &str, parameter: &'static str) -> Result<(), Error> {
        if !self.is_name(name.as_bytes()) {
            return Err(invalid_param(parameter));
        }
        self.check_set(name.as_bytes())
    }

    /// The components of a path that is relative to a directory; the root takes absolute ones as well. No components
    /// for the root itself.
    pub(super) fn split(self, path: &str, of_root: bool) -> Result<Vec<&str>, Error> {
        let absolute = path.starts_with(|c| self.is_separator(c));
        if path.is_empty() || (absolute && !of_root) {
            return Err(invalid_path(path));
        }
        let rest = if absolute { &path[1..] } else { path };
        if rest.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<_> = rest.split(|c| self.is_separator(c)).collect();
        if parts.iter().all(|p| self.is_name(p.as_bytes())) { Ok(parts) } else { Err(invalid_path(path)) }
    }

    /// Whether a path begins at the root.
    pub(super) fn is_absolute(self, path: &str) -> bool {
        path.starts_with(|c| self.is_separator(c))
    }

    /// A path of the editable tree as it is given back.
    pub(super) fn shown(self, path: &str) -> String {
        if self.compat { path.replace('/', "\\") } else { path.to_owned() }
    }

    /// Looks at every name of a tree that is to be added; the first that breaks a rule is the error.
    pub(super) fn check_tree(self, tree: &Tree) -> Result<(), Error> {
        for node in tree.nodes().skip(1) {
            if !self.is_name(node.name()) {
                return Err(invalid_path(&tree.path(node.id())));
            }
            self.check_set(node.name())?;
            for stream in node.streams() {
                if !self.is_name(stream.name) {
                    return Err(invalid_path(&tree.data_path(stream.data)));
                }
                self.check_set(stream.name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPAT: Rules = Rules { compat: true, restricted: false };

    #[test]
    fn paths_are_split_at_both_separators() {
        assert_eq!(COMPAT.split("a/b\\c", false).unwrap(), ["a", "b", "c"]);
        assert_eq!(COMPAT.split("\\a", true).unwrap(), ["a"]);
        assert_eq!(COMPAT.split("\\", true).unwrap(), Vec::<&str>::new());
        for (path, root) in
            [("", true), ("\\a", false), ("a//b", true), ("a/", true), ("a/../b", true), (".", true)]
        {
            assert_eq!(COMPAT.split(path, root).unwrap_err().hresult(), 0xC0AA_B110, "{path}");
        }
        let native = Rules { compat: false, restricted: false };
        assert_eq!(native.split("a\\b/c:d", true).unwrap(), ["a\\b", "c:d"]);
    }

    #[test]
    fn names_keep_to_the_windows_rules() {
        for bad in ["", ".", "..", "a:b", "a|b", "a\u{1f}", "a.", "a ", "q?", "x*", "<", ">", "\""] {
            assert!(!COMPAT.is_name(bad.as_bytes()), "{bad}");
        }
        assert!(!COMPAT.is_name(b"a\xFF"));
        assert!(COMPAT.is_name("é".repeat(255).as_bytes()) && !COMPAT.is_name("é".repeat(256).as_bytes()));
        assert!(!COMPAT.is_name("😀".repeat(128).as_bytes()));
        let restricted = Rules { compat: true, restricted: true };
        assert!(restricted.is_in_set(b" ~\x7f") && !restricted.is_in_set("é".as_bytes()));
    }
}

//! Every package in the dependency graph has a licence that `deny.toml` allows.

use cargo_metadata::Metadata;

use crate::finding::Finding;

/// The strings of `allow = [...]` in the `[licenses]` table of a `deny.toml`.
fn allowed(deny: &str) -> Vec<String> {
    let Some((_, table)) = deny.split_once("[licenses]") else { return Vec::new() };
    let Some((_, list)) = table.split_once("allow = [") else { return Vec::new() };
    let list = list.split(']').next().unwrap_or_default();
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(|line| line.split(','))
        .map(|item| item.trim().trim_matches('"').to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// Whether an SPDX expression can be met with `allowed` licences alone: AND binds tighter than OR, and the old
/// slash form means OR.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let verdict = either(&words, &mut at, allowed);
    verdict && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut verdict = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        verdict |= both(words, at, allowed);
    }
    verdict
}

fn both(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut verdict = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        verdict &= one(words, at, allowed);
    }
    verdict
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let verdict = either(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return verdict && closed;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH")
        && let Some(exception) = words.get(*at + 1)
    {
        name = format!("{name} WITH {exception}");
        *at += 2;
    }
    allowed.contains(&name)
}

/// Findings for packages whose licence is missing or not allowed.
pub(crate) fn check(metadata: &Metadata, deny: &str) -> Vec<Finding> {
    let allowed = allowed(deny);
    metadata
        .packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(|text| permits(text, &allowed)))
        .map(|package| Finding {
            path: "deny.toml".to_owned(),
            line: 1,
            rule: "licences",
            advice: format!(
                "{} {} is under `{}`, which the allow list does not permit: use another crate",
                package.name,
                package.version,
                package.license.as_deref().unwrap_or("no declared licence")
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let list =
            allowed("[licenses]\nallow = [\n  \"MIT\", # short\n  \"Apache-2.0\",\n  \"Unicode-3.0\",\n]\n");
        assert_eq!(list, ["MIT", "Apache-2.0", "Unicode-3.0"]);
        for good in ["MIT", "MIT OR GPL-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "MIT/Apache-2.0"] {
            assert!(permits(good, &list), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-2.0", "", "Apache-2.0 WITH LLVM-exception", "(MIT"] {
            assert!(!permits(bad, &list), "{bad}");
        }
    }
}

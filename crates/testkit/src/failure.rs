//! The one error of the test equipment.

use std::io;
use std::path::Path;

/// Why a piece of test equipment could not do its work, in words for the person who reads the test's output.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder could not be made or read.
    #[error("{path}: {source}")]
    Io {
        /// What was touched.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and said no, or said something that cannot be understood; with its output.
    #[error("{program}: {what}\n{output}")]
    Program {
        /// The program's name.
        program: String,
        /// How it ended, or what could not be understood.
        what: String,
        /// What it wrote.
        output: String,
    },
    /// The witness is not installed and the environment says that it must be (`CI` is set).
    #[error("{program} is missing (Debian package {package}), and CI is set")]
    Missing {
        /// The program's name.
        program: &'static str,
        /// Where to find it.
        package: &'static str,
    },
}

/// Result of a piece of test equipment.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// For `map_err`: names the path an I/O error belongs to.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.display().to_string(), source }
    }

    pub(crate) fn program(program: &str, what: impl Into<String>, output: &[u8]) -> Self {
        Self::Program {
            program: program.to_owned(),
            what: what.into(),
            output: String::from_utf8_lossy(output).into_owned(),
        }
    }
}

//! One file per subcommand.

pub(crate) mod append;
pub(crate) mod build;
pub(crate) mod burn;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod disc;
pub(crate) mod drives;
pub(crate) mod erase;
pub(crate) mod extract;
pub(crate) mod imaging;
pub(crate) mod info;
pub(crate) mod list;
pub(crate) mod next_session;
pub(crate) mod picture;
pub(crate) mod report;

//! Test equipment: trees to make images of, manifests to compare them by, damage to harden readers with, and other
//! people's programs as witnesses.
//!
//! Nothing here knows Glassmaster's own formats or crates: what a test holds against an image must come from
//! outside. Everything is deterministic; "random" means a seed.
//!
//! - [`tree`]: folders full of what file systems find hard.
//! - [`manifest`]: what a folder holds, from the host or from a mounted image, and how two of them differ.
//! - [`damage`]: seeded damage to images.
//! - [`scratch`]: folders to work in.
//! - [`witness`]: 7-Zip, xorriso, isoinfo, pycdlib, UDF tools, burning programs, and the Linux kernel itself (User
//!   Mode Linux: no root, no virtual machine). A test skips what is not installed; with `CI` set it fails instead.
#![cfg(unix)]

pub mod damage;
pub mod failure;
pub mod manifest;
pub mod random;
pub mod scratch;
pub mod tree;
pub mod witness;

pub use failure::{Failure, Result};
pub use manifest::Manifest;
pub use random::Random;

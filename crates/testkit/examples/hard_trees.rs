//! Plants every hard tree below the folder named on the command line, to look at by hand.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args_os().nth(1).ok_or("usage: hard_trees FOLDER")?;
    Ok(glassmaster_testkit::tree::everything(root.as_ref())?)
}

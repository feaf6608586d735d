//! `inview`: the candidate's agent.

use std::process::ExitCode;

use clap::Parser as _;
use inview::agent::{args::Args, headless, links, start};
use inview::logging;

fn main() -> ExitCode {
    let args = Args::parse();
    logging::init();
    if args.list_cameras {
        return start::list_cameras();
    }
    if args.register_links || args.unregister_links {
        return links::run(&args);
    }
    if args.headless { headless::run(&args) } else { window(&args) }
}

#[cfg(feature = "gui")]
fn window(args: &Args) -> ExitCode {
    inview::ui::run(args)
}

#[cfg(not(feature = "gui"))]
fn window(_: &Args) -> ExitCode {
    use std::io::Write as _;
    let message = "inview: this program was built without its window (feature gui): use --headless";
    writeln!(std::io::stderr(), "{message}").ok();
    ExitCode::from(2)
}

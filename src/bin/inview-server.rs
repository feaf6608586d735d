//! `inview-server`: the reference proctoring backend.

use std::process::ExitCode;

use clap::Parser as _;
use inview::logging;
use inview::server::command::{self, args::Args};

/// Reports are read on one thread and freed on another: that is what it is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    logging::init_as(args.log_format);
    command::run(&args)
}

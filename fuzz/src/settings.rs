//! The server's settings.

use std::cell::RefCell;
use std::path::Path;

use clap::Parser as _;
use inview::server::command::args::Args;
use inview::server::operation::settings::{Settings, Transport};
use inview::server::store::Retention;

use super::files::with_file;

/// The server's settings file: what cannot be used is said in one line, and what can be is safe.
pub fn settings(bytes: &[u8]) {
    with_file(bytes, |path| {
        thread_local! {
            static ARGS: RefCell<Option<Args>> = const { RefCell::new(None) };
        }
        ARGS.with_borrow_mut(|args| may_be_set(args.get_or_insert_with(|| args_for(path))));
    });
}

/// The path is the same in each run.
fn args_for(path: &Path) -> Args {
    let path = path.to_str().unwrap();
    Args::try_parse_from(["inview-server", "--config", path, "--data", "/d"]).unwrap()
}

fn may_be_set(args: &Args) {
    match Settings::new(args) {
        Ok(found) => {
            let is_open = found.transport == Transport::Plain && !found.listen.ip().is_loopback();
            assert!(!is_open || !found.trusted_proxies.is_empty());
            let Retention { sessions, audit } = found.retention;
            assert!([sessions, audit].into_iter().flatten().all(|kept| kept.as_hours() >= 24));
        }
        Err(reason) => {
            let reason = format!("{reason:#}");
            assert!(!reason.contains('\n'), "{reason}");
        }
    }
}

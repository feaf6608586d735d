//! Words and figures for the templates.

mod administration;
mod commands;
mod evidence;
mod figures;
mod standing;

use crate::words::Language;

pub(in crate::server) use crate::server::pages::texture::{Texture, is_patterned, texture};
pub(in crate::server) use crate::server::words::problem;
pub(in crate::server) use administration::{answered, deed, role, webhook_type};
pub(in crate::server) use commands::{
    asked, came_of, class_of_state, command, refused, said, state,
};
pub(in crate::server) use evidence::{disagreement, forked, noticed, wrong};
pub(in crate::server) use figures::{
    at, between, clock, decimal, length, list, millis, number, planned_end, second, short, span,
    when,
};
pub(in crate::server) use standing::{
    class_of_status, each_trouble, ended_by, kind, phase, seat, seen, status, strain, troubles,
    verdict,
};

/// What a language calls itself; one that we do not know as it is.
pub(in crate::server) fn own_name(tag: &str) -> &str {
    match Language::of_tag(tag) {
        Some(known) => known.own_name(),
        None => tag,
    }
}
